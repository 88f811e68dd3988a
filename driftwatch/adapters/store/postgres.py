"""All that is PostgreSQL's own: connecting, what a session is set to, error codes.

psycopg is imported when an engine is made, so that a store in SQLite pays nothing for it.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import URL, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from driftwatch.domain.errors import StoreError
from driftwatch.scorers.extras import adding

_CONNECT: dict[str, Any] = {
    # A prepared plan fails after another process's ALTER, and poolers lose them.
    "prepare_threshold": None,
    "connect_timeout": "5",
    # A peer that vanished without a word is noticed within half a minute, not after two hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
# What a DSN says itself is left to it.
_OWN = frozenset(_CONNECT) - {"prepare_threshold"}

_IDLE = "60s"
"""A transaction of ours never idles that long; a machine that froze in one must not hold up the others."""

_SLUGS = {
    "28P01": "store-login",
    "28000": "store-login",
    "3D000": "store-no-database",
    "25006": "store-read-only",
    "42501": "store-rights",
    "53100": "store-disk-full",
    "55P03": "store-locked",
    "58030": "store-io",
    "XX001": "store-corrupt",
    "XX002": "store-corrupt",
}
# Shutdowns, a server that starts, lost connections, no connection left.
_GONE = ("08", "57P0", "53300", "25P03")
# Deadlock, serialization, a plan that another process's ALTER made stale, a prepared statement that a pooler lost.
_AGAIN = ("40P01", "40001", "0A000", "26000")
_CACHED_PLAN = "cached plan"

# While connecting psycopg has the server's words only; they are English unless the server was told otherwise.
_WORDS = (
    ("password authentication failed", "store-login"),
    ("no password supplied", "store-login"),
    ("no pg_hba.conf entry", "store-login"),
    ("is not permitted to log in", "store-login"),
    ("unsupported startup parameter", "store-pooler"),
    ("invalid connection option", "store-url"),
    ("invalid sslmode", "store-url"),
    ("invalid port number", "store-url"),
    ("invalid integer value", "store-url"),
)

WAY_ON = {
    "store-unreachable": (
        "the server cannot be reached",
        "Start PostgreSQL, or mend host and port in `store:`. A running daemon goes on by itself once it is back.",
    ),
    "store-login": (
        "the server refused the login",
        "Mend user and password: `store: postgresql://user:${PASSWORD}@host/db`, special characters percent-encoded.",
    ),
    "store-no-database": ("the database does not exist", "Make it: createdb --owner=USER NAME"),
    "store-read-only": (
        "the database is read-only",
        "Connect to the primary: a standby, and default_transaction_read_only, refuse every write.",
    ),
    "store-rights": (
        "this user lacks a right",
        "Let the user own the database: ALTER DATABASE NAME OWNER TO USER.",
    ),
    "store-disk-full": (
        "the server's disk is full, so nothing was written",
        "Free some space: `retention.answers` in the configuration keeps less; the store then goes on by itself.",
    ),
    "store-locked": (
        "another transaction has held it for the whole waiting time",
        "Look for it in pg_stat_activity (state `idle in transaction`) and end it; nothing was lost.",
    ),
    "store-corrupt": ("the database is damaged", "Stop driftwatch and restore a backup. Nothing was changed."),
    "store-io": ("the server's disk reported an error", "Look at the server's log; what was confirmed is safe."),
    "store-pooler": (
        "a connection pooler stands between us and the server",
        "Connect to PostgreSQL itself, or to a pool in session mode.",
    ),
    "store-url": ("the address has a part that PostgreSQL does not know", "Mend `store:`."),
    "store-failed": ("the server refused something", "Run `driftwatch db check`."),
}


def engine(url: URL, *, wait: timedelta, pooled: bool = True, name: str = "driftwatch") -> Engine:
    """Return an engine on a database; a statement waits for another one's lock for at most `wait`.

    Parameters
    ----------
    name : str
        What the server calls our connections: `pg_stat_activity` shows it.
    """
    try:
        import psycopg  # noqa: F401  # SQLAlchemy would say it in words of its own
    except ImportError:
        told = f"store: psycopg is not installed. {adding('postgres')}"
        raise StoreError(
            f"{told} See: driftwatch explain postgres-not-installed", slug="postgres-not-installed"
        ) from None
    given = {key: value for key, value in _CONNECT.items() if key not in _OWN or key not in url.query}
    made = create_engine(
        url,
        connect_args={**given, "application_name": name},
        # The first call after a restart of the server would fail without it.
        pool_pre_ping=True,
        # Whatever the database's default: a snapshot older than the writers' lock would not see who leads since.
        isolation_level="READ COMMITTED",
        **({"pool_size": 5, "max_overflow": 15} if pooled else {"poolclass": NullPool}),
    )
    settings = {
        "timezone": "UTC",
        "lock_timeout": f"{int(wait.total_seconds() * 1000)}ms",
        "idle_in_transaction_session_timeout": _IDLE,
    }
    # Not as startup options: poolers refuse those before we can say what stands in the way.
    statement = "; ".join(f"SET {key} = '{value}'" for key, value in settings.items())

    def on_connect(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(statement)
        connection.autocommit = False

    event.listen(made, "connect", on_connect)
    return made


def slug(error: DBAPIError) -> str:
    """Return our name for the driver's error."""
    state, words = getattr(error.orig, "sqlstate", None), str(error.orig)
    if state is not None and (found := _SLUGS.get(state)):
        return found
    if state is None:
        for part, named in _WORDS:
            if part in words:
                return named
        if "database" in words and "does not exist" in words:
            return "store-no-database"
        if "role" in words and "does not exist" in words:
            return "store-login"
    return "store-unreachable" if is_gone(error) else "store-failed"


def is_gone(error: DBAPIError) -> bool:
    """Whether the server, or our connection to it, is gone: another one may do."""
    state = getattr(error.orig, "sqlstate", None)
    # Without a state it was libpq, not the server, that had trouble.
    lost = state is None and type(error.orig).__name__ == "OperationalError"
    return error.connection_invalidated or lost or (state or "").startswith(_GONE)


def worth_repeating(error: DBAPIError) -> bool:
    """Whether the same transaction, made again, may pass."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == "0A000":
        return _CACHED_PLAN in str(error.orig)
    return state.startswith(_AGAIN) or (is_gone(error) and slug(error) == "store-unreachable")


def words(error: DBAPIError) -> str:
    """Return the driver's own words in one line; they hold host, port, user and database, never a password."""
    return " ".join(str(error.orig).split()).removeprefix("connection failed: ").rstrip(".")[:300]
