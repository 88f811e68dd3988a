"""The store on an SQLite file or a PostgreSQL database, opened, checked and brought up to date."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import URL

from driftwatch.adapters.store import location, migrate, sqlite
from driftwatch.adapters.store.bursts import Bursts
from driftwatch.adapters.store.database import Database
from driftwatch.adapters.store.decisions import Decisions
from driftwatch.adapters.store.facts import Facts
from driftwatch.adapters.store.glances import Glances
from driftwatch.adapters.store.history import History
from driftwatch.adapters.store.outbox import Outbox
from driftwatch.adapters.store.retention import Retention
from driftwatch.adapters.store.summaries import Summaries
from driftwatch.services.ports import Store

if TYPE_CHECKING:
    from driftwatch.adapters.store.lease import Lease

_PIECEMEAL = frozenset({"replays", "summed"})
"""Many transactions, one after the other: each is patient by itself."""

WAIT = timedelta(seconds=30)
"""How long a writer waits for another one."""


class SqlStore(Facts, History, Summaries, Decisions, Bursts, Outbox, Retention, Glances):
    """Everything driftwatch knows, in one SQL database; every method is one transaction.

    Open it with `open_store`. Methods block and may be called from any thread.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _patient(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method made again when the database was lost in it; what was committed is not done twice."""

    @wraps(method)
    def whole(self: SqlStore, *args: Any, **named: Any) -> Any:
        return self._db.patiently(lambda: method(self, *args, **named))

    return whole


# Every method of a store is one transaction (`ports.Store`), so each can be made again as a whole.
for _name in (Store.__abstractmethods__ | {"prune_answers"}) - _PIECEMEAL:
    setattr(SqlStore, _name, _patient(getattr(SqlStore, _name)))


def open_store(url: str, *, wait: timedelta = WAIT, name: str = "driftwatch") -> SqlStore:
    """Open the store at `url`; made if absent, brought up to this version's schema if older (a file after a backup).

    Parameters
    ----------
    url : str
        ``sqlite:///driftwatch.db`` from here, ``sqlite:////var/lib/driftwatch/driftwatch.db`` from the root,
        ``postgresql://user:password@host/database``.
    wait : timedelta
        How long a write waits for another process's, and anything for a PostgreSQL that is gone.
    name : str
        What a server calls this process's connections.

    Raises
    ------
    StoreError
        If it cannot be used as it is; nothing was changed then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as here, open_store(f"sqlite:///{here}/driftwatch.db") as store:
    ...     store.endpoints()
    ()
    """
    place = location.parse(url)
    migrate.prepare(place, wait=wait)
    return SqlStore(_database(place, wait=wait, name=name))


def open_to_look(url: str, *, wait: timedelta = WAIT, name: str = "driftwatch") -> SqlStore:
    """Open a store whose schema is this version's for somebody who only reads: nothing is made, upgraded or moved."""
    place = location.parse(url)
    if location.is_postgres(place):
        return SqlStore(_database(place, wait=wait, name=name))
    return SqlStore(Database(location.shown(place), sqlite.untouching(place, wait=wait)))


def open_lease(url: str, store: SqlStore, *, name: str) -> "Lease | None":
    """Return this node's part in leading; None for a file, which has one daemon. Until it leads the store is fenced.

    Parameters
    ----------
    name : str
        As the store was opened with.
    """
    place = location.parse(url)
    if not location.is_postgres(place):
        return None
    from driftwatch.adapters.store.lease import Lease
    from driftwatch.adapters.store.postgres_database import PostgresDatabase

    database = store._db  # noqa: SLF001  # of this package
    assert isinstance(database, PostgresDatabase)  # noqa: S101  # for mypy
    return Lease(database, place, name=name)


def _database(place: URL, *, wait: timedelta, name: str) -> Database:
    """Return the database at `place`, whose schema is up to date."""
    if location.is_postgres(place):
        from driftwatch.adapters.store.postgres_database import PostgresDatabase

        return PostgresDatabase(place, wait=wait, name=name)
    return Database(location.shown(place), sqlite.engine(place, wait=wait))
