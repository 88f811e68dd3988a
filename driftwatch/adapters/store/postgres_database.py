"""Transactions on PostgreSQL: one writer at a time as in SQLite, fenced by the leader's epoch, and never in doubt."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from secrets import token_hex
from threading import Event

from sqlalchemy import URL, Connection, RootTransaction, text
from sqlalchemy.exc import DBAPIError

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.store import location, postgres, schema
from driftwatch.adapters.store.database import Database, Made, write_and_take_back
from driftwatch.adapters.store.errors import PassingStoreError, store_error, translated

# Every writing transaction holds this lock until its end. Stores in two schemas of one database have their own.
TAKE_TURN = text("SELECT pg_advisory_xact_lock(1685219686, hashtext(current_schema()))")

# A statement of its own, for it must see what was committed while the one before waited.
_ENTER = text("""
WITH outlived AS (DELETE FROM receipt WHERE at < clock_timestamp() - interval '1 hour'),
     mine AS (INSERT INTO receipt (token, at) VALUES (:token, clock_timestamp()))
SELECT (SELECT max(version_num) FROM alembic_version) AS version,
       (SELECT epoch FROM lease WHERE name = 'leader') AS epoch
""")
_RECEIPT = text("SELECT count(*) FROM receipt WHERE token = :token")

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Who writes: the leader of this epoch, and nobody once there is a later one."""

    epoch: int


class PostgresDatabase(Database):
    """A PostgreSQL database.

    `writing` leaves a receipt in its own transaction: when the connection is lost in the middle of a commit, the
    receipt says whether it was taken. A transaction that was not is made again by `patiently`, for as long as `wait`.
    """

    def __init__(self, place: URL, *, wait: timedelta, name: str = "driftwatch") -> None:
        super().__init__(location.shown(place), postgres.engine(place, wait=wait, name=name))
        self._wait_s = wait.total_seconds()
        self._closed = Event()
        self._clock = SystemClock()
        self.fence: Fence | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in a transaction that only reads, and sees one moment."""
        with translated(self.name), self._engine.connect() as opened:
            # Not read-only as well: given back, the connection would say READ WRITE to a database that is read-only.
            connection = opened.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in the one transaction that writes; whoever was deposed is refused."""
        token = token_hex(16)
        with translated(self.name), self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                connection.execute(TAKE_TURN)
                self._enter(connection, token)
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            self._commit(transaction, token)

    def touch(self, room: int = 0) -> None:
        """Commit a write that changes nothing but for its receipt, once so many bytes were written and taken back."""
        with self.writing() as connection:
            if room:
                write_and_take_back(connection, room)

    def patiently(self, work: Callable[[], Made]) -> Made:
        """Do what is one transaction, again and again while only the connection or another writer is in its way."""
        until, pause_s, chance = self._clock.monotonic() + self._wait_s, _FIRST_PAUSE_S, Random()  # noqa: S311
        while True:
            try:
                return work()
            except PassingStoreError as error:
                if error.slug == "store-unreachable":
                    self.missed_at = self._clock.monotonic()
                if self._clock.monotonic() + pause_s > until or self._closed.wait(pause_s * chance.uniform(0.5, 1.0)):
                    raise
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def close(self) -> None:
        """Close all connections, and wake whoever waits for the database to come back."""
        self._closed.set()
        super().close()

    def _enter(self, connection: Connection, token: str) -> None:
        row = connection.execute(_ENTER, {"token": token}).one()
        if row.version is not None and row.version > schema.HEAD:
            raise schema.newer(self.name, row.version)
        if self.fence is not None and self.fence.epoch != row.epoch:
            raise store_error(
                f"{self.name}: another node leads (epoch {row.epoch}, not {self.fence.epoch}); nothing was written.",
                "This node stands by from here on; nothing needs to be done.",
                "store-deposed",
            )

    def _commit(self, transaction: RootTransaction, token: str) -> None:
        try:
            transaction.commit()
        except DBAPIError as error:
            if not postgres.is_gone(error) or not self.patiently(lambda: self._arrived(token)):
                raise

    def _arrived(self, token: str) -> bool:
        with translated(self.name), self._engine.connect() as connection, connection.begin():
            # A commit that still runs on the server holds it until it has ended.
            connection.execute(TAKE_TURN)
            return bool(connection.scalar(_RECEIPT, {"token": token}))
