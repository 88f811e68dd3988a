"""Transactions on the store's database, and the few rows that everything hangs on."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from secrets import token_bytes
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Insert, Table, select
from sqlalchemy.dialects.sqlite import insert

from driftwatch.adapters.store import sqlite
from driftwatch.adapters.store.errors import translated
from driftwatch.adapters.store.tables import ENDPOINT, TEXT
from driftwatch.adapters.store.types import json_text

Made = TypeVar("Made")


class Database:
    """One database: `reading` sees one moment, `writing` is whole or nothing and waits for its turn."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self._engine = engine
        self.missed_at: float | None = None
        """When, by the monotonic clock, the database was last found to be gone."""

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

    def touch(self, room: int = 0) -> None:
        """Commit a write that changes nothing, once so many bytes were written and taken back."""
        with self.writing() as connection:
            if room:
                with sqlite.unbuffered(connection):
                    write_and_take_back(connection, room)
            sqlite.touch(connection)

    def patiently(self, work: Callable[[], Made]) -> Made:
        """Do what is one transaction; a database that can be lost for a while does it again."""
        return work()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def write_and_take_back(connection: Connection, room: int) -> None:
    """Write an answer of so many bytes as a replay does, and undo it within the transaction."""
    # By chance: what can be compressed shows no room.
    body = token_bytes(room)
    written = connection.begin_nested()
    connection.execute(TEXT.insert().values(digest=sha256(body).digest(), size=room, body=body))
    written.rollback()


def endpoint_id(connection: Connection, name: str) -> int | None:
    """Return the row number of an endpoint, if it has history."""
    found: int | None = connection.scalar(select(ENDPOINT.c.id).where(ENDPOINT.c.name == name))
    return found


def enrolled(connection: Connection, name: str) -> int:
    """Return the row number of an endpoint, locked until the transaction ends; made where there is none."""
    query = select(ENDPOINT.c.id).where(ENDPOINT.c.name == name).with_for_update()
    if connection.scalar(query) is None:
        rows = [{"name": name, "epoch": 1, "last_seq": 0, "decided_seq": 0}]
        insert_or_keep(connection, ENDPOINT, rows)
    return int(connection.execute(query).scalar_one())


def insert_or_keep(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows; one whose unique key is there already stays as it is."""
    if listed := list(rows):
        connection.execute(_inserting(connection.dialect.name, table), listed)


def _inserting(dialect: str, table: Table) -> Insert:
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).on_conflict_do_nothing()
    return insert(table).on_conflict_do_nothing()


def interned(connection: Connection, table: Table, document: Any) -> int:
    """Return the row number of a JSON document that is stored once."""
    digest = sha256(json_text(document, canonical=True).encode()).digest()
    query = select(table.c.id).where(table.c.digest == digest)
    if (found := connection.scalar(query)) is None:
        insert_or_keep(connection, table, [{"digest": digest, "body": document}])
        found = connection.execute(query).scalar_one()
    return int(found)
