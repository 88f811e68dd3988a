"""The store: facts, decisions and deliveries in one SQL database. Rows never leave this package."""

from driftwatch.adapters.store.lock import StoreLock
from driftwatch.adapters.store.migrate import Upgraded, check, upgrade
from driftwatch.adapters.store.store import SqlStore, open_store

__all__ = ["SqlStore", "StoreLock", "Upgraded", "check", "open_store", "upgrade"]
