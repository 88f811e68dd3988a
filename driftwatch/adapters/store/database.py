"""Transactions on the store's database, and the few rows that everything hangs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import URL, Connection, Table, select

from driftwatch.adapters.store import sqlite
from driftwatch.adapters.store.errors import translated
from driftwatch.adapters.store.tables import ENDPOINT
from driftwatch.adapters.store.types import json_text


class Database:
    """One database: `reading` sees one moment, `writing` is whole or nothing and waits for its turn."""

    def __init__(self, url: URL, *, wait: timedelta) -> None:
        self.name = url.database or url.render_as_string(hide_password=True)
        self._engine = sqlite.engine(url, wait=wait)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in a transaction that only reads."""
        with translated(self.name), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that holds the write lock from its first moment."""
        with translated(self.name), self._engine.connect() as opened:
            connection = opened.execution_options(**{sqlite.WRITES: True})
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def endpoint_id(connection: Connection, name: str) -> int | None:
    """Return the row number of an endpoint, if it has history."""
    found: int | None = connection.scalar(select(ENDPOINT.c.id).where(ENDPOINT.c.name == name))
    return found


def enrolled(connection: Connection, name: str) -> int:
    """Return the row number of an endpoint, locked until the transaction ends; made where there is none."""
    query = select(ENDPOINT.c.id).where(ENDPOINT.c.name == name).with_for_update()
    if connection.scalar(query) is None:
        rows = [{"name": name, "epoch": 1, "last_seq": 0, "decided_seq": 0}]
        sqlite.insert_or_keep(connection, ENDPOINT, rows)
    return int(connection.execute(query).scalar_one())


def interned(connection: Connection, table: Table, document: Any) -> int:
    """Return the row number of a JSON document that is stored once."""
    digest = sha256(json_text(document, canonical=True).encode()).digest()
    query = select(table.c.id).where(table.c.digest == digest)
    if (found := connection.scalar(query)) is None:
        sqlite.insert_or_keep(connection, table, [{"digest": digest, "body": document}])
        found = connection.execute(query).scalar_one()
    return int(found)
