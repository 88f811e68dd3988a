"""Risk-adjusted CUSUM: best for pass/fail probes of unequal, known difficulty."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from driftwatch.stats.detector import Reading
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.failure_counts import count_cusum_arl, count_law, least_cells, log_odds, tilted
from driftwatch.stats.outcomes import Outcomes
from driftwatch.stats.run_length import lattice_cusum_arl

_CELLS = 32  # per failure, in the chain of whole replays


@dataclass(frozen=True, kw_only=True)
class RiskState:
    """Both sums, the updates at which they left zero, and the count of updates."""

    worse: float
    better: float
    worse_onset: int | None
    better_onset: int | None
    updates: int


@dataclass(frozen=True, kw_only=True)
class RiskAdjustedCusum:
    """Two one-sided CUSUMs of the log likelihood ratio that every probe's odds of failing are multiplied or divided.

    One update per replay, the sum over its answers [1]_. A failure of a probe that never fails weighs no more than
    another's; its *expectation* weighs less, so that flaky probes neither hide a change nor feign one. Choose it
    where the flaky probes drop together; one probe that breaks is found sooner by the single-probe channel.

    Parameters
    ----------
    worse_threshold, better_threshold : float
        Alarm levels of the two sums, in nats; see `risk_threshold`.
    odds : float
        Odds ratio of the change to be found quickest, above 1; the other sum bets on its inverse.

    Raises
    ------
    DegenerateError
        If a parameter is out of range.

    Notes
    -----
    Assumes that answers are independent given their risks, and the risks known. With risks estimated once from
    30 replays of 60 probes, the in-control ARL measured 284 +- 37 at a nominal 500
    (benchmarks/detection/pass_fail.py --runs 60); that of `SelfStartingRiskCusum` 518 +- 69.

    References
    ----------
    .. [1] S. H. Steiner, R. J. Cook, V. T. Farewell and T. Treasure, "Monitoring surgical performance using
       risk-adjusted cumulative sum charts", Biostatistics 1 (2000).

    Examples
    --------
    >>> import numpy as np
    >>> chart = RiskAdjustedCusum(worse_threshold=3.0, better_threshold=3.0, odds=2.0)
    >>> risks, state = np.array([0.01, 0.1, 0.3]), chart.start()
    >>> for failed in ([0, 0, 0], [1, 1, 1], [1, 1, 1]):
    ...     replay = Outcomes(failures=np.array(failed), answers=np.ones(3, dtype=int), risks=risks)
    ...     state = chart.update(state, replay)
    >>> chart.read(state).alarm, chart.read(state).onset
    (True, 1)
    """

    worse_threshold: float
    better_threshold: float
    odds: float = 1.5

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        if not log_odds(self.odds, "risk-adjusted") > 0:
            raise DegenerateError(f"risk-adjusted: odds must be above 1, got {self.odds}")
        for threshold in (self.worse_threshold, self.better_threshold):
            if not (math.isfinite(threshold) and threshold > 0):
                raise DegenerateError(f"risk-adjusted: thresholds must be finite and above zero, got {threshold}")

    def start(self) -> RiskState:
        """Both sums at zero."""
        return RiskState(worse=0.0, better=0.0, worse_onset=None, better_onset=None, updates=0)

    def update(self, state: RiskState, outcomes: Outcomes) -> RiskState:
        """Add one replay."""
        worse = max(0.0, state.worse + log_likelihood_ratio(outcomes, self.odds))
        better = max(0.0, state.better + log_likelihood_ratio(outcomes, 1 / self.odds))
        return RiskState(
            worse=worse,
            better=better,
            worse_onset=_onset(worse, state.worse_onset, state.updates),
            better_onset=_onset(better, state.better_onset, state.updates),
            updates=state.updates + 1,
        )

    def read(self, state: RiskState) -> Reading:
        """The sum that is nearer to its own threshold, and that threshold."""
        worse = Reading(
            statistic=state.worse,
            threshold=self.worse_threshold,
            alarm=state.worse >= self.worse_threshold,
            onset=state.worse_onset,
        )
        better = Reading(
            statistic=state.better,
            threshold=self.better_threshold,
            alarm=state.better >= self.better_threshold,
            onset=state.better_onset,
        )
        return max(worse, better, key=lambda reading: reading.statistic / reading.threshold)


def log_likelihood_ratio(outcomes: Outcomes, odds: float) -> float:
    """Log likelihood ratio, in nats, of all odds of failing times `odds` against as they were."""
    expected = float(outcomes.answers @ np.log1p((odds - 1) * outcomes.risks))
    return int(outcomes.failures.sum()) * math.log(odds) - expected


def risk_mix_arl(
    risks: Sequence[float],
    weights: Sequence[float],
    *,
    odds: float,
    threshold: float,
    true_odds: float = 1.0,
    grid: float = 1 / 3000,
) -> float:
    """ARL, in answers, of one side updated by single answers whose risk is a draw from a mix: Steiner's chart.

    Parameters
    ----------
    risks, weights : sequences of float
        Risks of failure and how often each is met; the weights sum to one.
    odds, true_odds : float
        Odds ratio bet on (below 1 for fewer failures), and the one that holds; 1 is in control.
    threshold, grid : float
        Alarm level and cell width, in nats; steps are rounded to the grid, as R's vlad does.

    Examples
    --------
    >>> round(risk_mix_arl([0.1], [1.0], odds=2.0, threshold=2.0, grid=0.01), -1)
    250.0
    """
    step = log_odds(odds, "risk-adjusted")
    mix, share = np.asarray(risks, dtype=float), np.asarray(weights, dtype=float)
    if not (mix.shape == share.shape and ((mix > 0) & (mix < 1)).all() and (share >= 0).all()):
        raise DegenerateError("risk-adjusted: need risks strictly between 0 and 1 and a weight of 0 or more for each")
    failing = tilted(mix, true_odds)
    passed = -np.log1p((odds - 1) * mix)
    steps = np.concatenate([step + passed, passed])
    chances = np.concatenate([share * failing, share * (1 - failing)])
    return lattice_cusum_arl(steps.tolist(), chances.tolist(), threshold=threshold, grid=grid)


@lru_cache(maxsize=256)
def risk_replay_arl(risks: tuple[float, ...], *, odds: float, threshold: float, true_odds: float = 1.0) -> float:
    """ARL, in replays, of one side updated by whole replays of the same probes, one answer each.

    The step is the count of failures times ``log(odds)`` less a constant, and the count is Poisson-binomial,
    so the chain is one on counts, in cells of 1/32 failure.

    Parameters
    ----------
    risks : tuple of float
        Risk of every probe.
    odds, threshold, true_odds : float
        As in `risk_mix_arl`.

    Examples
    --------
    >>> round(risk_replay_arl((0.1,) * 20, odds=2.0, threshold=3.0))
    120
    """
    step = abs(log_odds(odds, "risk-adjusted"))
    law, reference = _replay_law(risks, odds, true_odds)
    return count_cusum_arl(law, reference=reference, threshold=threshold / step, grid=1 / _CELLS, upper=odds > 1)


@lru_cache(maxsize=256)
def risk_threshold(*, arl: float, risks: tuple[float, ...], odds: float) -> float:
    """Threshold, in nats, of one side updated by whole replays, for an in-control ARL of at least `arl` replays.

    Give each side twice the ARL that both are to have together: false-alarm rates add.

    Parameters
    ----------
    arl : float
        2 to 1e9 replays.
    risks : tuple of float
        Of every probe, known, strictly between 0 and 1; one answer each.
    odds : float
        Odds ratio bet on; below 1 for fewer failures.

    Examples
    --------
    >>> risks = (0.1,) * 20
    >>> 500 <= risk_replay_arl(risks, odds=2.0, threshold=risk_threshold(arl=500, risks=risks, odds=2.0)) < 600
    True
    """
    step = abs(log_odds(odds, "risk-adjusted"))
    law, reference = _replay_law(risks, odds, 1.0)

    def arl_of(cells: int) -> float:
        threshold = (cells - 0.5) / _CELLS  # between two cells, where the chain needs no interpolation
        return count_cusum_arl(law, reference=reference, threshold=threshold, grid=1 / _CELLS, upper=odds > 1)

    return (least_cells(arl, arl_of, "risk-adjusted threshold") - 0.5) * step / _CELLS


def _replay_law(risks: tuple[float, ...], odds: float, true_odds: float) -> tuple[np.ndarray, float]:
    """The law of the count of failures, and the count that leaves the sum as it is."""
    each = np.asarray(risks, dtype=float)
    if not (each.size and ((each > 0) & (each < 1)).all()):
        raise DegenerateError("risk-adjusted: need one risk or more, each strictly between 0 and 1")
    return count_law(tilted(each, true_odds)), float(np.log1p((odds - 1) * each).sum()) / math.log(odds)


def _onset(value: float, onset: int | None, updates: int) -> int | None:
    if value <= 0:
        return None
    return updates if onset is None else onset
