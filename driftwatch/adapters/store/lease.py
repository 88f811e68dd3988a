"""Who leads: a session's advisory lock, which goes with its process, and a lease, whose epoch fences whoever froze.

The lock alone would be kept for ever by a leader that hangs; the lease alone would take its time after a kill. All
times are the database's. What a node may write is decided in `PostgresDatabase.writing`, by the epoch.
"""

import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from secrets import randbelow, token_hex
from typing import Any

from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from driftwatch.adapters.store import location, postgres
from driftwatch.adapters.store.errors import store_error, translated
from driftwatch.adapters.store.postgres_database import TAKE_TURN, Fence, PostgresDatabase

STALE = timedelta(seconds=10)
"""A leader that has not renewed its lease for so long is taken for dead."""

_LEADING = "1685219687, hashtext(current_schema())"
_TRY = text(f"SELECT pg_try_advisory_lock({_LEADING})")
_LET_GO = text(f"SELECT pg_advisory_unlock({_LEADING})")
_LEASE = text("SELECT holder, epoch FROM lease WHERE name = 'leader'")
# A replica that takes over writes another timeline; what was committed last may be missing there.
_TIMELINE = text("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)")
_MOVED = """
failed_over_at = CASE WHEN lease.timeline <> CAST(:timeline AS varchar) THEN clock_timestamp()
                      ELSE lease.failed_over_at END,
timeline = coalesce(CAST(:timeline AS varchar), lease.timeline)
"""
_TAKE = text(f"""
INSERT INTO lease (name, holder, epoch, renewed_at, timeline)
VALUES ('leader', :me, 1, clock_timestamp(), CAST(:timeline AS varchar))
ON CONFLICT (name) DO UPDATE
SET holder = :me, epoch = lease.epoch + 1, renewed_at = clock_timestamp(), {_MOVED}
RETURNING epoch, failed_over_at
""")  # noqa: S608  # nothing but our own text
_RENEW = text(f"""
UPDATE lease SET renewed_at = clock_timestamp(), {_MOVED} WHERE name = 'leader' AND holder = :me AND epoch = :epoch
""")  # noqa: S608
# The holder's other sessions as well: one of them may hold the writers' lock.
_DEPOSE = text("""
SELECT lease.holder, (
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = lease.holder AND pid <> pg_backend_pid()
) FROM lease WHERE name = 'leader' AND clock_timestamp() - renewed_at > :stale
""")
_PID = text("SELECT pg_backend_pid()")
_LOCK = text("SELECT pg_advisory_lock(1685219688, :key), pg_backend_pid()")
_UNLOCK = text("SELECT pg_advisory_unlock(1685219688, :key)")


def node_name() -> str:
    """Return a name that no other process has; `pg_stat_activity` shows it."""
    # PostgreSQL keeps 63 bytes of an application's name, and ASCII only.
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:24]
    return f"driftwatch {host} {os.getpid()} {token_hex(4)}"


def refuse_pooler(engine: Engine, shown: str) -> None:
    """Raise `StoreError` if a pooler in transaction mode stands in front.

    It gives the session of one client to the next one as soon as it is idle, with the locks that it holds.
    """
    key = randbelow(2**31)
    with engine.connect() as first, engine.connect() as second:
        pid = first.execute(_LOCK, {"key": key}).one()[1]
        second.exec_driver_sql("BEGIN")
        shared = second.scalar(_PID) == pid or first.scalar(_PID) != pid
        second.exec_driver_sql("ROLLBACK")
        kept = first.scalar(_UNLOCK, {"key": key})
    if shared or not kept:
        met, way_on = postgres.WAY_ON["store-pooler"]
        raise store_error(f"{shown}: {met}.", way_on, "store-pooler")


class Lease:
    """One node's part in leading; it blocks, and is for one thread at a time.

    Parameters
    ----------
    database : PostgresDatabase
        What this node writes with; it is fenced while this node does not lead.
    name : str
        The node's, as its connections say it.

    Attributes
    ----------
    failed_over_at : datetime or None
        When the server last turned out to be another one that had been its replica, as this node began to lead.
    """

    def __init__(self, database: PostgresDatabase, place: URL, *, name: str, stale: timedelta = STALE) -> None:
        self.name, self.epoch, self.stale = name, 0, stale
        self.failed_over_at: datetime | None = None
        self._database, self._shown = database, location.shown(place)
        # A node that does not lead writes nothing, not even before there ever was a leader.
        database.fence = Fence(epoch=0)
        self._engine = _autocommitting(place, name)
        self._session: Connection | None = None
        self._held = False

    def refuse_pooler(self) -> None:
        """Raise `StoreError` if a session's lock does not stay with its session."""
        with translated(self._shown):
            refuse_pooler(self._engine, self._shown)

    def try_to_lead(self) -> bool:
        """Lead if nobody does; whoever leads and does not move is deposed for the next try.

        Raises
        ------
        StoreError
            If the database cannot be reached, or not be written.
        """
        with self._speaking() as session:
            if not session.scalar(_TRY):
                session.execute(_DEPOSE, {"stale": self.stale})
                return False
            # With the writers' lock, so that nobody is in the middle of writing: from here on older epochs do not.
            timeline = _timeline(session)
            session.exec_driver_sql("BEGIN")
            session.execute(TAKE_TURN)
            taken = session.execute(_TAKE, {"me": self.name, "timeline": timeline}).one()
            session.exec_driver_sql("COMMIT")
            self.epoch, self.failed_over_at = int(taken.epoch), taken.failed_over_at
            self._database.fence, self._held = Fence(epoch=self.epoch), True
            return True

    def renew(self) -> bool | None:
        """Say that this node is alive.

        Returns
        -------
        bool or None
            Whether this node leads; None while that is not known: its session was lost, and its lock is not free again.

        Raises
        ------
        StoreError
            If the database cannot be reached.
        """
        with self._speaking() as session:
            if not self._held and not session.scalar(_TRY):
                session.execute(_DEPOSE, {"stale": self.stale})
                return None if self._is_ours(session.execute(_LEASE).one_or_none()) else False
            # Only a session that was made anew can have met another server.
            timeline = None if self._held else _timeline(session)
            self._held = True
            ours = {"me": self.name, "epoch": self.epoch, "timeline": timeline}
            return bool(session.execute(_RENEW, ours).rowcount)

    def leads(self) -> bool:
        """Whether this node leads at this moment, by the database."""
        with self._database.reading() as connection:
            return self._is_ours(connection.execute(_LEASE).one_or_none())

    def release(self) -> None:
        """Let another node lead at once."""
        with suppress(SQLAlchemyError):
            if self._session is not None:
                self._session.execute(_LET_GO)
        self._hang_up()
        self._engine.dispose()

    def _is_ours(self, row: Sequence[Any] | None) -> bool:
        return row is not None and tuple(row) == (self.name, self.epoch)

    @contextmanager
    def _speaking(self) -> Iterator[Connection]:
        """Give the session that the lock belongs to; after trouble it is a new one, without the lock."""
        with translated(self._shown):
            try:
                if self._session is None:
                    self._session = self._engine.connect()
                yield self._session
            except BaseException:
                self._hang_up()
                raise

    def _hang_up(self) -> None:
        session, self._session, self._held = self._session, None, False
        if session is not None:
            # What cannot be closed in order is gone already.
            with suppress(SQLAlchemyError):
                session.invalidate()
            with suppress(SQLAlchemyError):
                session.close()


def _timeline(session: Connection) -> str | None:
    """Return the server's timeline; None where that is not told, as some hosted servers do."""
    try:
        return str(session.scalar(_TIMELINE))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return None


def find_pooler(place: URL) -> None:
    """Raise `StoreError` if several nodes could not agree on a leader through this address."""
    engine = _autocommitting(place, "driftwatch check")
    try:
        with translated(location.shown(place)):
            refuse_pooler(engine, location.shown(place))
    finally:
        engine.dispose()


def _autocommitting(place: URL, name: str) -> Engine:
    engine = postgres.engine(place, wait=timedelta(seconds=5), pooled=False, name=name)
    return engine.execution_options(isolation_level="AUTOCOMMIT")
