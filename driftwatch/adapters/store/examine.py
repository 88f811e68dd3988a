"""A store as it lies there, for a person who asks what is odd: looked at, never made, upgraded or locked."""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, func, select, text

from driftwatch.adapters.store import location, schema, sqlite
from driftwatch.adapters.store.errors import store_error, translated
from driftwatch.adapters.store.tables import REPLAY

_WAIT = timedelta(seconds=5)
_MOST_CHECKED_BYTES = 2 * 1024**3
_SERVER = text("SELECT current_setting('server_version'), pg_database_size(current_database()), clock_timestamp()")
_LEASE = text("SELECT holder, extract(epoch FROM clock_timestamp() - renewed_at) FROM lease WHERE name = 'leader'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a store is, and how it stands.

    Parameters
    ----------
    server : str
        Name and version of the database.
    version, head : str
        The schema's, None where there is none yet; and the one that this code needs.
    journal : str
        SQLite's journal mode; empty on a server.
    size_bytes, free_bytes : int
        Of the database with its log, and of its disk; None where a server does not tell.
    damage : sequence of str, optional
        What a quick check found; None if none was made.
    replays : int
        How many are kept, from `oldest` to `newest`.
    holder, held_for_s : str and float, optional
        Who leads or holds the file, and for how long it has not renewed that, in seconds.
    clock : datetime, optional
        The server's.
    """

    server: str
    version: str | None
    head: str = schema.HEAD
    journal: str = ""
    size_bytes: int | None = None
    free_bytes: int | None = None
    damage: Sequence[str] | None = None
    replays: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    holder: str | None = None
    held_for_s: float | None = None
    clock: datetime | None = None


def examine(url: str) -> Examined:
    """Look at the store; nothing is written.

    Raises
    ------
    StoreError
        If it cannot be reached or read.
    """
    place = location.parse(url)
    return _server(place) if location.is_postgres(place) else _file(place)


def refuse_older(url: str) -> None:
    """Raise `StoreError` where opening the store would upgrade it; for whoever promised to write nothing.

    Raises
    ------
    StoreError
        If its schema is older than this code's (slug ``gate-unknown``), or it cannot be read.
    """
    place = location.parse(url)
    if location.is_postgres(place):
        from driftwatch.adapters.store import migrate_postgres

        with migrate_postgres.connected(place, _WAIT) as connection:
            version = schema.version_of(connection, location.shown(place))
    else:
        engine = sqlite.engine(place, wait=_WAIT)
        try:
            with translated(str(place.database)), engine.connect() as connection:
                version = schema.version_of(connection, str(place.database))
        finally:
            engine.dispose()
    if version is None or version < schema.HEAD:
        met = f"{location.shown(place)} has schema {version or 'none'}, this driftwatch needs {schema.HEAD}."
        way_on = (
            "It is upgraded where its daemon runs (`driftwatch db upgrade`); ask with that daemon's version till then."
        )
        raise store_error(met, way_on, "gate-unknown")


def _file(place: URL) -> Examined:
    path = Path(str(place.database))
    engine = sqlite.untouching(place, wait=_WAIT)
    try:
        with translated(str(path)), engine.connect() as connection:
            version = schema.version_of(connection, path.name)
            count, oldest, newest = _replays(connection, version)
            size = sum(one.stat().st_size for one in _parts(path))
            return Examined(
                server=f"SQLite {sqlite3.sqlite_version}",
                version=version,
                journal=str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()),
                size_bytes=size,
                free_bytes=shutil.disk_usage(path.parent).free,
                damage=sqlite.damage(connection, thorough=False) if size <= _MOST_CHECKED_BYTES else None,
                replays=count,
                oldest=oldest,
                newest=newest,
                holder=lock_holder(path),
            )
    finally:
        engine.dispose()


def _parts(path: Path) -> list[Path]:
    return [one for end in ("", "-wal", "-shm") if (one := path.with_name(path.name + end)).exists()]


def _server(place: URL) -> Examined:
    from driftwatch.adapters.store import migrate_postgres

    with migrate_postgres.connected(place, _WAIT) as connection:
        version = schema.version_of(connection, location.shown(place))
        server, size, clock = connection.execute(_SERVER).one()
        count, oldest, newest = _replays(connection, version)
        lease = connection.execute(_LEASE).one_or_none() if version == schema.HEAD else None
        return Examined(
            server=f"PostgreSQL {server.split()[0]}",
            version=version,
            size_bytes=size,
            replays=count,
            oldest=oldest,
            newest=newest,
            holder=lease[0] if lease else None,
            held_for_s=float(lease[1]) if lease else None,
            clock=clock,
        )


def _replays(connection: Connection, version: str | None) -> tuple[int, datetime | None, datetime | None]:
    if version != schema.HEAD:
        return 0, None, None
    asked = select(func.count(), func.min(REPLAY.c.due), func.max(REPLAY.c.due)).select_from(REPLAY)
    count, oldest, newest = connection.execute(asked).one()
    return count, oldest, newest


def lock_holder(path: Path) -> str | None:
    """Return the process that holds a file's lock; None if none does. The lock is not tried: that might refuse a start.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from driftwatch.adapters.store.lock import StoreLock
    >>> with TemporaryDirectory() as here:
    ...     file = Path(here, "driftwatch.db")
    ...     with StoreLock(f"sqlite:///{file}"):
    ...         held = lock_holder(file)
    ...     held == str(os.getpid()), lock_holder(file)
    (True, None)
    """
    lock = path.resolve().with_name(path.resolve().name + ".lock")
    try:
        told, number = lock.read_text("ascii", "replace").strip(), lock.stat().st_ino
    except OSError:
        return None
    held: str | None = None
    try:
        rows = Path("/proc/locks").read_text().splitlines()
        # 1: FLOCK ADVISORY WRITE 4711 fd:01:123456 0 EOF
        held = told if any(row.split()[5].rpartition(":")[2] == str(number) for row in rows) else None
    except (OSError, IndexError):
        # No such file elsewhere: whether the process lives is the next best.
        with suppress(OSError, ValueError):
            os.kill(int(told), 0)
            held = told
    return held
