"""The schema's version: made, upgraded after a backup, or refused when newer than this code."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL, Connection, inspect, text

from driftwatch.adapters.store import location, sqlite
from driftwatch.adapters.store.errors import store_error, translated
from driftwatch.adapters.store.tables import METADATA

HEAD = "0004"
"""The schema this code reads and writes. Equal versions need no Alembic, whose import takes as long as a replay."""

MIGRATIONS = Path(__file__).parent / "migrations"

# A quick check reads the whole file: 60 ms here, too long for every command on a store of gigabytes.
_QUICKLY_CHECKED_BYTES = 32 * 1024 * 1024

_WAIT = timedelta(seconds=30)

# Alembic keeps what it is migrating in a global of its module: a second thread's upgrade breaks the first one's.
_ONE_THREAD = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What an upgrade found, left and saved."""

    before: str | None
    after: str
    backup: Path | None = None


def upgrade(url: str, *, wait: timedelta = _WAIT) -> Upgraded:
    """Bring the store to this version's schema; an older one is copied first, beside the file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as here:
    ...     upgrade(f"sqlite:///{here}/driftwatch.db").after == HEAD
    True
    """
    return prepare(location.parse(url), wait=wait)


def check(url: str) -> Sequence[str]:
    """Return all that is wrong with the store, in sentences: damage, dangling rows, a schema that differs."""
    place = location.parse(url)
    if not Path(str(place.database)).exists():
        return (f"{place.database} does not exist yet; the first replay makes it.",)
    with _connected(place, _WAIT) as connection:
        if damaged := sqlite.damage(connection, thorough=True):
            return damaged
        version = _version(connection, str(place.database))
        if version != HEAD:
            return (f"The schema is {version or 'empty'}, this version needs {HEAD}: run `driftwatch db upgrade`.",)
        return tuple(f"The schema differs from this version's: {found}" for found in differences(connection))


def differences(connection: Connection) -> list[Any]:
    """Return what Alembic would change to make the database equal to the tables' declaration."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection), METADATA))


def prepare(place: URL, *, wait: timedelta) -> Upgraded:
    """Make or upgrade the schema as needed and refuse what we must not touch."""
    file = Path(str(place.database))
    with _connected(place, wait) as connection:
        before = _version(connection, file.name)
        _refuse_damaged(connection, file)
        connection.rollback()
        if before == HEAD:
            return Upgraded(before=before, after=HEAD)
        backup = None
        if before is None:
            sqlite.use_wal(connection)
        else:
            backup = file.with_name(f"{file.name}.before-{HEAD}")
            sqlite.back_up(connection, backup)
        connection.rollback()
        _migrate(connection.execution_options(**{sqlite.WRITES: True}))
        return Upgraded(before=before, after=HEAD, backup=backup)


def alembic_config(connection: Connection) -> Any:
    """Return Alembic's configuration for its commands on an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _migrate(connection: Connection) -> None:
    """Run the migrations in one transaction: nobody ever reads a half-migrated schema."""
    from alembic import command

    # Whoever did it while we waited for the lock has left Alembic nothing to do.
    with _ONE_THREAD, connection.begin():
        command.upgrade(alembic_config(connection), HEAD)


@contextmanager
def _connected(place: URL, wait: timedelta) -> Iterator[Connection]:
    # Tables are rebuilt in a migration: with foreign keys on, dropping the old one would take its children along.
    engine = sqlite.engine(place, wait=wait, foreign_keys=False)
    try:
        with translated(str(place.database)), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _version(connection: Connection, name: str) -> str | None:
    """Return the schema's version; None for an empty database."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            way_on = "Name another file in `store:`; this one was left as it is."
            raise store_error(f"{name} is some other program's database.", way_on, "store-foreign")
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if version is not None and version > HEAD:
        raise store_error(
            f"{name} has schema {version}, newer than this driftwatch, which knows {HEAD}.",
            "Upgrade driftwatch, or restore the copy that the upgrade left beside the file.",
            "store-newer",
        )
    return version


def _refuse_damaged(connection: Connection, file: Path) -> None:
    if file.exists() and file.stat().st_size <= _QUICKLY_CHECKED_BYTES:
        damaged = sqlite.damage(connection, thorough=False)
        if damaged:
            way_on = "Stop driftwatch, keep the file with its -wal, and restore a backup. Nothing was changed."
            raise store_error(f"{file} is damaged ({damaged[0]}).", way_on, "store-corrupt")
