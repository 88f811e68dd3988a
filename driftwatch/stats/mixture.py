"""Shiryaev-Roberts mixture on the location of the evidence: needs no size of shift, and its ARL no calibration."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.detector import Reading
from driftwatch.stats.e_detector import log_sum
from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]

SHIFTS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Shifts that are bet on, up and down, in standard deviations."""
_BETS = np.array([s * b for b in SHIFTS for s in (1, -1)])
EVENLY = (1 / len(SHIFTS),) * len(SHIFTS)


@dataclass(frozen=True, kw_only=True)
class Location:
    """Evidence of one replay.

    Parameters
    ----------
    z : float
        Standard normal if nothing changed.
    references : float
        Replays (above zero) that its reference held.
    variances : ndarray, shape (window or more,), optional
        Variance of the sum of the last 1, 2, ... of them, in that of independent ones; None where they are independent.
    """

    z: float
    references: float
    variances: Floats | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class MixtureState:
    """Log-likelihood ratio of every start still in the window and every bet, shape (n_starts, n_bets).

    `variances`, shape (n_starts,), is what the sum of the replays since each start is divided by when it is read.
    """

    logs: Floats
    references: Floats
    variances: Floats
    updates: int


@dataclass(frozen=True, kw_only=True)
class LocationMixture:
    """E-detector for a shift of unknown size and sign, by betting on the decaying signature of a change.

    Choose it where the size of the shift is unknown; for shifts near 1 sd under a long reference `Cusum`
    with a calibrated threshold is as quick.

    Parameters
    ----------
    arl : float
        Least in-control ARL in replays, above 1. The threshold is its logarithm.
    window : int
        Starts of a change that are kept, in replays.
    shares : tuple of float
        What each of `SHIFTS` counts in the mean, adding up to one.

    Notes
    -----
    A shift of s that began when the reference held c replays has mean ``s c / r`` once it holds r. The
    average likelihood ratio of such shifts over the bets, summed over starts, minus the count of updates
    is a martingale under "nothing changed", so the ARL is at least ``exp(threshold)`` [1]_, as far as z is
    independent standard normal. Measured: about twice that. Forgetting old starts only lowers it.

    Where replays follow each other, the logarithm of the ratio of a start k replays ago is divided by the variance of
    such sums: that is the likelihood ratio of the sum, if it is normal with that variance. Its mean is one again, at
    every replay; the ARL is then measured, not proved.

    References
    ----------
    .. [1] J. Shin, A. Ramdas and A. Rinaldo, "E-detectors: a nonparametric framework for sequential
       change detection", New England Journal of Statistics in Data Science 2 (2024).

    Examples
    --------
    >>> from functools import reduce
    >>> chart = LocationMixture(arl=500)
    >>> stream = [0.3, -0.8, 0.1] + [2.0] * 5
    >>> evidence = [Location(z=z, references=200.0) for z in stream]
    >>> reading = chart.read(reduce(chart.update, evidence, chart.start()))
    >>> reading.alarm, reading.onset
    (True, 3)
    """

    arl: float
    window: int = 200
    shares: tuple[float, ...] = EVENLY

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        if len(self.shares) != len(SHIFTS) or min(self.shares) <= 0 or not math.isclose(math.fsum(self.shares), 1.0):
            raise DegenerateError(
                f"mixture: need a share above zero of each of {len(SHIFTS)} shifts, one in all; got {self.shares}"
            )
        if not (math.isfinite(self.arl) and self.arl > 1):
            raise DegenerateError(f"mixture: arl must be a finite number above 1, got {self.arl}")
        if self.window < 1:
            raise DegenerateError(f"mixture: window must be 1 replay or more, got {self.window}")

    def start(self) -> MixtureState:
        """No starts yet."""
        none = np.zeros(0)
        return MixtureState(logs=np.zeros((0, len(_BETS))), references=none, variances=none, updates=0)

    def update(self, state: MixtureState, evidence: Location) -> MixtureState:
        """Bet on this replay for every start, this one included."""
        if not (math.isfinite(evidence.z) and math.isfinite(evidence.references) and evidence.references > 0):
            raise DegenerateError(
                f"mixture: need a finite z and references above zero, got {evidence}; leave missing observations out"
            )
        references = np.append(state.references, evidence.references)[-self.window :]
        logs = np.concatenate([state.logs, np.zeros((1, len(_BETS)))])[-self.window :]
        bets = _BETS * (references / evidence.references)[:, None]
        logs += bets * (evidence.z - bets / 2)
        variances = np.ones(len(logs)) if evidence.variances is None else evidence.variances[: len(logs)][::-1]
        return MixtureState(logs=logs, references=references, variances=variances, updates=state.updates + 1)

    def read(self, state: MixtureState) -> Reading:
        """Log of the mixture against the log of the ARL."""
        statistic = max(0.0, self.log_mean(state))
        return Reading(
            statistic=statistic,
            threshold=math.log(self.arl),
            alarm=statistic >= math.log(self.arl),
            onset=self._onset(state) if statistic > 0 and state.updates else None,
        )

    def log_mean(self, state: MixtureState) -> float:
        """Logarithm of the sum over starts of the mean over bets; 0 before the first update."""
        return log_sum(self._weighed(state)) if state.logs.size else 0.0

    def _weighed(self, state: MixtureState) -> Floats:
        weighed: Floats = state.logs / state.variances[:, None] + self._log_shares
        return weighed

    @cached_property
    def _log_shares(self) -> Floats:
        """Logarithm of what each bet counts: up and down the half of its shift's share."""
        return np.log(np.repeat(self.shares, 2) / 2)

    def _onset(self, state: MixtureState) -> int:
        """The start with the largest mean over the bets."""
        logs = self._weighed(state)
        by_start = np.exp(logs - logs.max()).sum(axis=1)
        return state.updates - len(state.logs) + int(np.argmax(by_start))
