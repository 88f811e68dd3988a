"""Cramér-von Mises chart on per-probe ranks: best for a change of shape or place that many probes share a little."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.detector import Reading
from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]

_RAISED = 0.7  # share of the threshold above which an excursion is dated


@dataclass(frozen=True, kw_only=True)
class CvmState:
    """Ranks of the last replays, oldest first, and the count of updates."""

    window: tuple[Floats, ...]
    updates: int


@dataclass(frozen=True, kw_only=True)
class CvmChart:
    """One-sample Cramér-von Mises distance from uniform of the ranks of the last replays.

    Feed it `sequential_ranks`: under "nothing changed" they are independent and uniform whatever the
    metric's law, so one table of thresholds serves all. It sums the squared gaps that `KsChart` takes the
    largest of, so it is the stronger of the two for a broad change; a gap in one place is `KsChart`'s, and
    a shift in the mean is `Cusum`'s.

    Parameters
    ----------
    threshold : float
        Alarm level of the modified distance ``(W2 - 0.4 / n + 0.6 / n^2)(1 + 1 / n)`` [1]_; see `cvm_threshold`.
    window : int
        Replays whose ranks are pooled.

    Raises
    ------
    DegenerateError
        If a parameter is out of range, or a rank lies outside [0, 1].

    Notes
    -----
    Assumes independent replays; a factor common to all probes of a replay shortens the in-control ARL.
    `cvm_threshold` gives the threshold for an ARL of 20 to 1e9 replays.

    References
    ----------
    .. [1] M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-von Mises and related statistics
       without extensive tables", JRSS B 32 (1970).

    Examples
    --------
    >>> from functools import reduce
    >>> import numpy as np
    >>> even, high = (np.arange(60) + 0.5) / 60, np.full(60, 0.99)
    >>> chart = CvmChart(threshold=0.92)
    >>> [chart.read(reduce(chart.update, stream, chart.start())).alarm for stream in ([even], [even, high])]
    [False, True]
    """

    threshold: float
    window: int = 8

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise DegenerateError(f"CvM chart: threshold must be a finite number above zero, got {self.threshold}")
        if self.window < 1:
            raise DegenerateError(f"CvM chart: window must be 1 replay or more, got {self.window}")

    def start(self) -> CvmState:
        """An empty window."""
        return CvmState(window=(), updates=0)

    def update(self, state: CvmState, ranks: Floats) -> CvmState:
        """Add one replay's ranks, shape (n_ranks,), each in [0, 1]."""
        if not ((ranks >= 0) & (ranks <= 1)).all():
            raise DegenerateError("CvM chart: ranks must lie in [0, 1]; leave missing observations out")
        return CvmState(window=(*state.window, ranks)[-self.window :], updates=state.updates + 1)

    def read(self, state: CvmState) -> Reading:
        """Distance of the window's ranks from uniform."""
        statistic = modified_cvm(np.concatenate([*state.window, np.empty(0)]))
        return Reading(
            statistic=statistic,
            threshold=self.threshold,
            alarm=statistic >= self.threshold,
            onset=self._onset(state) if statistic > _RAISED * self.threshold else None,
        )

    def _onset(self, state: CvmState) -> int:
        """First update of the stretch up to now that stands farthest from uniform."""
        since = [modified_cvm(np.concatenate(state.window[i:])) for i in range(len(state.window))]
        return state.updates - len(since) + int(np.argmax(since))


def modified_cvm(ranks: Floats) -> float:
    """Stephens' modified Cramér-von Mises distance of ranks from uniform, at least 0; 0 without ranks.

    Parameters
    ----------
    ranks : ndarray, shape (n_ranks,)
        Each in [0, 1]. Independent uniform ones have nearly the same law of this for every number of them [1]_.

    References
    ----------
    .. [1] M. A. Stephens (1970), as of `CvmChart`.

    Examples
    --------
    >>> import numpy as np
    >>> round(modified_cvm(np.array([0.9])), 3)
    0.887
    """
    n = ranks.size
    if not n:
        return 0.0
    return max(0.0, (cvm_distance(ranks) - 0.4 / n + 0.6 / n**2) * (1 + 1 / n))


def cvm_distance(ranks: Floats) -> float:
    """Cramér-von Mises ``W2`` of one or more ranks against uniform: n times the mean squared gap.

    Examples
    --------
    >>> import numpy as np
    >>> round(cvm_distance(np.array([0.5])), 6)
    0.083333
    """
    n = ranks.size
    if not n:
        raise DegenerateError("CvM distance: no ranks given")
    middles = (2 * np.arange(n) + 1) / (2 * n)
    gaps = np.sort(ranks) - middles
    return float(1 / (12 * n) + gaps @ gaps)
