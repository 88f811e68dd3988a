"""The one translation of database trouble into `StoreError`: what we met, what we need, the way on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError

from driftwatch.adapters.store import sqlite
from driftwatch.domain.errors import StoreError


class PassingStoreError(StoreError):
    """The whole transaction may pass when it is made again: a lost connection, a deadlock."""


def store_error(met: str, way_on: str, slug: str, *, passing: bool = False) -> StoreError:
    """Return the error with the place where more is said."""
    kind = PassingStoreError if passing else StoreError
    return kind(f"{met} {way_on} See: driftwatch explain {slug}", slug=slug)


_WAY_ON = {
    "store-locked": (
        "another process has held it for the whole waiting time.",
        "Stop the other writer (a backup, a shell with an open transaction); nothing was lost.",
    ),
    "store-disk-full": (
        "the disk is full, so nothing was written.",
        "Free some space: `retention.answers` in the configuration keeps less; the store then goes on by itself.",
    ),
    "store-read-only": (
        "it cannot be written.",
        "Make the file and its directory writable for this user: SQLite puts its journal beside it.",
    ),
    "store-path": (
        "it cannot be opened.",
        "Check that the directory exists, that its file system is not read-only, and that this user may write there.",
    ),
    "store-not-a-database": (
        "the file is not an SQLite database.",
        "Name another file in `store:`; this one was left as it is.",
    ),
    "store-corrupt": (
        "the database is damaged.",
        "Stop driftwatch, keep the file with its -wal, and restore a backup. Nothing was changed or recreated.",
    ),
    "store-io": (
        "the disk reported an error.",
        "Look at the system's log and the disk; nothing that was confirmed is lost.",
    ),
}


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn the driver's errors about the store called `name` into `StoreError`; programming errors pass."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise explain(name, error) from error


def explain(name: str, error: DBAPIError) -> StoreError:
    """Return the driver's error in our words."""
    if not isinstance(error.orig, sqlite3.Error):
        return _from_postgres(name, error)
    slug = sqlite.slug(error.orig)
    if slug is None:
        return store_error(f"{name}: {error.orig}.", "Run `driftwatch db check`.", "store-failed")
    met, way_on = _WAY_ON[slug]
    return store_error(f"{name}: {met}", way_on, slug)


def _from_postgres(name: str, error: DBAPIError) -> StoreError:
    from driftwatch.adapters.store import postgres

    slug = postgres.slug(error)
    met, way_on = postgres.WAY_ON[slug]
    told = f"{name}: {met} ({postgres.words(error)})."
    return store_error(told, way_on, slug, passing=postgres.worth_repeating(error))
