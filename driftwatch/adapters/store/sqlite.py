"""All that is SQLite's own: opening, pragmas, transactions, error codes, backup.

WAL lets reports read while the daemon writes. ``synchronous=FULL`` on every commit: in WAL mode
NORMAL may lose the last commits when the power fails, and ours are answers that were paid for or a
promise to page; a replay commits three times, so the extra flushes do not show.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event

WRITES = "driftwatch_writes"
"""Execution option of a connection whose next transaction takes the write lock at once."""

_MAGIC = b"SQLite format 3\0"

_SLUGS = {
    sqlite3.SQLITE_BUSY: "store-locked",
    sqlite3.SQLITE_LOCKED: "store-locked",
    sqlite3.SQLITE_FULL: "store-disk-full",
    sqlite3.SQLITE_READONLY: "store-read-only",
    sqlite3.SQLITE_PERM: "store-read-only",
    sqlite3.SQLITE_CANTOPEN: "store-path",
    sqlite3.SQLITE_AUTH: "store-path",
    sqlite3.SQLITE_NOTADB: "store-not-a-database",
    sqlite3.SQLITE_CORRUPT: "store-corrupt",
    sqlite3.SQLITE_IOERR: "store-io",
}


def slug(error: BaseException | None) -> str | None:
    """Return our name for the driver's error; None for one we have none for."""
    # The low byte is the primary code; the rest says more than we need.
    return _SLUGS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)


def engine(url: URL, *, wait: timedelta, foreign_keys: bool = True, read_only: bool = False) -> Engine:
    """Return an engine on a database file; writers wait for each other for at most `wait`."""
    given: dict[str, Any] = {"connect_args": {"timeout": wait.total_seconds()}}
    if read_only:
        name = f"file:{quote(str(url.database))}?mode=ro"
        given = {"creator": lambda: sqlite3.connect(name, uri=True, timeout=wait.total_seconds())}
    made = create_engine(url, max_overflow=-1, **given)

    def on_connect(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN is deferred: it fails with "locked" on its first write. We say BEGIN ourselves.
        connection.isolation_level = None
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cell_size_check = ON")

    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(made, "connect", on_connect)
    event.listen(made, "begin", on_begin)
    return made


def untouching(url: URL, *, wait: timedelta) -> Engine:
    """Return an engine for whoever only looks: a file and its log stay as they are."""
    path = Path(str(url.database)).resolve()
    # Who writes and closes last moves the log into the file, and of a damaged store both are to be kept as they are.
    # Where there is no log, whoever only reads would leave an empty one of their own.
    return engine(url, wait=wait, read_only=path.with_name(f"{path.name}-wal").exists())


def is_database(path: Path) -> bool:
    """Whether the file begins as an SQLite database does, or is empty or absent, which becomes one."""
    if not path.exists():
        return True
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) in (_MAGIC, b"")


def touch(connection: Connection) -> None:
    """Write the file's first page as it is; an UPDATE to the same value would write nothing."""
    number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    connection.exec_driver_sql(f"PRAGMA user_version = {int(number)}")


@contextmanager
def unbuffered(connection: Connection) -> Iterator[None]:
    """Let what is written reach the log before its commit, all but the last pages of it."""
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql("PRAGMA cache_size = 10")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = {int(before)}")


def use_wal(connection: Connection) -> None:
    """Switch the file to write-ahead logging; it stays so. Another opener that is at it right now will do."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if slug(error) != "store-locked":
            raise


def damage(connection: Connection, *, thorough: bool) -> tuple[str, ...]:
    """Return what SQLite finds wrong with the file; nothing for a sound one."""
    pragma = "integrity_check(20)" if thorough else "quick_check(1)"
    found = [row[0] for row in connection.exec_driver_sql(f"PRAGMA {pragma}") if row[0] != "ok"]
    if thorough:
        found += [
            f"a row of {child} points to nothing in {parent}"
            for child, _, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
    return tuple(found)


def back_up(connection: Connection, target: Path) -> None:
    """Write a compact, consistent copy to `target`; a copy cut short never carries that name."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    driver: Any = connection.connection.driver_connection
    driver.execute("VACUUM INTO ?", (str(partial),))
    partial.replace(target)
