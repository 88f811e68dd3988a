"""The whole-number grid on which pass/fail and graded values are scored: spanned by the values of all probes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FEW_VALUES = 16  # different values of one replay up to which its grid is remembered
_MOST_GRIDS = 500  # grids that are remembered
VALUE_GRID = 240  # divisible by 1-6, 8, 10, 12, 15, 16, 20: the usual rubrics stay exact


@dataclass(frozen=True)
class Grid:
    """Whole-number grid for the values of all probes: its ends, and how many of its 240 steps are one."""

    low: float
    high: float
    step: int

    def scores(self, values: Floats) -> Ints:
        """Values between the ends as whole numbers."""
        scores: Ints = self.fine(values) // self.step
        return scores

    def fine(self, values: Floats) -> Ints:
        """The same in single steps."""
        if not self.high > self.low:
            return np.zeros(values.shape, dtype=np.int64)
        scale = max(abs(self.low), abs(self.high))  # first, because the range of huge values may overflow
        share = (values / scale - self.low / scale) / (self.high / scale - self.low / scale)
        return np.rint(share * VALUE_GRID).astype(np.int64)


def grid_of(bags: Bags, new: Floats) -> Grid:
    """Grid that is symmetric in each bag: spanned by the values of all probes that answered, today's among them."""
    present = np.isfinite(new)
    answered = np.asarray(present.any(axis=1))
    today = new[present]
    if bags.rested and answered.all():
        values = frozenset(today.tolist())
        if len(values) <= _FEW_VALUES:
            keep = len(bags.memory) < _MOST_GRIDS
            return bags.remembered(("grid", values), lambda: _spanned(bags, answered, today), keep=keep)
    return _spanned(bags, answered, today)


def _spanned(bags: Bags, answered: NDArray[np.bool_], today: Floats) -> Grid:
    low = min(float(bags.lowest[answered].min(initial=np.inf)), float(today.min(initial=np.inf)))
    high = max(float(bags.highest[answered].max(initial=-np.inf)), float(today.max(initial=-np.inf)))
    if not high > low:
        return Grid(low, high, 1)
    ends = Grid(low, high, 1)
    held = _steps_held(bags, ends)
    used = np.concatenate([np.flatnonzero(held[answered].any(axis=0)), ends.fine(today)])
    return Grid(low, high, max(1, int(np.gcd.reduce(used))))


def _steps_held(bags: Bags, ends: Grid) -> NDArray[np.bool_]:
    """Which steps of a grid each probe's values stand on, shape (n_probes, 241)."""
    usual = (ends.low, ends.high) == (bags.least, bags.most)
    return bags.remembered("steps", lambda: _steps(bags, ends)) if usual else _steps(bags, ends)


def _steps(bags: Bags, ends: Grid) -> NDArray[np.bool_]:
    inside = bags.present & (bags.held >= ends.low) & (bags.held <= ends.high)
    held = np.zeros((len(bags.held), VALUE_GRID + 1), dtype=bool)
    held[np.nonzero(inside)[0], ends.fine(bags.held[inside])] = True
    return held
