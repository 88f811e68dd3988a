"""Two answers side by side, with what differs between them marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
LITTLE_IN_COMMON = 0.2
"""Share of two texts below which marking what differs would mark all but stray words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of an answer, and whether the other answer lacks it."""

    text: str
    changed: bool = False


Side = tuple[Piece, ...]


def side_by_side(old: str, new: str) -> tuple[Side, Side]:
    """Return both texts in pieces; two texts with little in common are left unmarked.

    Examples
    --------
    >>> before, now = side_by_side("within 14 days", "within 30 days")
    >>> [(piece.text, piece.changed) for piece in now]
    [('within ', False), ('30', True), (' days', False)]
    """
    left, right = _TOKENS.findall(old), _TOKENS.findall(new)
    matcher = SequenceMatcher(None, left, right)
    if matcher.ratio() < LITTLE_IN_COMMON:
        return (Piece(text=old),), (Piece(text=new),)
    steps = matcher.get_opcodes()
    before = ((step != "equal", left[a:b]) for step, a, b, _, _ in steps)
    now = ((step != "equal", right[a:b]) for step, _, _, a, b in steps)
    return tuple(_joined(before)), tuple(_joined(now))


def _joined(parts: Iterator[tuple[bool, Sequence[str]]]) -> Iterator[Piece]:
    for changed, tokens in parts:
        if tokens:
            yield Piece(text="".join(tokens), changed=changed)
