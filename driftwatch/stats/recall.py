"""What each probe's bag says of today's value; remembered as long as the reference stays the same.

Best once the reference is full, or rests after an alarm: then a probe meets the same few situations again and again, a
pass or a failure, a value between the same two of its past. A reference that still grows is compared afresh.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.exchangeable import Kind, ProbeLaws, laws_on_grid, sum_of
from driftwatch.stats.grid import Grid, grid_of
from driftwatch.stats.tilts import tilt_rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = dict[str, NDArray[Any]]

_MOST_ROWS = 1 << 14  # of one reference; about 4 MB
_SHORT = 64  # scores up to which a bag's counts are remembered
_LAWS = tuple(field.name for field in fields(ProbeLaws))


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the bags say of one replay, row by row.

    Parameters
    ----------
    laws : ProbeLaws
        Laws of the summed scores.
    tilts : ndarray, shape (n_probes, 8)
        See `tilt_rows`; of a pass/fail metric empty, for its bets are on the odds.
    below, equal : ndarray, shape (n_probes,)
        Reference values below today's, and equal to it; of the first sample.
    """

    laws: ProbeLaws
    tilts: Floats
    below: Ints
    equal: Ints


def said(bags: Bags, new: Floats, kind: Kind) -> Said:
    """Compare today's values, shape (n_probes, n_samples), with the bags.

    Examples
    --------
    >>> import numpy as np
    >>> bags, new = Bags(held=np.tile(np.arange(9.0), (3, 1))), np.array([[1.0], [2.5], [np.nan]])
    >>> [said(bags, new, "continuous").below.tolist() for again in range(3)]
    [[1, 3, 0], [1, 3, 0], [1, 3, 0]]
    """
    grid = None if kind == "continuous" else grid_of(bags, new)
    memory = _memory(bags, new, grid)
    if memory is None:
        return _afresh(bags.held, new, kind, grid)
    rows = memory.rows(_keys(bags, new, grid), lambda at: _as_rows(_afresh(bags.held[at], new[at], kind, grid), grid))
    found = _from_rows(rows)
    if not found.laws.counts.shape[1] and (total := sum_of(found.laws, kind)) is not None and total.convolved:
        counts = laws_on_grid(bags.held, new, grid).counts
        return replace(found, laws=replace(found.laws, counts=counts))
    return found


class _Memory:
    """Rows by bag and situation, in arrays that grow; forgets all when it holds too many.

    Parameters
    ----------
    bags : sequence of bytes
        What each probe's rows depend on; probes that have it alike share their rows.
    """

    def __init__(self, bags: Sequence[bytes]) -> None:
        self._bags = bags
        self._begin()

    def _begin(self) -> None:
        shared: dict[bytes, dict[Hashable, int]] = {bag: {} for bag in self._bags}
        self._places = [shared[bag] for bag in self._bags]
        self._columns: Rows = {}
        self._held = 0

    def rows(self, keys: Sequence[Hashable], compare: Callable[[Ints], Rows]) -> Rows:
        """One row for each probe's situation; what was never met is compared first, all of it at once."""
        if self._held + len(keys) > max(_MOST_ROWS, 2 * len(keys)):
            self._begin()
        at = np.array([places.get(key, -1) for places, key in zip(self._places, keys, strict=True)])
        if (new := np.flatnonzero(at < 0)).size:
            at[new] = np.arange(self._held, self._held + new.size)
            self._add(compare(new))
            for probe in new.tolist():
                self._places[probe][keys[probe]] = int(at[probe])
        return {name: column[at] for name, column in self._columns.items()}

    def _add(self, rows: Rows) -> None:
        count = len(next(iter(rows.values())))
        for name, added in rows.items():
            column = self._columns.get(name)
            if column is None or len(column) < self._held + count:
                grown = np.zeros((2 * (self._held + count), *added.shape[1:]), dtype=added.dtype)
                if column is not None:
                    grown[: self._held] = column[: self._held]
                column = self._columns[name] = grown
            column[self._held : self._held + count] = added
        self._held += count


def _memory(bags: Bags, new: Floats, grid: Grid | None) -> _Memory | None:
    """The memory of these bags; none at their first comparison, or for what is not worth remembering."""
    rested, bags.memory["compared"] = bags.rested, True
    usual = grid is None or (grid.low, grid.high) == (bags.least, bags.most)
    if new.shape[1] != 1 or not usual or not bags.held.shape[1] or not rested:
        return None
    return bags.remembered(("rows", grid and grid.step), lambda: _Memory(_alike(bags, grid)))


def _alike(bags: Bags, grid: Grid | None) -> list[bytes]:
    """What two bags must share for the same situation to say the same: their values, or only their ties for ranks."""
    ordered = bags.ordered
    if grid is None:
        repeated = np.zeros(ordered.shape, dtype=bool)
        repeated[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
        ordered = np.concatenate([repeated, bags.sizes[:, None]], axis=1)
    return [row.tobytes() for row in ordered]


def _keys(bags: Bags, new: Floats, grid: Grid | None) -> list[Hashable]:
    """What sets two situations of one probe apart: today's value, or only its place among the others for ranks."""
    today = new[:, 0].tolist()
    if grid is not None:
        return [None if isnan(value) else value for value in today]  # NaN equals no key
    return [None if isnan(value) else _place(row, value) for row, value in zip(bags.rows, today, strict=True)]


def _place(row: list[float], value: float) -> int:
    """Even on a value of the row, odd between two."""
    left = bisect_left(row, value)
    return 2 * left if left < len(row) and row[left] == value else 2 * left - 1


def _afresh(held: Floats, new: Floats, kind: Kind, grid: Grid | None) -> Said:
    laws, first = laws_on_grid(held, new, grid), new[:, :1]
    return Said(
        laws=laws,
        tilts=np.zeros((len(new), 0)) if kind == "binary" else tilt_rows(laws),
        below=(held < first).sum(axis=1),
        equal=(held == first).sum(axis=1),
    )


def _as_rows(found: Said, grid: Grid | None) -> Rows:
    rows = {name: getattr(found.laws, name) for name in _LAWS}
    if grid is None or rows["counts"].shape[1] > _SHORT:
        rows["counts"] = rows["counts"][:, :0]  # long, and hardly ever asked for
    return rows | {"tilts": found.tilts, "below": found.below, "equal": found.equal}


def _from_rows(rows: Rows) -> Said:
    laws = ProbeLaws(**{name: rows[name] for name in _LAWS})
    return Said(laws=laws, tilts=rows["tilts"], below=rows["below"], equal=rows["equal"])
