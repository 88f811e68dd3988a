"""Two-sided tabular CUSUM: the chart people know, best for a shift of 0.5 to 2 sd that stays."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from driftwatch.stats.detector import Reading
from driftwatch.stats.errors import DegenerateError

Sides = Literal["two", "upper", "lower"]


@dataclass(frozen=True, kw_only=True)
class CusumState:
    """Both one-sided sums, and the count of updates at which each last left its start or zero."""

    upper: float
    lower: float
    upper_onset: int | None
    lower_onset: int | None
    updates: int


@dataclass(frozen=True, kw_only=True)
class Cusum:
    """Two-sided tabular CUSUM for a shift in the mean of a standardised stream.

    Choose it for shifts of 0.5 to 2 standard deviations that stay. For one large jump a Shewhart chart
    is as quick; for a change of shape with the mean held, use `KsChart`.

    Parameters
    ----------
    reference : float
        Half the shift to be found quickest, in standard deviations of the input. The ``k`` of the literature.
    threshold : float
        Alarm level, in the same unit; the ``h`` of the literature. The default gives an in-control ARL
        of 370 replays for independent standard normal input; see `calibrate_threshold`.
    head_start : float
        Where the sums start, as a share of the threshold; 0.5 is the fast initial response (FIR) [2]_.
    sides : {"two", "upper", "lower"}
        Which shifts raise the statistic.

    Raises
    ------
    DegenerateError
        If a parameter, or a value of the stream, is not finite or is out of range.

    Notes
    -----
    Assumes independent standard normal input; positive autocorrelation shortens the in-control ARL.

    References
    ----------
    .. [1] E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954).
    .. [2] J. M. Lucas and R. B. Crosier, "Fast initial response for CUSUM quality-control schemes",
       Technometrics 24 (1982).

    Examples
    --------
    >>> from functools import reduce
    >>> stream = [0.3, -0.8, 0.1] + [2.0] * 4
    >>> chart = Cusum()
    >>> reading = chart.read(reduce(chart.update, stream, chart.start()))
    >>> reading.alarm, reading.onset
    (True, 3)
    """

    reference: float = 0.5
    threshold: float = 4.7738
    head_start: float = 0.0
    sides: Sides = "two"

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        if not (math.isfinite(self.reference) and self.reference > 0):
            raise DegenerateError(f"cusum: reference must be a finite number above zero, got {self.reference}")
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise DegenerateError(f"cusum: threshold must be a finite number above zero, got {self.threshold}")
        if not 0 <= self.head_start < 1:
            raise DegenerateError(f"cusum: head_start must lie in [0, 1), got {self.head_start}")

    def start(self) -> CusumState:
        """Both sums at the head start."""
        start = self.head_start * self.threshold
        upper = 0.0 if self.sides == "lower" else start
        lower = 0.0 if self.sides == "upper" else start
        return CusumState(upper=upper, lower=lower, upper_onset=None, lower_onset=None, updates=0)

    def update(self, state: CusumState, value: float) -> CusumState:
        """Add one standardised value."""
        if not math.isfinite(value):
            raise DegenerateError(f"cusum: got {value}; leave missing observations out")
        upper = 0.0 if self.sides == "lower" else max(0.0, state.upper + value - self.reference)
        lower = 0.0 if self.sides == "upper" else max(0.0, state.lower - value - self.reference)
        return CusumState(
            upper=upper,
            lower=lower,
            upper_onset=_onset(upper, state.upper_onset, state.updates),
            lower_onset=_onset(lower, state.lower_onset, state.updates),
            updates=state.updates + 1,
        )

    def read(self, state: CusumState) -> Reading:
        """Stand of the larger sum."""
        statistic = max(state.upper, state.lower)
        return Reading(
            statistic=statistic,
            threshold=self.threshold,
            alarm=statistic >= self.threshold,
            onset=state.upper_onset if state.upper >= state.lower else state.lower_onset,
        )


def turned(sums: CusumState, *, down: bool, reference: float) -> tuple[float, int, CusumState]:
    """Mean shift since the side's excursion began, with its sign, its replays, and the sums with the other side anew.

    Left as it is, the old height of the side that alarmed before would turn the alarm back at once.

    Examples
    --------
    >>> sums = CusumState(upper=3.0, lower=6.0, upper_onset=1, lower_onset=6, updates=9)
    >>> shift, replays, rested = turned(sums, down=True, reference=0.5)
    >>> shift, replays, rested.upper, rested.lower
    (-2.5, 3, 0.0, 6.0)
    """
    height, since = (sums.lower, sums.lower_onset) if down else (sums.upper, sums.upper_onset)
    replays = sums.updates - (since or 0)
    size = height / replays + reference
    if down:
        return -size, replays, replace(sums, upper=0.0, upper_onset=None)
    return size, replays, replace(sums, lower=0.0, lower_onset=None)


def _onset(value: float, onset: int | None, updates: int) -> int | None:
    if value <= 0:
        return None
    return updates if onset is None else onset
