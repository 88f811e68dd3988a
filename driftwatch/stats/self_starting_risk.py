"""Risk-adjusted CUSUM for risks that are only estimated: limits that keep the false-alarm rate replay by replay."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.detector import Reading
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.failure_counts import LONGEST_ARL, count_law, log_odds
from driftwatch.stats.outcomes import Outcomes

Floats = NDArray[np.float64]

_CELLS = 16  # per failure
_SAVED = 4.0  # replays' worth of unspent false-alarm chance that may be carried on
_NEGLIGIBLE = 1e-15


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskSide:
    """One sum in cells, and what is known of it under "nothing changed".

    Parameters
    ----------
    cells, limit : int
        The sum and its alarm level, in sixteenths of a failure.
    law : ndarray, shape (n_cells,)
        Chances of every value of the sum, given no alarm so far.
    unspent, rounding : float
        False-alarm chance saved so far, and what rounding to cells has left over.
    onset : int or None
        The update at which the sum left zero.
    """

    cells: int
    limit: int
    law: Floats
    unspent: float
    rounding: float
    onset: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class SelfStartingRiskState:
    """Both sides, and the count of updates."""

    worse: RiskSide
    better: RiskSide
    updates: int


@dataclass(frozen=True, kw_only=True)
class SelfStartingRiskCusum:
    """Risk-adjusted CUSUM, both ways, whose limits follow from the risks of each replay as it comes.

    Feed it `replay_outcomes`. Where flaky probes drop together it is as quick as `Cusum` on z. The law of
    the sum under "nothing changed", given no alarm so far, is carried on from replay to replay and the limit put where
    the chance of an alarm now is ``1 / arl`` [1]_: no baseline is needed beforehand, probes may come and go.

    Parameters
    ----------
    arl : float
        In-control ARL in replays, of both sides together, 20 to 1e9.
    odds : float
        Odds ratio of the change to be found quickest, above 1; the other side bets on its inverse.

    Raises
    ------
    DegenerateError
        If a parameter is out of range.

    Notes
    -----
    With known risks run lengths are geometric with mean `arl` or a little above (each side has half the rate). With
    risks from a reference that grows by every replay the same holds under the empirical Bayes model: rates drawn
    from one law, answers independent given the rates: 518 +- 69 measured at 500, 60 probes, 30 replays of baseline
    (benchmarks/detection/pass_fail.py --runs 60). A reference that is frozen or capped makes successive replays
    share its error, which lengthens or shortens single runs. A moment common to all answers of a replay
    (over-dispersion) shortens the ARL: this chart has no studentising. A replay without answers leaves it as it was.

    References
    ----------
    .. [1] X. Zhang and W. H. Woodall, "Dynamic probability control limits for risk-adjusted Bernoulli CUSUM
       charts", Statistics in Medicine 34 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> chart = SelfStartingRiskCusum(arl=500)
    >>> risks, state = np.full(40, 0.1), chart.start()
    >>> for failed in (4, 3, 5, 12, 12):
    ...     replay = Outcomes(failures=(np.arange(40) < failed) * 1, answers=np.ones(40, dtype=int), risks=risks)
    ...     state = chart.update(state, replay)
    >>> chart.read(state).alarm, chart.read(state).onset
    (True, 2)
    """

    arl: float
    odds: float = 1.5

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        if not 20 <= self.arl <= LONGEST_ARL:
            raise DegenerateError(
                f"risk-adjusted: in-control ARL must lie between 20 and {LONGEST_ARL:g} replays, got {self.arl}"
            )
        if not log_odds(self.odds, "risk-adjusted") > 0:
            raise DegenerateError(f"risk-adjusted: odds must be above 1, got {self.odds}")

    def start(self) -> SelfStartingRiskState:
        """Both sums at zero, surely."""
        side = RiskSide(cells=0, limit=_CELLS, law=np.ones(1), unspent=0.0, rounding=0.0, onset=None)
        return SelfStartingRiskState(worse=side, better=side, updates=0)

    def update(self, state: SelfStartingRiskState, outcomes: Outcomes) -> SelfStartingRiskState:
        """Add one replay."""
        if not outcomes.answers.any():
            return SelfStartingRiskState(worse=state.worse, better=state.better, updates=state.updates + 1)
        chance, law = 0.5 / self.arl, count_law(outcomes.risks, outcomes.answers)
        worse, better = (
            _advanced(side, _Step.of(outcomes, self.odds, sign), law=law, chance=chance, updates=state.updates)
            for sign, side in ((1, state.worse), (-1, state.better))
        )
        return SelfStartingRiskState(worse=worse, better=better, updates=state.updates + 1)

    def read(self, state: SelfStartingRiskState) -> Reading:
        """The side nearer to its own limit, in nats."""
        side = max(state.worse, state.better, key=lambda one: one.cells / one.limit)
        nats = math.log(self.odds) / _CELLS
        return Reading(
            statistic=side.cells * nats,
            threshold=side.limit * nats,
            alarm=side.cells >= side.limit,
            onset=side.onset,
        )


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One replay for one side: its sign, the failures, and how many of them would leave the sum as it is."""

    sign: int
    failed: int
    level: float

    @classmethod
    def of(cls, outcomes: Outcomes, odds: float, sign: int) -> "_Step":
        expected = float(outcomes.answers @ np.log1p((odds**sign - 1) * outcomes.risks))
        return cls(sign=sign, failed=int(outcomes.failures.sum()), level=expected / (sign * math.log(odds)))


def _advanced(side: RiskSide, step: _Step, *, law: Floats, chance: float, updates: int) -> RiskSide:
    """One side after a replay, its limit put where `chance` of the law lies beyond."""
    wanted = step.level * _CELLS + side.rounding
    level_cells = round(wanted)
    moved = _moved(side.law, law, step.sign, level_cells)
    beyond = np.append(np.cumsum(moved[::-1])[::-1], 0.0)
    allowed = chance + side.unspent
    # The first cell is never a limit: a sum of zero is no evidence.
    limit = 1 + int(np.argmax(beyond[1:] <= allowed)) if len(beyond) > 1 else 1
    kept = moved[:limit]
    cells = max(0, side.cells + step.sign * (step.failed * _CELLS - level_cells))
    return RiskSide(
        cells=cells,
        limit=limit,
        law=kept / kept.sum(),
        unspent=min(allowed - float(beyond[limit]), _SAVED * chance),
        rounding=wanted - level_cells,
        onset=None if not cells else updates if side.onset is None else side.onset,
    )


def _moved(before: Floats, law: Floats, sign: int, level_cells: int) -> Floats:
    """The law of the sum after one more replay, before the limit is drawn."""
    counts = law[: int(np.flatnonzero(law > _NEGLIGIBLE)[-1]) + 1]
    most = len(counts) - 1
    # Whole failures are whole rows of cells, so the convolution is one small matrix product.
    rows = -(-len(before) // _CELLS)
    cells = np.zeros(rows * _CELLS)
    cells[: len(before)] = before
    gaps = np.arange(rows + most)[:, None] - np.arange(rows)[None, :]
    kernel = np.append(counts if sign > 0 else counts[::-1], np.zeros(rows))  # a gap below zero reads its zeros
    spread = (kernel[gaps] @ cells.reshape(rows, _CELLS)).ravel()
    shift = -level_cells if sign > 0 else level_cells - most * _CELLS
    if shift >= 0:
        return np.concatenate([np.zeros(shift), spread])
    after = spread[-shift:].copy() if -shift < len(spread) else np.zeros(1)
    after[0] += spread[:-shift].sum()
    return after
