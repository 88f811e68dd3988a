"""Kolmogorov-Smirnov chart on per-probe ranks: sees a change of shape with the mean held."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.detector import Reading
from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RAISED = 0.7  # share of the threshold above which an excursion is dated


@dataclass(frozen=True, kw_only=True, eq=False)
class KsState:
    """Ranks of the last replays, oldest first, and the count of updates."""

    window: tuple[Floats, ...]
    updates: int


@dataclass(frozen=True, kw_only=True)
class KsChart:
    """One-sample Kolmogorov-Smirnov distance from uniform of the ranks of the last replays.

    Feed it `sequential_ranks`: under "nothing changed" they are independent and uniform whatever the
    metric's law, so one table of thresholds serves all. It explains which part of a distribution moved;
    for a shift in the mean `Cusum` is quicker.

    Parameters
    ----------
    threshold : float
        Alarm level of the modified distance ``D (sqrt(n) + 0.12 + 0.11 / sqrt(n))`` [1]_; see `ks_threshold`.
    window : int
        Replays whose ranks are pooled.

    Notes
    -----
    Assumes independent replays; a factor common to all probes of a replay shortens the in-control ARL.

    References
    ----------
    .. [1] M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-von Mises and related statistics
       without extensive tables", JRSS B 32 (1970).

    Examples
    --------
    >>> from functools import reduce
    >>> import numpy as np
    >>> even, high = (np.arange(60) + 0.5) / 60, np.full(60, 0.99)
    >>> chart = KsChart(threshold=2.2)
    >>> [chart.read(reduce(chart.update, stream, chart.start())).alarm for stream in ([even], [even, high])]
    [False, True]
    """

    threshold: float
    window: int = 8

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise DegenerateError(f"KS chart: threshold must be a finite number above zero, got {self.threshold}")
        if self.window < 1:
            raise DegenerateError(f"KS chart: window must be 1 replay or more, got {self.window}")

    def start(self) -> KsState:
        """An empty window."""
        return KsState(window=(), updates=0)

    def update(self, state: KsState, ranks: Floats) -> KsState:
        """Add one replay's ranks, shape (n_ranks,), each in [0, 1]."""
        if not ((ranks >= 0) & (ranks <= 1)).all():
            raise DegenerateError("KS chart: ranks must lie in [0, 1]; leave missing observations out")
        return KsState(window=(*state.window, ranks)[-self.window :], updates=state.updates + 1)

    def read(self, state: KsState) -> Reading:
        """Distance of the window's ranks from uniform."""
        statistic = _pooled_distance(state)
        return Reading(
            statistic=statistic,
            threshold=self.threshold,
            alarm=statistic >= self.threshold,
            onset=self._onset(state) if statistic > _RAISED * self.threshold else None,
        )

    def _onset(self, state: KsState) -> int:
        """First update of the stretch up to now that stands farthest from uniform."""
        since = [modified_distance(np.concatenate(state.window[i:])) for i in range(len(state.window))]
        return state.updates - len(since) + int(np.argmax(since))


# A state is read when its replay is judged and again when it is told.
@lru_cache(maxsize=8)
def _pooled_distance(state: KsState) -> float:
    return modified_distance(np.concatenate([*state.window, np.empty(0)]))


def modified_distance(ranks: Floats) -> float:
    """Stephens' modified Kolmogorov-Smirnov distance of ranks from uniform; 0 without ranks.

    Parameters
    ----------
    ranks : ndarray, shape (n_ranks,)
        Each in [0, 1]. Independent uniform ones have nearly the same law of this for every number of them [1]_.

    References
    ----------
    .. [1] M. A. Stephens (1970), as of `KsChart`.

    Examples
    --------
    >>> import numpy as np
    >>> round(modified_distance(np.array([0.5])), 3)
    0.615
    """
    if not ranks.size:
        return 0.0
    root = math.sqrt(ranks.size)
    return ks_distance(ranks) * (root + 0.12 + 0.11 / root)


def ks_distance(ranks: Floats) -> float:
    """Largest gap between the empirical distribution of `ranks` and the uniform one.

    Parameters
    ----------
    ranks : ndarray, shape (n_ranks,)
        One or more, each in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> ks_distance(np.array([0.5, 0.25]))
    0.5
    """
    ordered = np.sort(ranks)
    steps = np.arange(ordered.size + 1) / ordered.size
    return float(max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max()))


def ks_p_value(ranks: Floats) -> float:
    """Exact one-sample two-sided p-value against uniform, for one look.

    Parameters
    ----------
    ranks : ndarray, shape (n_ranks,)
        One or more, each in [0, 1]; independent and uniform if nothing changed, none twice. The law is scipy's `kstwo`.

    Raises
    ------
    DegenerateError
        If there are none.

    Examples
    --------
    >>> import numpy as np
    >>> round(ks_p_value((np.arange(1, 31) - 0.5) / 30 + 0.15), 10)
    0.3371005641
    """
    if not ranks.size:
        raise DegenerateError("KS p-value: no ranks given")
    # Loading scipy.stats takes longer than a replay, and no chart needs it.
    from scipy.stats import kstwo

    return float(kstwo.sf(ks_distance(ranks), ranks.size))


def sequential_ranks(reference: Floats, new: Floats, rng: "np.random.Generator") -> Floats:
    """Randomised ranks in (0, 1) of new values among their own probe's reference, ties broken at random.

    Parameters
    ----------
    reference, new : ndarray, shapes (n_probes, n_reference) and (n_probes, n_samples)
        NaN where there is no value.
    rng : numpy.random.Generator
        Breaks ties; draws one number per new value whether it is used or not.

    Returns
    -------
    ndarray, shape (n_ranks,)
        Probes whose bag is constant are left out: that choice depends on the bag alone, so the others
        stay uniform.
    """
    coins = rng.random(new.shape)
    ranks = []
    bag = reference
    varied = _varied(np.concatenate([reference, new], axis=1))
    for sample in range(new.shape[1]):
        value = new[:, sample, None]
        below, equal = (bag < value).sum(axis=1), (bag == value).sum(axis=1)
        size = np.isfinite(bag).sum(axis=1)
        rank = _randomised(below, equal, size, coins[:, sample])
        ranks.append(rank[np.isfinite(value[:, 0]) & (size > 0) & varied])
        if sample + 1 < new.shape[1]:
            bag = np.concatenate([bag, value], axis=1)
    return np.concatenate([*ranks, np.empty(0)])


def ranks_in(bags: Bags, new: Floats, below: Ints, equal: Ints, rng: "np.random.Generator") -> Floats:
    """What `sequential_ranks` gives for one sample a probe, whose place among the reference is known already."""
    value = new[:, 0]
    varied = np.fmax(bags.highest, value) > np.fmin(bags.lowest, value)
    rank = _randomised(below, equal, bags.sizes, rng.random(new.shape)[:, 0])
    ranks: Floats = rank[np.isfinite(value) & (bags.sizes > 0) & varied]
    return ranks


def _randomised(below: Ints, equal: Ints, size: Ints, coins: Floats) -> Floats:
    """Ranks in (0, 1) of values with so many below and so many equal among `size` others."""
    rank: Floats = (below + coins * (equal + 1)) / (size + 1)
    return rank


def _varied(bag: Floats) -> NDArray[np.bool_]:
    present = np.isfinite(bag)
    varied: NDArray[np.bool_] = np.where(present, bag, -np.inf).max(axis=1) > np.where(present, bag, np.inf).min(axis=1)
    return varied
