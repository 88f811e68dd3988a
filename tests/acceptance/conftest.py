"""The acceptance suites run twice: their stores lie in files, then in a real PostgreSQL."""

import pytest

from tests.stores import BACKENDS

WORLDS = ("SmallWorld", "JudgedWorld")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every test of a module that makes small worlds each database in turn."""
    if any(name in vars(metafunc.module) for name in WORLDS):
        metafunc.fixturenames.insert(0, "backend")
        metafunc.parametrize("backend", BACKENDS, indirect=True, scope="session")
