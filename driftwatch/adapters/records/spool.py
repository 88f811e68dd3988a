"""Lines put in order of their replays on disk, so that a shuffled file of any size needs little memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)

Line = tuple[int, bytes]
"""Its number and its bytes."""


class Spool:
    """A temporary table that SQLite spills to disk and removes when it is closed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("CREATE TABLE line (due INTEGER, endpoint TEXT, number INTEGER, body BLOB)")

    def fill(self, lines: Iterable[tuple[datetime, str, Line]]) -> None:
        """Add lines with their replay and endpoint."""
        rows = ((microseconds(due), endpoint, *line) for due, endpoint, line in lines)
        self._connection.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", rows)

    def replays(self) -> Iterator[Iterator[Line]]:
        """Yield the lines of each (replay, endpoint), in order of time."""
        rows = self._connection.execute("SELECT due, endpoint, number, body FROM line ORDER BY 1, 2, 3")
        for _, group in groupby(rows, lambda row: row[:2]):
            yield ((number, body) for _, _, number, body in group)


# The lines of one replay follow each other in most files.
@lru_cache(maxsize=256)
def microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970."""
    return (moment - _EPOCH) // _MICRO


@lru_cache(maxsize=256)
def moment_at(microseconds: int) -> datetime:
    """Return the moment so many microseconds after 1970."""
    return _EPOCH + microseconds * _MICRO


@contextmanager
def open_spool() -> Iterator[Spool]:
    """Give an empty spool."""
    # The empty name is SQLite's for a private database on disk that goes with its connection.
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        yield Spool(connection)
