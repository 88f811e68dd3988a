"""Hostile text made harmless to look at, with everything invisible shown."""

import re

# Controls (C0 without tab and newline, DEL, C1), every invisible format character (bidirectional
# overrides, zero width, tags), line and paragraph separators, lone surrogates.
# Kept: U+200C and U+200D, which Persian, Indic scripts and emoji need.
_HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BREAKS = re.compile("[\t\n]")


def printable(text: str, *, one_line: bool = False) -> str:
    r"""Return `text` with everything that could command a terminal shown as a visible escape.

    Parameters
    ----------
    one_line : bool
        Escape tabs and newlines as well, for a cell of a table.

    Examples
    --------
    >>> printable("\x1b]8;;https://evil\x07click\x1b[2J")
    '\\x1b]8;;https://evil\\x07click\\x1b[2J'
    >>> printable("two\nlines", one_line=True)
    'two\\nlines'
    """
    shown = _HOSTILE.sub(_escape, text)
    return _BREAKS.sub(_escape, shown) if one_line else shown


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    short = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
