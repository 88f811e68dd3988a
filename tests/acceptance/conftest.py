"""The acceptance suites run in files; in CI, and with ``--every-store``, in a real PostgreSQL as well."""

import os

import pytest

from tests.stores import BACKENDS

WORLDS = ("SmallWorld", "JudgedWorld")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every test of a module that makes small worlds each database in turn; that takes ten minutes more."""
    if any(name in vars(metafunc.module) for name in WORLDS):
        metafunc.fixturenames.insert(0, "backend")
        every = os.environ.get("CI") or metafunc.config.getoption("--every-store")
        metafunc.parametrize("backend", BACKENDS if every else BACKENDS[:1], indirect=True, scope="session")
