"""Two answers side by side, with what differs between them marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
LITTLE_IN_COMMON = 0.2
"""Share of two texts below which marking what differs would mark all but stray words."""
MOST_TOKENS = 800
"""A text of more is left unmarked: on hostile ones the search takes seconds, and holds up the whole process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of an answer, and whether the other answer lacks it."""

    text: str
    changed: bool = False


Side = tuple[Piece, ...]


@lru_cache(maxsize=128)
def side_by_side(old: str, new: str) -> tuple[Side, Side]:
    """Return both texts in pieces; two with little in common, or of very many words, are left unmarked.

    Examples
    --------
    >>> before, now = side_by_side("within 14 days", "within 30 days")
    >>> [(piece.text, piece.changed) for piece in now]
    [('within ', False), ('30', True), (' days', False)]
    """
    left, right = _TOKENS.findall(old), _TOKENS.findall(new)
    unmarked = (Piece(text=old),), (Piece(text=new),)
    if max(len(left), len(right)) > MOST_TOKENS:
        return unmarked
    matcher = SequenceMatcher(None, left, right)
    if matcher.ratio() < LITTLE_IN_COMMON:
        return unmarked
    steps = matcher.get_opcodes()
    before = ((step != "equal", left[a:b]) for step, a, b, _, _ in steps)
    now = ((step != "equal", right[a:b]) for step, _, _, a, b in steps)
    return tuple(_joined(before)), tuple(_joined(now))


def _joined(parts: Iterator[tuple[bool, Sequence[str]]]) -> Iterator[Piece]:
    for changed, tokens in parts:
        if tokens:
            yield Piece(text="".join(tokens), changed=changed)
