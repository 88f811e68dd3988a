"""The schema in PostgreSQL: made and upgraded in one transaction that holds the writers' lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import URL, Connection, text

from driftwatch.adapters.store import location, postgres, schema
from driftwatch.adapters.store.errors import store_error, translated
from driftwatch.adapters.store.postgres_database import TAKE_TURN
from driftwatch.adapters.store.schema import Upgraded

_SOON = timedelta(seconds=5)
_SERVER = text("SELECT current_setting('server_version'), current_setting('transaction_read_only')")


def prepare(place: URL, *, wait: timedelta) -> Upgraded:
    """Make or upgrade the schema as needed and refuse what we must not touch; nothing is waited for."""
    with connected(place, wait) as connection:
        name = location.shown(place)
        if (found := schema.version_of(connection, name)) == schema.HEAD:
            return Upgraded(before=found, after=schema.HEAD)
        connection.rollback()
        with connection.begin():
            # Nodes that start together make the tables once; whoever writes with the older version has ended its turn.
            connection.execute(TAKE_TURN)
            before = schema.version_of(connection, name)
            schema.migrate(connection)
        return Upgraded(before=before, after=schema.HEAD)


def check(place: URL, *, wait: timedelta) -> Sequence[str]:
    """Return all that is wrong with the schema; damage is the server's to find."""
    with connected(place, wait) as connection:
        return schema.schema_faults(connection, location.shown(place))


@contextmanager
def connected(place: URL, wait: timedelta) -> Iterator[Connection]:
    """Give a connection of its own, closed at the end."""
    engine = postgres.engine(place, wait=wait, pooled=False)
    try:
        with translated(location.shown(place)), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def is_made(place: URL) -> bool:
    """Return whether our tables are there."""
    with connected(place, _SOON) as connection:
        return schema.version_of(connection, location.shown(place)) is not None


def describe(place: URL) -> str:
    """Return the server's version and the schema's; raise if we could not write there."""
    with connected(place, _SOON) as connection:
        version = schema.version_of(connection, location.shown(place))
        server, read_only = connection.execute(_SERVER).one()
        if read_only == "on":
            met, way_on = postgres.WAY_ON["store-read-only"]
            raise store_error(f"{location.shown(place)}: {met}.", way_on, "store-read-only")
        tables = f"schema {version}" if version else "no tables yet, the first start makes them"
        return f"PostgreSQL {server.split()[0]}, {tables}"
