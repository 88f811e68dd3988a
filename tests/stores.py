"""Which database the stores of tests lie in: SQLite's files, or a real PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.postgres import MissingServerError, PostgresServer, postgres_server

BACKENDS = ("sqlite", "postgres")


class Stores:
    """Gives every folder its store: a file in it, or a schema that belongs to it."""

    def __init__(self) -> None:
        self.server: PostgresServer | None = None
        self.running: PostgresServer | None = None
        self._urls: dict[Path, str] = {}

    def url(self, folder: Path) -> str:
        """Return the address of the folder's store; the same folder has the same store."""
        if self.server is None:
            return f"sqlite:///{folder}/driftwatch.db"
        if folder not in self._urls:
            self._urls[folder] = self.server.new_schema()
        return self._urls[folder]

    def lay_into(self, backend: str) -> None:
        """Lay stores into this one of `BACKENDS` from here on."""
        self.server = self.running if backend == "postgres" else None

    @contextmanager
    def on(self, server: PostgresServer | None) -> Iterator[None]:
        """Lay stores into this server, None for files."""
        self.server = server
        try:
            yield
        finally:
            self._urls.clear()
            self.server = None


STORES = Stores()


def server_or_skip() -> Iterator[PostgresServer]:
    """Run a server; where there is none CI fails, for a suite that skips itself proves nothing, and people skip."""
    try:
        with postgres_server() as server:
            yield server
    except MissingServerError as error:
        if os.environ.get("CI"):
            pytest.fail(f"{error}. CI must not skip PostgreSQL.")
        pytest.skip(str(error))
