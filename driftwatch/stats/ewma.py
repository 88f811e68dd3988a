"""Two-sided EWMA: best for a small shift that stays, where one wants a smoothed level to look at."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from driftwatch.stats.detector import Reading
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.root import root

_NODES_PER_SD = 5.0  # of the kernel; with them the ARL settles to ten digits
_FEWEST, _MOST = 40, 400
LEAST_SMOOTHING, LONGEST_ARL = 0.01, 1e9


@dataclass(frozen=True, kw_only=True)
class EwmaState:
    """The average, the count of updates, and the update at which the average last changed sign."""

    average: float
    onset: int | None
    updates: int


@dataclass(frozen=True, kw_only=True)
class Ewma:
    """Two-sided exponentially weighted moving average of a standardised stream, with fixed limits.

    As quick as `Cusum` for the shift it is tuned to, and its statistic is a level that people can read;
    after a long excursion to one side it is slower for a shift to the other (inertia).

    Parameters
    ----------
    smoothing : float
        Weight of the newest value, 0.01 to 1. The ``lambda`` of the literature; 1 is Shewhart's chart.
    threshold : float
        Alarm level in standard deviations of the average at rest, ``sqrt(lambda / (2 - lambda))``. The
        ``L`` of the literature. The default gives an in-control ARL of 500 replays; see `ewma_threshold`.

    Raises
    ------
    DegenerateError
        If a parameter, or a value of the stream, is not finite or is out of range.

    Notes
    -----
    Assumes independent standard normal input; positive autocorrelation shortens the in-control ARL.

    References
    ----------
    .. [1] J. M. Lucas and M. S. Saccucci, "Exponentially weighted moving average control schemes",
       Technometrics 32 (1990).

    Examples
    --------
    >>> from functools import reduce
    >>> stream = [0.3, -0.8, 0.1] + [2.0] * 6
    >>> chart = Ewma()
    >>> reading = chart.read(reduce(chart.update, stream, chart.start()))
    >>> reading.alarm, reading.onset
    (True, 3)
    """

    smoothing: float = 0.2
    threshold: float = 2.9621784

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        _check(self.smoothing, self.threshold)

    def start(self) -> EwmaState:
        """An average of zero."""
        return EwmaState(average=0.0, onset=None, updates=0)

    def update(self, state: EwmaState, value: float) -> EwmaState:
        """Add one standardised value."""
        if not math.isfinite(value):
            raise DegenerateError(f"ewma: got {value}; leave missing observations out")
        average = (1 - self.smoothing) * state.average + self.smoothing * value
        # A product of the two would underflow to zero for tiny averages.
        same_side = state.average != 0 and (average > 0) == (state.average > 0)
        onset = None if average == 0 else state.onset if same_side else state.updates
        return EwmaState(average=average, onset=onset, updates=state.updates + 1)

    def read(self, state: EwmaState) -> Reading:
        """Distance of the average from zero, in its own standard deviations."""
        statistic = abs(state.average) / math.sqrt(self.smoothing / (2 - self.smoothing))
        return Reading(
            statistic=statistic,
            threshold=self.threshold,
            alarm=statistic >= self.threshold,
            onset=state.onset,
        )


@lru_cache(maxsize=256)
def ewma_arl(*, smoothing: float, threshold: float, shift: float = 0.0) -> float:
    """ARL of the two-sided EWMA of normal input with mean `shift` and unit variance, started at zero.

    Crowder's integral equation [1]_ by Gauss-Legendre nodes; the Markov chain of Lucas and Saccucci is
    the same equation by the midpoint rule, and needs hundreds of states for the fourth digit.

    References
    ----------
    .. [1] S. V. Crowder, "A simple method for studying run-length distributions of exponentially weighted
       moving average charts", Technometrics 29 (1987).

    Examples
    --------
    >>> round(ewma_arl(smoothing=0.2, threshold=2.9621784, shift=1.0), 4)
    10.543
    """
    _check(smoothing, threshold)
    if not math.isfinite(shift):
        raise DegenerateError(f"ewma: shift must be a finite number, got {shift}")
    limit = threshold * math.sqrt(smoothing / (2 - smoothing))
    count = min(max(math.ceil(_NODES_PER_SD * 2 * limit / smoothing), _FEWEST), _MOST)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes, weights = nodes * limit, weights * limit

    def moves(start: np.ndarray) -> np.ndarray:
        gap = (nodes - (1 - smoothing) * start[:, None]) / smoothing - shift
        moved: np.ndarray = weights * np.exp(-gap * gap / 2) / (smoothing * math.sqrt(2 * math.pi))
        return moved

    profile = np.linalg.solve(np.eye(count) - moves(nodes), np.ones(count))
    return 1 + float(moves(np.zeros(1))[0] @ profile)


@lru_cache(maxsize=256)
def ewma_threshold(*, arl: float, smoothing: float = 0.2) -> float:
    """Threshold (the ``L`` of the literature) of an EWMA for a wanted in-control ARL.

    Parameters
    ----------
    arl : float
        Wanted in-control ARL in replays, 5 to 1e9.
    smoothing : float
        Weight of the newest value, 0.01 to 1.

    Examples
    --------
    >>> round(ewma_threshold(arl=500.0), 5)
    2.96218
    """
    if not 5 <= arl <= LONGEST_ARL:
        raise DegenerateError(
            f"EWMA threshold: in-control ARL must lie between 5 and {LONGEST_ARL:g} replays, got {arl}"
        )
    _check(smoothing, 1.0)

    def excess(threshold: float) -> float:
        return math.log(ewma_arl(smoothing=smoothing, threshold=threshold) / arl)

    high = 1.0
    while excess(high) < 0:
        high += 0.5
    low = high
    while excess(low) > 0:
        low /= 2
    return root(excess, low, high)


def _check(smoothing: float, threshold: float) -> None:
    if not (math.isfinite(smoothing) and LEAST_SMOOTHING <= smoothing <= 1):
        raise DegenerateError(f"ewma: smoothing must lie between {LEAST_SMOOTHING} and 1, got {smoothing}")
    if not (math.isfinite(threshold) and threshold > 0):
        raise DegenerateError(f"ewma: threshold must be a finite number above zero, got {threshold}")
