"""The store that the settings name: opened, led, locked, looked for."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from driftwatch.config.settings import Settings

if TYPE_CHECKING:
    from driftwatch.adapters.store import SqlStore
    from driftwatch.adapters.store.lease import Lease


def open_store(settings: Settings, *, name: str = "driftwatch") -> "SqlStore":
    """Return the store, made or brought up to date; a server sees `name`."""
    from driftwatch.adapters.store import open_store as open_sql

    return open_sql(settings.store_url, name=name)


def open_to_look(settings: Settings) -> "SqlStore":
    """Return a store that is up to date, for whoever promised to write nothing."""
    from driftwatch.adapters.store import open_to_look as open_sql

    return open_sql(settings.store_url)


def open_node(settings: Settings) -> "tuple[SqlStore, Lease | None]":
    """Return the store of a daemon and, where several may work on it, this one's part in leading."""
    if settings.store_path is not None:
        return open_store(settings), None
    from driftwatch.adapters.store import open_lease
    from driftwatch.adapters.store.lease import node_name

    name = node_name()
    store = open_store(settings, name=name)
    return store, open_lease(settings.store_url, store, name=name)


def store_exists(settings: Settings) -> bool:
    """Return whether there is a store already; none is made for the answer."""
    if settings.store_path is not None:
        return settings.store_path.exists()
    from driftwatch.adapters.store import is_made

    return is_made(settings.store_url)


def lock_store(settings: Settings) -> AbstractContextManager[object]:
    """Return the lock that one daemon holds on its file, or say who has it; nodes on PostgreSQL have a leader."""
    if settings.store_path is None:
        return nullcontext()
    from driftwatch.adapters.store import StoreLock

    return StoreLock(settings.store_url)
