"""Where a store is: its URL, understood or refused in words that never show a password."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from driftwatch.adapters.store import sqlite
from driftwatch.adapters.store.errors import store_error

_POSTGRES = ("postgresql", "postgresql+psycopg", "postgres")

_NEED = (
    "Write sqlite:///driftwatch.db (from this directory), sqlite:////var/lib/driftwatch/driftwatch.db, "
    "or postgresql://user:${PASSWORD}@host/database."
)


def parse(url: str) -> URL:
    """Return the URL of a store: a file that can be opened or made, or a PostgreSQL database.

    Raises
    ------
    StoreError
        For an unknown scheme, a database in memory, a missing directory or a file of another kind.

    Examples
    --------
    >>> parse("mysql://me:secret@db/driftwatch")
    Traceback (most recent call last):
    driftwatch.domain.errors.StoreError: store: `mysql://me:***@db/driftwatch` is not a store we know. ...
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text itself is not shown: a password may be anywhere in it.
        raise store_error("store: this is not the address of a database.", _NEED, "store-url") from None
    shown = parsed.render_as_string(hide_password=True)
    if parsed.drivername in _POSTGRES:
        return _postgres(parsed)
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise store_error(f"store: `{shown}` is not a store we know.", _NEED, "store-url")
    if parsed.host or parsed.query or parsed.database in (None, "", ":memory:"):
        raise store_error(f"store: `{shown}` names no file; history must outlive the process.", _NEED, "store-url")
    _check_file(Path(str(parsed.database)))
    return parsed


def is_postgres(place: URL) -> bool:
    """Whether the store is a PostgreSQL database."""
    return place.get_backend_name() == "postgresql"


def shown(place: URL) -> str:
    """Return a name for people: a file, or an address without password and parameters, which may hold another one."""
    if not is_postgres(place):
        return str(place.database)
    # A colon before the host and a port would look odd; SQLAlchemy writes what is there only.
    plain = URL.create("postgresql", place.username, None, place.host, place.port, place.database)
    return plain.render_as_string(hide_password=True)


def path(url: str) -> Path:
    """Return the database file of a store, links followed."""
    return Path(str(parse(url).database)).resolve()


def _postgres(parsed: URL) -> URL:
    if not parsed.database:
        told = f"store: `{shown(parsed.set(drivername='postgresql'))}` names no database."
        raise store_error(told, _NEED, "store-url")
    return parsed.set(drivername="postgresql+psycopg")


def _check_file(file: Path) -> None:
    try:
        if file.is_dir():
            raise store_error(f"store: {file} is a directory.", "Name a file in it.", "store-path")
        if not file.parent.is_dir():
            way_on = f"Make it: mkdir -p {file.parent}"
            raise store_error(f"store: the directory {file.parent} does not exist.", way_on, "store-path")
        sound = sqlite.is_database(file)
    except OSError as error:
        way_on = "Give this user the right to read and write it, and to write in its directory."
        raise store_error(f"store: {file} cannot be opened: {error.strerror}.", way_on, "store-path") from None
    if not sound:
        way_on = "Name another file in `store:`; this one was left as it is."
        raise store_error(f"store: {file} is not an SQLite database.", way_on, "store-not-a-database")
