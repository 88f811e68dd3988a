"""Column types that keep hostile text and JSON exact on every back end."""

import json
import re
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

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


def json_text(value: Any, *, canonical: bool = False) -> str:
    """Return compact ASCII JSON; `canonical` sorts the keys."""
    return json.dumps(value, separators=(",", ":"), sort_keys=canonical)
