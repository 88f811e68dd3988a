"""The store: facts, decisions and deliveries in one SQL database. Rows never leave this package."""

from driftwatch.adapters.store.lock import StoreLock
from driftwatch.adapters.store.migrate import check, describe, is_made, upgrade
from driftwatch.adapters.store.schema import Upgraded
from driftwatch.adapters.store.store import SqlStore, open_lease, open_store, open_to_look

__all__ = [
    "SqlStore",
    "StoreLock",
    "Upgraded",
    "check",
    "describe",
    "is_made",
    "open_lease",
    "open_store",
    "open_to_look",
    "upgrade",
]
