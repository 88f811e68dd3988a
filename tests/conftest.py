"""What all tests share."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, shared by all tests of this process; those that crash it take one of their own."""
    yield from server_or_skip()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of an empty database."""
    return postgres.url(postgres.new_database())


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database that `tests.stores.STORES` lays stores into; see `BACKENDS`."""
    with STORES.on(request.getfixturevalue("postgres") if request.param == "postgres" else None):
        yield request.param


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=200, help="How often the crash harness kills (tests/faults).")
