"""Evidence as bytes: one array of numbers for each (replay, metric), over a shared layout."""

import json
import math
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import compress, groupby
from typing import cast

from driftwatch.adapters.store.types import json_text
from driftwatch.scorers.verdict import Scored, Unscored

Cell = tuple[str, int]
"""(probe key, sample)."""

# Narrowest first: 60 pass marks are 60 bytes before compression, not 480.
_KINDS = "bhid"
_WORTH_COMPRESSING = 48


def squeeze(plain: bytes) -> bytes:
    """Return `plain` compressed when that is smaller, with one byte that says which."""
    if len(plain) >= _WORTH_COMPRESSING and len(packed := zlib.compress(plain)) < len(plain):
        return b"z" + packed
    return b"r" + plain


def unsqueeze(body: bytes) -> bytes:
    """Return what `squeeze` was given."""
    return zlib.decompress(body[1:]) if body[:1] == b"z" else body[1:]


def pack(scores: Mapping[Cell, Scored], layout: Mapping[Cell, int]) -> bytes:
    """Return the scores of one metric as bytes: kind, mask of scored cells, numbers, reasons of the unscored."""
    column = list(map(scores.get, layout))
    if set(map(type, column)) == {float} and all(map(math.isfinite, cast("list[float]", column))):
        return _joined(cast("list[float]", column), (1 << len(layout)) - 1, len(layout))
    mask, numbers, reasons = 0, [], dict[str, list[int]]()
    for cell, position in layout.items():
        match scores.get(cell):
            case None:
                continue
            case Unscored(reason=reason):
                reasons.setdefault(reason, []).append(position)
            case number:
                mask |= 1 << position
                numbers.append(_finite(number, cell))
    tail = json_text(reasons, canonical=True).encode() if reasons else b""
    return _joined(numbers, mask, len(layout), tail)


def unpack(body: bytes, cells: Sequence[Cell]) -> dict[Cell, Scored]:
    """Return what `pack` was given."""
    mask, numbers, tail = _open(body, len(cells))
    scored: dict[Cell, Scored] = dict(zip(_chosen(cells, mask), numbers, strict=True))
    for reason, positions in json.loads(tail).items() if tail else ():
        scored |= dict.fromkeys((cells[position] for position in positions), Unscored(reason))
    return scored


def values(body: bytes, cells: Sequence[Cell], keys: Sequence[str] | None) -> dict[str, tuple[float, ...]]:
    """Return the scored samples by probe key; `keys` are the cells' keys where each probe has one sample."""
    mask, numbers, _ = _open(body, len(cells))
    if keys is not None:
        scored = keys if len(numbers) == len(keys) else compress(keys, _bits(mask, len(keys)))
        return dict(zip(scored, zip(numbers, strict=True), strict=True))
    pairs = zip(_chosen(cells, mask), numbers, strict=True)
    return {key: tuple(number for _, number in group) for key, group in groupby(pairs, lambda pair: pair[0][0])}


def mean(body: bytes, cells: Sequence[Cell], keys: Sequence[str] | None) -> float | None:
    """Return the mean over probes, a probe's samples averaged first; None where nothing was scored."""
    if keys is None:
        each = [math.fsum(samples) / len(samples) for samples in values(body, cells, None).values()]
    else:
        each = _open(body, len(cells))[1]
    return math.fsum(each) / len(each) if each else None


def single_sample_keys(cells: Sequence[Cell]) -> tuple[str, ...] | None:
    """Return the probe keys in order if no probe has two samples."""
    keys = tuple(key for key, _ in cells)
    return keys if len(set(keys)) == len(keys) else None


def _open(body: bytes, cells: int) -> tuple[int, list[float], bytes]:
    plain = unsqueeze(body)
    start = 1 + _mask_size(cells)
    mask = int.from_bytes(plain[1:start], "little")
    numbers = array(chr(plain[0]))
    end = start + mask.bit_count() * numbers.itemsize
    numbers.frombytes(plain[start:end])
    if sys.byteorder == "big":
        numbers.byteswap()
    return mask, list(map(float, numbers)), plain[end:]


def _joined(numbers: Sequence[float], mask: int, cells: int, tail: bytes = b"") -> bytes:
    kind, raw = _narrow(numbers)
    return squeeze(kind.encode() + mask.to_bytes(_mask_size(cells), "little") + raw + tail)


def _narrow(numbers: Sequence[float]) -> tuple[str, bytes]:
    exact, low, high = array("d", numbers), min(numbers, default=0), max(numbers, default=0)
    kind = next((k for k in "bhi" if -(_reach := 1 << (8 * array(k).itemsize - 1)) <= low and high < _reach), "d")
    whole = array(kind, map(int, numbers)) if kind != "d" and all(map(float.is_integer, numbers)) else exact
    # A negative zero is no whole number: its sign would be lost.
    packed = whole if array("d", whole).tobytes() == exact.tobytes() else exact
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.typecode, packed.tobytes()


def _chosen(cells: Sequence[Cell], mask: int) -> Iterable[Cell]:
    return compress(cells, _bits(mask, len(cells)))


# The metrics of one replay mostly miss the same answers.
@lru_cache(maxsize=32)
def _bits(mask: int, size: int) -> tuple[bool, ...]:
    return tuple(bool(mask >> position & 1) for position in range(size))


def _mask_size(cells: int) -> int:
    return (cells + 7) // 8


def _finite(number: float, cell: Cell) -> float:
    if not math.isfinite(number):
        raise ValueError(f"the score of {cell} is {number}; a score is a finite number, or Unscored(reason)")
    return float(number)
