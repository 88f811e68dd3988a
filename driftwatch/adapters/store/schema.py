"""The schema's version, and Alembic's part in it; the same on every database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, inspect, text

from driftwatch.adapters.lean import without
from driftwatch.adapters.store.errors import store_error
from driftwatch.adapters.store.tables import METADATA
from driftwatch.domain.errors import StoreError

HEAD = "0007"
"""The schema this code reads and writes. Equal versions need no Alembic, whose import takes as long as a replay."""

MIGRATIONS = Path(__file__).parent / "migrations"

# Alembic keeps what it is migrating in a global of its module: a second thread's upgrade breaks the first one's.
_ONE_THREAD = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What an upgrade found, left and saved."""

    before: str | None
    after: str
    backup: Path | None = None


def version_of(connection: Connection, name: str) -> str | None:
    """Return the schema's version; None for an empty database."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise foreign(name)
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if version is not None and not re.fullmatch("[0-9]{4}", version):
        # Another program may use Alembic too.
        raise foreign(name)
    if version is not None and version > HEAD:
        raise newer(name, version)
    return version


def foreign(name: str) -> StoreError:
    """Return the refusal of a database that is not ours."""
    way_on = "Name another one in `store:`; this one was left as it is."
    return store_error(f"{name} is some other program's database.", way_on, "store-foreign")


def newer(name: str, version: str) -> StoreError:
    """Return the refusal of a schema that this code does not know."""
    return store_error(
        f"{name} has schema {version}, newer than this driftwatch, which knows {HEAD}.",
        "Upgrade driftwatch, or restore the copy from before the upgrade.",
        "store-newer",
    )


def schema_faults(connection: Connection, name: str) -> Sequence[str]:
    """Return what is wrong with the schema: not this version's, or not as this version declares it."""
    version = version_of(connection, name)
    if version != HEAD:
        return (f"The schema is {version or 'empty'}, this version needs {HEAD}: run `driftwatch db upgrade`.",)
    return tuple(f"The schema differs from this version's: {found}" for found in differences(connection))


def differences(connection: Connection) -> list[Any]:
    """Return what Alembic would change to make the database equal to the tables' declaration."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection), METADATA))


def migrate(connection: Connection) -> None:
    """Run the migrations in the caller's one transaction: nobody ever reads a half-migrated schema."""
    # Mako takes it along to colour tracebacks: 7 MB for as long as the daemon lives that made its store.
    with without("pygments"):
        from alembic import command

    # Whoever did it while we waited for the lock has left Alembic nothing to do.
    with _ONE_THREAD:
        command.upgrade(alembic_config(connection), HEAD)


def alembic_config(connection: Connection) -> Any:
    """Return Alembic's configuration for its commands on an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
