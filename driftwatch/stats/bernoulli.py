"""Bernoulli CUSUM on pass/fail answers: best where all answers fail at one known rate."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from driftwatch.stats.detector import Reading
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.failure_counts import count_cusum_arl, count_law, least_cells, log_odds, tilted
from driftwatch.stats.outcomes import Outcomes

_FINEST = 50  # largest denominator of the reference value


@dataclass(frozen=True, kw_only=True)
class BernoulliState:
    """The sum in cells of the chart's lattice, the update at which it left zero, and the count of updates."""

    cells: int
    onset: int | None
    updates: int


@dataclass(frozen=True, kw_only=True)
class BernoulliCusum:
    """One-sided CUSUM on failures, one update per replay, for a rate that leaves `failure_rate`.

    The log likelihood ratio of two rates is, but for a factor, the failures minus `reference` times the
    answers [1]_. Choose it for one agreed rate; where probes differ `RiskAdjustedCusum` is sooner, and
    where the rates are estimated `SelfStartingRiskCusum` keeps its word.

    Parameters
    ----------
    failure_rate : float
        Chance that an answer fails when nothing changed, 0 to 1 exclusive.
    threshold : float
        Alarm level in failures; see `bernoulli_threshold`.
    odds : float
        Odds ratio of the change to be found quickest; above 1 watches for more failures, below 1 for fewer.

    Raises
    ------
    DegenerateError
        If a parameter is out of range.

    Notes
    -----
    Assumes independent answers that all fail at `failure_rate`, known, not estimated: with a rate estimated from
    few answers the in-control ARL may be several times shorter or longer. Probes of unequal rates with that
    mean vary less, so the ARL is then longer than stated: with a third of the probes always passing and the rate
    from 30 replays it measured 1,360 +- 224 at a nominal 500 (benchmarks/detection/pass_fail.py --runs 60).
    The reference is rounded to a fraction with a denominator up to 50, so that the chart lives on a lattice
    and its ARL by Markov chain is exact.

    References
    ----------
    .. [1] M. R. Reynolds and Z. G. Stoumbos, "A CUSUM chart for monitoring a proportion when inspecting
       continuously", Journal of Quality Technology 31 (1999).

    Examples
    --------
    >>> import numpy as np
    >>> chart = BernoulliCusum(failure_rate=0.1, threshold=bernoulli_threshold(arl=500, failure_rate=0.1, answers=20))
    >>> state = chart.start()
    >>> for failed in (2, 1, 3, 9, 8):
    ...     replay = Outcomes(failures=np.array([failed]), answers=np.array([20]), risks=np.array([0.1]))
    ...     state = chart.update(state, replay)
    >>> chart.read(state).alarm, chart.read(state).onset
    (True, 2)
    """

    failure_rate: float
    threshold: float
    odds: float = 2.0

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        bernoulli_reference(self.failure_rate, self.odds)
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise DegenerateError(f"bernoulli: threshold must be a finite number above zero, got {self.threshold}")

    def start(self) -> BernoulliState:
        """A sum of zero."""
        return BernoulliState(cells=0, onset=None, updates=0)

    def update(self, state: BernoulliState, outcomes: Outcomes) -> BernoulliState:
        """Add one replay; its risks are not used."""
        reference = bernoulli_reference(self.failure_rate, self.odds)
        failed, answered = int(outcomes.failures.sum()), int(outcomes.answers.sum())
        # Whole numbers of cells: a sum of fractions would miss the threshold by a rounding error.
        step = failed * reference.denominator - answered * reference.numerator
        cells = max(0, state.cells + (step if self.odds > 1 else -step))
        onset = None if not cells else state.updates if state.onset is None else state.onset
        return BernoulliState(cells=cells, onset=onset, updates=state.updates + 1)

    def read(self, state: BernoulliState) -> Reading:
        """The sum in failures."""
        finest = bernoulli_reference(self.failure_rate, self.odds).denominator
        return Reading(
            statistic=state.cells / finest,
            threshold=self.threshold,
            alarm=state.cells >= math.ceil(round(self.threshold * finest, 9)),
            onset=state.onset,
        )


@lru_cache(maxsize=256)
def bernoulli_reference(failure_rate: float, odds: float) -> Fraction:
    """Failures per answer that leave the sum as it is, rounded to a lattice.

    Reynolds and Stoumbos (1999), eq. 5: ``log((1 - p0) / (1 - p1)) / log(odds ratio)``; it lies between the rates.

    Examples
    --------
    >>> bernoulli_reference(0.1, 2.0)
    Fraction(4, 29)
    """
    if not (math.isfinite(failure_rate) and 0 < failure_rate < 1):
        raise DegenerateError(f"bernoulli: failure_rate must lie strictly between 0 and 1, got {failure_rate}")
    exact = math.log1p(failure_rate * (odds - 1)) / log_odds(odds, "bernoulli")
    changed = odds * failure_rate / (1 - failure_rate + odds * failure_rate)
    finest = _FINEST
    while (
        not min(failure_rate, changed)
        < (near := Fraction(exact).limit_denominator(finest))
        < max(failure_rate, changed)
    ):
        finest *= 4  # the rates are so near each other, or to 0 or 1, that no coarser fraction lies between
    return near


@lru_cache(maxsize=256)
def bernoulli_arl(
    *, failure_rate: float, threshold: float, odds: float = 2.0, answers: int = 1, true_odds: float = 1.0
) -> float:
    """ARL of `BernoulliCusum` in replays of `answers` answers each, by Markov chain, exactly.

    Parameters
    ----------
    failure_rate, threshold, odds : float
        As for the chart.
    answers : int
        Answers per replay, 1 or more; with 1 it is the chart of Reynolds and Stoumbos.
    true_odds : float
        Odds ratio that holds; 1 is in control.

    Examples
    --------
    >>> round(bernoulli_arl(failure_rate=0.1, threshold=1.0), 6)
    31.341685
    """
    if answers < 1:
        raise DegenerateError(f"bernoulli: answers must be 1 or more, got {answers}")
    reference = bernoulli_reference(failure_rate, odds)
    law = count_law(tilted(np.array([failure_rate]), true_odds), np.array([answers]))
    return count_cusum_arl(
        law,
        reference=float(answers * reference),
        threshold=threshold,
        grid=1 / reference.denominator,
        upper=odds > 1,
    )


@lru_cache(maxsize=256)
def bernoulli_threshold(*, arl: float, failure_rate: float, odds: float = 2.0, answers: int = 1) -> float:
    """Smallest threshold, in failures, whose in-control ARL is at least `arl` replays.

    Examples
    --------
    >>> threshold = bernoulli_threshold(arl=500, failure_rate=0.1, answers=20)
    >>> 500 <= bernoulli_arl(failure_rate=0.1, threshold=threshold, answers=20) < 520
    True
    """
    finest = bernoulli_reference(failure_rate, odds).denominator

    def arl_of(cells: int) -> float:
        return bernoulli_arl(failure_rate=failure_rate, threshold=cells / finest, odds=odds, answers=answers)

    return least_cells(arl, arl_of, "bernoulli threshold") / finest
