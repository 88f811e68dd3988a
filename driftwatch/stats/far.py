"""What counts as a rare event of a measured metric: a value far outside the probe's own past."""

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.events import Events

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FAR = 4.0  # of the probe's own scale
_CONSISTENT = 1.2533  # mean absolute deviation of a normal law, inverted
_BORROWED = 5.0  # values' worth of the median probe's scale that every probe's own is mixed with
_NOTHING = np.full((1, 1), np.inf)
_LARGEST = 1e150  # squares of larger values overflow


def far_below_and_above(bags: Bags, new: Floats) -> tuple[Events, Events]:
    """Answers more than four times the probe's usual deviation below, or above, its median.

    Where all values are above zero they are compared by their logarithms: no length lies six standard deviations
    of lengths below its median, and a refusal is a tenth of it. A probe's scale is its mean absolute deviation,
    in part borrowed from the others.

    Parameters
    ----------
    bags : Bags
        The reference; what follows from it alone is worked out once.
    new : ndarray, shape (n_probes, n_samples)
        NaN where there is no value.

    Examples
    --------
    >>> import numpy as np
    >>> lengths = Bags(held=np.tile([90.0, 100.0, 110.0], (2, 10)))
    >>> low, high = far_below_and_above(lengths, np.array([[20.0], [100.0]]))
    >>> low.now.tolist(), low.past.tolist(), high.now.tolist()
    ([1, 0], [0, 0], [0, 0])
    """
    present = np.isfinite(new)
    drawn = present.sum(axis=1)
    sizes = bags.sizes + drawn
    if not sizes.any():
        return (Events(past=sizes, sizes=sizes, now=sizes, drawn=sizes),) * 2
    positive = bags.least > 0 and bool((new[present] > 0).all())
    past = bags.remembered(("on scale", positive), lambda: _Past(_on_scale(bags.ordered, positive=positive)))
    today = _on_scale(np.where(present, new, np.inf), positive=positive)
    centre = _median(past, today, sizes)
    deviation = (past.distance(centre) + _distance(today, present, centre)) / np.maximum(sizes, 1)
    scale = _CONSISTENT * deviation
    usual = _middle(scale[sizes > 0])
    scale = np.sqrt((sizes * scale**2 + _BORROWED * usual**2) / (sizes + _BORROWED))
    below, above = centre - _FAR * scale, centre + _FAR * scale
    low, high = (today < below[:, None]) & present, (today > above[:, None]) & present
    return (
        Events(past=past.below(below), sizes=bags.sizes, now=low.sum(axis=1), drawn=drawn),
        Events(past=past.above(above), sizes=bags.sizes, now=high.sum(axis=1), drawn=drawn),
    )


def _middle(values: Floats) -> float:
    """Median, in a fifth of the time that `numpy.median` takes for its options."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


class _Past:
    """Reference values on the scale on which distances are taken, ascending, infinite where missing."""

    def __init__(self, ordered: Floats) -> None:
        self.ordered = ordered
        self.edges = _with_edges(ordered)
        self._present = np.isfinite(ordered)
        self._full = bool(self._present.all())
        self._first = ordered.min(axis=1, initial=np.inf)
        self._last = np.where(self._present, ordered, -np.inf).max(axis=1, initial=-np.inf)

    def distance(self, centre: Floats) -> Floats:
        """Summed distance of each row from its centre."""
        if self._full:
            total: Floats = np.abs(self.ordered - centre[:, None]).sum(axis=1)
            return total
        return _distance(self.ordered, self._present, centre)

    def below(self, bound: Floats) -> Ints:
        """Values below each row's bound; hardly ever any."""
        if not (self._first < bound).any():
            return np.zeros(len(bound), dtype=np.int64)
        count: Ints = (self.ordered < bound[:, None]).sum(axis=1)
        return count

    def above(self, bound: Floats) -> Ints:
        """Values above each row's bound."""
        if not (self._last > bound).any():
            return np.zeros(len(bound), dtype=np.int64)
        count: Ints = ((self.ordered > bound[:, None]) & self._present).sum(axis=1)
        return count


def _on_scale(values: Floats, *, positive: bool) -> Floats:
    """Logarithms of values above zero, else the values; infinite where missing."""
    if positive:
        return np.log(values)
    return np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), np.inf)


def _distance(values: Floats, present: NDArray[np.bool_], centre: Floats) -> Floats:
    total: Floats = np.where(present, np.abs(values - centre[:, None]), 0.0).sum(axis=1)
    return total


def _median(past: "_Past", today: Floats, sizes: Ints) -> Floats:
    """Median of each row once today's values, infinite where missing, have joined it; 0 for an empty row."""
    edges = past.edges
    if today.shape[1] != 1:
        edges, today = _with_edges(np.sort(np.concatenate([past.ordered, today], axis=1), axis=1)), _NOTHING
    row = np.arange(len(sizes))
    low, high = (
        # What one more value pushes to a place lies between the two that stood around it.
        np.clip(today[:, 0], edges[row, at], edges[row, at + 1])
        for at in (np.maximum(sizes - 1, 0) // 2, sizes // 2)
    )
    return np.where(sizes > 0, (low + high) / 2, 0.0)


def _with_edges(ordered: Floats) -> Floats:
    return np.pad(ordered, ((0, 0), (1, 2)), constant_values=((0, 0), (-np.inf, np.inf)))
