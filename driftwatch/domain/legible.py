"""Text from outside, made safe to look at: nothing in it moves a cursor, hides, or reorders its surroundings."""

import re

# C0 and C1 controls (ANSI and OSC begin with ESC or U+009B), bidirectional overrides and isolates, and separators that
# some terminals take as a new line; and the two that no XML may hold. Tab and newline stay.
_ACTIVE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
ELLIPSIS = "…"


def legible(text: str, limit: int | None = None) -> str:
    r"""Return `text` with active characters shown as escapes and lone surrogates as U+FFFD, cut to `limit`.

    Parameters
    ----------
    text : str
        Model output, a vendor's message, a name: anything we did not write.
    limit : int, optional
        The most characters to return, the ellipsis of a cut included.

    Examples
    --------
    >>> legible("\x1b[2J all \u202egone")
    '\\x1b[2J all \\u202egone'
    >>> legible("a long answer", 7)
    'a long…'
    """
    # Escapes only lengthen, so what lies beyond the limit can never be shown: huge answers cost nothing.
    shown = text if limit is None else text[: limit + 1]
    shown = _SURROGATE.sub("\ufffd", shown.replace("\r\n", "\n"))
    shown = _ACTIVE.sub(_escaped, shown)
    return shown if limit is None or len(shown) <= limit else shown[: limit - 1].rstrip() + ELLIPSIS


def one_line(text: str, limit: int | None = None) -> str:
    r"""Return `text` legible and on one line, so that it cannot pose as a line of ours.

    Examples
    --------
    >>> one_line("yes\nALL CLEAR")
    'yes ⏎ ALL CLEAR'
    """
    return legible(legible(text, limit).replace("\n", " ⏎ ").replace("\t", " "), limit)


def _escaped(match: re.Match[str]) -> str:
    point = ord(match.group())
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"
