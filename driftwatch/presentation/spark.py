"""A row of means as one line of blocks, for a terminal or a table's cell."""

from collections.abc import Sequence
from itertools import pairwise
from math import fsum

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
"""Stands where nothing was measured: a gap is not a low value."""


def sparkline(values: Sequence[float | None], *, normal: tuple[float, float] | None = None) -> str:
    """Return one character for each value, on a scale that holds them all and what is normal.

    Parameters
    ----------
    normal : pair of float, optional
        The usual range: it belongs to the scale, so that noise within it looks small.

    Examples
    --------
    >>> sparkline([0.9, 0.9, None, 0.8, 0.7])
    '██·▅▁'
    >>> sparkline([1.0, 1.0], normal=(1.0, 1.0))
    '▅▅'
    """
    known = [value for value in values if value is not None]
    if not known:
        return GAP * len(values)
    low, high = min(*known, *(normal or known)), max(*known, *(normal or known))
    return "".join(GAP if value is None else _block(value, low, high) for value in values)


def squeezed(values: Sequence[float | None], most: int | None) -> list[float | None]:
    """Return at most so many values: neighbours are averaged, a gap only where all of them are.

    Examples
    --------
    >>> squeezed([1.0, 3.0, None, 5.0, None, None], 3)
    [2.0, 5.0, None]
    """
    if most is None or len(values) <= most:
        return list(values)
    edges = [round(i * len(values) / most) for i in range(most + 1)]
    return [_mean(values[start:end]) for start, end in pairwise(edges)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None


def _block(value: float, low: float, high: float) -> str:
    if high <= low:
        return BLOCKS[len(BLOCKS) // 2]
    return BLOCKS[round((value - low) / (high - low) * (len(BLOCKS) - 1))]
