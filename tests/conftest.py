"""What all tests share."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=200, help="How often the crash harness kills (tests/faults).")
