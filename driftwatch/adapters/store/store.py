"""The store on one SQLite file, opened, checked and brought up to date."""

from datetime import timedelta
from types import TracebackType
from typing import Self

from driftwatch.adapters.store import location, migrate
from driftwatch.adapters.store.bursts import Bursts
from driftwatch.adapters.store.database import Database
from driftwatch.adapters.store.decisions import Decisions
from driftwatch.adapters.store.facts import Facts
from driftwatch.adapters.store.history import History
from driftwatch.adapters.store.outbox import Outbox
from driftwatch.adapters.store.retention import Retention

WAIT = timedelta(seconds=30)
"""How long a writer waits for another one."""


class SqlStore(Facts, History, Decisions, Bursts, Outbox, Retention):
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


def open_store(url: str, *, wait: timedelta = WAIT) -> SqlStore:
    """Open the store at `url`; made if absent, brought up to this version's schema (after a backup) if older.

    Parameters
    ----------
    url : str
        ``sqlite:///driftwatch.db`` from here, ``sqlite:////var/lib/driftwatch/driftwatch.db`` from the root.
    wait : timedelta
        How long a write waits for another process's.

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
    return SqlStore(Database(place, wait=wait))
