"""Column types that keep hostile text, JSON and times exact on every back end, and how constraints are called."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

# Named constraints, so that a later migration can drop one on every back end.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# PostgreSQL refuses NUL in text; both back ends refuse lone surrogates.
_UNSTORABLE = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def escape(text: str) -> str:
    r"""Return `text` with NUL, lone surrogates and backslashes written as ``\uXXXX``.

    Examples
    --------
    >>> unescape(escape("a\x00\ud800\\")) == "a\x00\ud800\\"
    True
    """
    if text.isascii() and "\\" not in text and "\x00" not in text:
        return text
    return _UNSTORABLE.sub(lambda hit: f"\\u{ord(hit[0]):04x}", text)


def unescape(text: str) -> str:
    """Return what `escape` was given."""
    return _ESCAPE.sub(lambda hit: chr(int(hit[1], 16)), text) if "\\" in text else text


class AnyText(TypeDecorator[str]):
    """Text from anywhere; NUL and lone surrogates come back as they went in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else unescape(value)


class Json(TypeDecorator[Any]):
    """JSON in ASCII: a NUL or a lone surrogate in it is an escape, which jsonb would refuse."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(value)


class Moment(TypeDecorator[datetime]):
    """An aware time, which comes back in UTC; SQLModel's `UTCDateTime` without SQLModel."""

    impl = DateTime
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.utcoffset() is None:
            raise ValueError(f"a time to be stored needs a timezone, got {value!r}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        # SQLite keeps no offset.
        return value.replace(tzinfo=UTC) if value.utcoffset() is None else value.astimezone(UTC)


def json_text(value: Any, *, canonical: bool = False) -> str:
    """Return compact ASCII JSON; `canonical` sorts the keys."""
    return json.dumps(value, separators=(",", ":"), sort_keys=canonical)
