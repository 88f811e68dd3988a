"""What all tests share."""

import os
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings
from structlog._config import BoundLoggerLazyProxy

from tests.postgres import PostgresServer
from tests.stores import STORES, server_or_skip

# CI judges a commit, so it must judge the same commit alike; people's machines go on searching.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("people", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "people")


@pytest.fixture(autouse=True)
def stores_are_closed() -> Iterator[None]:
    """Close the stores of small worlds: from Python 3.13 on, one left open is a warning, and warnings are errors."""
    yield
    if world := sys.modules.get("tests.acceptance.world"):
        # All of them, each time: a closed store opens again for the next test of a module that shares it.
        for store in world.OPENED:
            store.close()


@pytest.fixture(autouse=True)
def logs_are_as_they_were() -> Iterator[None]:
    """Forget how a test set the logs up: a logger kept from it would write to that test's closed stderr, or be deaf."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        for module in [module for name, module in sys.modules.items() if name.startswith("driftwatch.")]:
            if isinstance(log := getattr(module, "log", None), BoundLoggerLazyProxy):
                # What `cache_logger_on_first_use` keeps stands on the logger itself.
                vars(log).pop("bind", None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, shared by all tests of this process; those that crash it take one of their own."""
    yield from server_or_skip()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of an empty database."""
    return postgres.url(postgres.new_database())


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    """The database that `tests.stores.STORES` lays stores into; see `BACKENDS`."""
    if request.param == "postgres":
        STORES.running = request.getfixturevalue("postgres")
    STORES.lay_into(request.param)
    return request.param


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Lay the stores of a test into the database it was given; a session's fixture outlives the tests that asked for it."""
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    STORES.lay_into(params.get("backend", "sqlite"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-store", action="store_true", help="Run tests/acceptance in PostgreSQL too, as CI does.")
    parser.addoption("--kills", type=int, default=200, help="How often the crash harness kills (tests/faults).")
