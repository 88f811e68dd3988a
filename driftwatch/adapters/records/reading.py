"""Reading observation records line by line: what is good is used, what is not is named with its line."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from driftwatch.adapters.records.fields import RecordError
from driftwatch.adapters.records.record import Record, parse_record
from driftwatch.domain.errors import DriftwatchError, Problem

LONGEST_LINE = 64 * 1024 * 1024

_BOM, _GZIP = b"\xef\xbb\xbf", b"\x1f\x8b"
_A_RECORD = "a record is a JSON object with endpoint, probe, replay and output, scores, latency_ms or error."

Source = Path | str | IO[bytes]
"""A path or an open binary stream; gzip is told by its first bytes."""


def read_records(source: Source) -> Iterator[tuple[int, Record | Problem]]:
    r"""Yield each line's number with its record, or with what is wrong with it; blank lines are passed over.

    Raises
    ------
    DriftwatchError
        If the file cannot be opened.

    Examples
    --------
    >>> from io import BytesIO
    >>> [(line, str(found)) for line, found in read_records(BytesIO(b"\nnonsense\n"))]
    [(2, 'stdin:2: not JSON: Expecting value; a record ...')]
    """
    for line, found in read_lines(source):
        yield line, found if isinstance(found, Problem) else understood(source, line, found)


def read_lines(source: Source) -> Iterator[tuple[int, bytes | Problem]]:
    """Yield the numbers and bytes of all lines that are not blank."""
    line = 0
    try:
        with _opened(source) as stream:
            while body := stream.readline(LONGEST_LINE):
                line += 1
                if len(body) == LONGEST_LINE and not body.endswith(b"\n"):
                    yield line, problem(source, line, "the line is longer than 64 MiB", "cut its output short.")
                    _skip_line(stream)
                elif body := (body.removeprefix(_BOM) if line == 1 else body).strip():
                    yield line, body
    except (EOFError, OSError, zlib.error) as error:
        need = "what stands before it is used, by an import without the replay at the cut; give the whole file."
        met = f"the file cannot be read any further ({error})"
        yield line + 1, problem(source, line + 1, met, need, slug="records-torn")


def understood(source: Source, line: int, body: bytes) -> Record | Problem:
    """Return a line's record, or what is wrong with it."""
    try:
        return parse_record(body)
    except RecordError as error:
        return problem(source, line, str(error), error.need)


def problem(source: Source, line: int, met: str, need: str = "", *, slug: str = "records-line") -> Problem:
    """Return what was met in a line, with what is needed: a record, where nothing more is known."""
    return Problem(file=file_name(source), line=line, met=met, need=need or _A_RECORD, slug=slug)


def file_name(source: Source) -> str:
    """Return the name under which messages speak of a source."""
    return str(source) if isinstance(source, Path | str) else "stdin"


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    if not isinstance(source, Path | str):
        yield _unpacked(source)
        return
    path = Path(source)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise DriftwatchError(
            f"{path}: cannot be read: {error.strerror}. Name a file of observation records (.jsonl or .jsonl.gz).",
            slug="records-unreadable",
        ) from None
    with stream:
        yield _unpacked(stream)


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    # A pipe has no name, and `gunzip` or a browser may have left one that is no longer true.
    begun = _Begun(stream)
    packed = begun.head == _GZIP
    return cast("IO[bytes]", gzip.GzipFile(fileobj=io.BufferedReader(begun)) if packed else begun)


class _Begun(io.RawIOBase):
    """A stream whose first two bytes were read ahead: few streams can peek, and a pipe then shows what it has."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.head = stream.readline(len(_GZIP))  # unlike `read`, it goes on until it has both, or a line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._taken() or self._stream.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None  # noqa: S101  # for mypy: lines are read with a limit
        if not (head := self._taken()):
            return self._stream.readline(size)
        return head if head.endswith(b"\n") else head + self._stream.readline(size - len(head))

    def _taken(self) -> bytes:
        head, self.head = self.head, b""
        return head


def _skip_line(stream: IO[bytes]) -> None:
    while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
