"""Each probe's bag of reference values, growing by quiet replays up to a cap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]
_BLOCK = 32
_MISSING = (np.nan,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Reference values of every probe.

    Parameters
    ----------
    probes : tuple of str
        Probe keys, sorted, so that no result depends on the order in which answers arrived.
    values : ndarray, shape (n_probes, capacity)
        Values in the order in which they came, NaN beyond `counts`.
    stamps : ndarray of int32, shape (n_probes, capacity)
        Index of the replay each value came from, -1 beyond `counts`.
    counts, last_seen : ndarrays of int32, shape (n_probes,)
        Values held, and index of the last replay in which the probe was scored.
    known : Bags, optional
        The same values with what follows from them, where a copy that differs in `last_seen` alone has worked it out.
    """

    probes: tuple[str, ...]
    values: Floats
    stamps: NDArray[np.int32]
    counts: NDArray[np.int32]
    last_seen: NDArray[np.int32]
    known: Bags | None = field(default=None, repr=False)

    @classmethod
    def empty(cls) -> "Reference":
        """No probes yet."""
        none = np.zeros(0, dtype=np.int32)
        return cls(
            probes=(), values=np.zeros((0, 0)), stamps=np.zeros((0, 0), dtype=np.int32), counts=none, last_seen=none
        )

    @cached_property
    def bags(self) -> Bags:
        """The values, with a memory for what follows from them."""
        return self.known or Bags(held=self.values[:, : int(self.counts.max(initial=0))])

    @property
    def held(self) -> Floats:
        """The values without the unused columns, shape (n_probes, largest count)."""
        return self.bags.held

    @property
    def sampled(self) -> bool:
        """Whether the first replay of any probe brought several values."""
        first = self.stamps[:, :2]
        return first.shape[1] > 1 and bool(((first[:, 0] == first[:, 1]) & (first[:, 0] >= 0)).any())

    def with_rows(self, probes: tuple[str, ...]) -> "Reference":
        """The same bags for another sorted set of probes: rows are added empty, or dropped."""
        if probes == self.probes:
            return self
        row = {probe: i for i, probe in enumerate(self.probes)}
        source = np.array([row.get(probe, -1) for probe in probes], dtype=np.int64)
        return Reference(
            probes=probes,
            values=_take(self.values, source, np.nan),
            stamps=_take(self.stamps, source, -1),
            counts=_take(self.counts, source, 0),
            last_seen=_take(self.last_seen, source, -1),
        )

    def absorb(self, new: Floats, *, index: int, cap: int) -> "Reference":
        """Add the values of replay `index`, shape (n_probes, n_samples), to bags that hold fewer than `cap`."""
        counts = self.counts.copy()
        wanted = min(int(counts.max(initial=0)) + new.shape[1], max(cap, int(counts.max(initial=0))))
        missing = max(0, wanted - self.values.shape[1])
        extra = -(-missing // _BLOCK) * _BLOCK
        values, stamps = _widened(self.values, extra, np.nan), _widened(self.stamps, extra, -1)
        for sample in new.T:
            rows = np.flatnonzero(np.isfinite(sample) & (counts < cap))
            values[rows, counts[rows]] = sample[rows]
            stamps[rows, counts[rows]] = index
            counts[rows] += 1
        return replace(self, values=values, stamps=stamps, counts=counts, known=None)

    def seen(self, new: Floats, *, index: int) -> "Reference":
        """Note which probes replay `index` scored."""
        scored = np.isfinite(new).any(axis=1)
        return replace(self, last_seen=np.where(scored, np.int32(index), self.last_seen), known=self.bags)

    def without_since(self, index: int) -> "Reference":
        """The bags as if no replay from `index` on had been absorbed."""
        keep = (self.stamps >= 0) & (self.stamps < index)
        counts = keep.sum(axis=1).astype(np.int32)
        # Values arrive in order, so those to be removed are the last ones of each row.
        return replace(
            self,
            values=np.where(keep, self.values, np.nan),
            stamps=np.where(keep, self.stamps, -1).astype(np.int32),
            counts=counts,
            known=None,
        )


def replay_matrix(probes: Sequence[str], values: Mapping[str, tuple[float, ...]]) -> Floats:
    """One replay as a matrix, shape (n_probes, most samples), NaN where a probe has fewer."""
    rows = [values.get(probe, ()) for probe in probes]
    samples = set(map(len, rows))
    if samples <= {0, 1}:
        matrix = np.array([row or _MISSING for row in rows] if 0 in samples else rows, dtype=float).reshape(-1, 1)
    else:
        matrix = np.full((len(probes), max(samples)), np.nan)
        for at, given in enumerate(rows):
            matrix[at, : len(given)] = given
    if int(np.isfinite(matrix).sum()) != sum(map(len, rows)):
        bad = next((probe, v) for probe, v in values.items() if not np.isfinite(np.asarray(v, dtype=float)).all())
        raise DegenerateError(f"stream: probe {bad[0]} has {bad[1]}; leave missing observations out")
    return matrix


def _take(array: NDArray[Any], source: NDArray[np.int64], missing: float) -> NDArray[Any]:
    """Rows of `array` by position, a row of `missing` where the position is -1."""
    out = np.full((len(source), *array.shape[1:]), missing, dtype=array.dtype)
    out[source >= 0] = array[source[source >= 0]]
    return out


def _widened(array: NDArray[Any], extra: int, missing: float) -> NDArray[Any]:
    """A copy with `extra` columns of a missing value."""
    if not extra:
        return array.copy()
    return np.concatenate([array, np.full((len(array), extra), missing, dtype=array.dtype)], axis=1)
