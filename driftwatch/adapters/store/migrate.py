"""The schema's version: made, upgraded after a backup, or refused when newer than this code."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection

from driftwatch.adapters.store import location, schema, sqlite
from driftwatch.adapters.store.errors import store_error, translated
from driftwatch.adapters.store.schema import Upgraded

# A quick check reads the whole file: 60 ms here, too long for every command on a store of gigabytes.
_QUICKLY_CHECKED_BYTES = 32 * 1024 * 1024

_WAIT = timedelta(seconds=30)


def upgrade(url: str, *, wait: timedelta = _WAIT) -> Upgraded:
    """Bring the store to this version's schema; an older one is copied first, beside the file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as here:
    ...     upgrade(f"sqlite:///{here}/driftwatch.db").after == schema.HEAD
    True
    """
    return prepare(location.parse(url), wait=wait)


def check(url: str) -> Sequence[str]:
    """Return all that is wrong with the store, in sentences: damage, dangling rows, a schema that differs."""
    place = location.parse(url)
    if location.is_postgres(place):
        from driftwatch.adapters.store import migrate_postgres

        return migrate_postgres.check(place, wait=_WAIT)
    if not Path(str(place.database)).exists():
        return (f"{place.database} does not exist yet; the first replay makes it.",)
    with _connected(place, _WAIT) as connection:
        if damaged := sqlite.damage(connection, thorough=True):
            return damaged
        return schema.schema_faults(connection, str(place.database))


def prepare(place: URL, *, wait: timedelta) -> Upgraded:
    """Make or upgrade the schema as needed and refuse what we must not touch."""
    if location.is_postgres(place):
        from driftwatch.adapters.store import migrate_postgres

        return migrate_postgres.prepare(place, wait=wait)
    file = Path(str(place.database))
    with _connected(place, wait) as connection:
        before = schema.version_of(connection, file.name)
        _refuse_damaged(connection, file)
        connection.rollback()
        if before == schema.HEAD:
            return Upgraded(before=before, after=schema.HEAD)
        backup = None
        if before is None:
            sqlite.use_wal(connection)
        else:
            backup = file.with_name(f"{file.name}.before-{schema.HEAD}")
            sqlite.back_up(connection, backup)
        connection.rollback()
        writing = connection.execution_options(**{sqlite.WRITES: True})
        with writing.begin():
            schema.migrate(writing)
        return Upgraded(before=before, after=schema.HEAD, backup=backup)


@contextmanager
def _connected(place: URL, wait: timedelta) -> Iterator[Connection]:
    # Tables are rebuilt in a migration: with foreign keys on, dropping the old one would take its children along.
    engine = sqlite.engine(place, wait=wait, foreign_keys=False)
    try:
        with translated(str(place.database)), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _refuse_damaged(connection: Connection, file: Path) -> None:
    if file.exists() and file.stat().st_size <= _QUICKLY_CHECKED_BYTES:
        damaged = sqlite.damage(connection, thorough=False)
        if damaged:
            way_on = "Stop driftwatch, keep the file with its -wal, and restore a backup. Nothing was changed."
            raise store_error(f"{file} is damaged ({damaged[0]}).", way_on, "store-corrupt")


def is_made(url: str) -> bool:
    """Return whether there is a store at `url`; nothing is made."""
    place = location.parse(url)
    if location.is_postgres(place):
        from driftwatch.adapters.store import migrate_postgres

        return migrate_postgres.is_made(place)
    return Path(str(place.database)).exists()


def describe(url: str) -> str:
    """Return what a database server is, and what our tables in it are; nothing is written.

    Raises
    ------
    StoreError
        If it cannot be used as it is.
    """
    from driftwatch.adapters.store import lease, migrate_postgres

    place = location.parse(url)
    told = migrate_postgres.describe(place)
    lease.find_pooler(place)
    return told
