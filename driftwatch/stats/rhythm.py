"""What the hour of the day, or the replays before, foretell of a stream's evidence: taken off before a chart sees it.

Best for evidence that is centred already. A series whose level nobody knows is `series.RecursiveResiduals`' business.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.one_side import HELD, is_over, run_on_one_side
from driftwatch.stats.series_fit import waves

Floats = NDArray[np.float64]
Learns = Literal["all", "unless it stands out", "nothing"]

_DAILY, _WEEKLY, _LAGS = 2, 1, 2
_WAVES = 2 * (_DAILY + _WEEKLY)
FADES = np.array([0.8, 0.9, 0.97])  # of a level's past, with each replay
_COLUMNS = _WAVES + _LAGS + FADES.size
MOST = 0.7  # of a lasting shift may be foretold: else a slow drift is followed to any size, and never told
_ABSENT = 1e-6  # expected size of a coefficient that a model has not
_BELIEFS = (
    # Weight, and the sizes expected of one coefficient of the day's wave, of the week's, of a lag, and of a level.
    (0.69, 0.0, 0.0, 0.0, 0.0),
    (0.16, 0.4, 0.35, 0.0, 0.0),
    (0.05, 2.0, 0.5, 0.0, 0.0),
    (0.06, 0.0, 0.0, 0.4, 0.0),
    (0.03, 0.4, 0.35, 0.4, 0.0),
    (0.01, 0.0, 0.0, 0.1, 0.3),  # hundreds of replays prove it; more weight would hide a shift right after the baseline
)
_REACH = 4.0  # standard deviations at which a value is learned, and at which it counts for or against a belief
INDEX, HOURS, VALUE, COUNTED, ROW = range(5)
"""Columns of the rows kept; regressors from the last one on, then what the row says for each belief."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RhythmState:
    """What a stream has shown of a rhythm and a memory: of fixed size.

    Parameters
    ----------
    coefficients, inverse : ndarrays, shapes (n_beliefs, n_columns) and (n_beliefs, n_columns, n_columns)
        Of each belief's regression on the replays learned: the estimate, and (X'X + prior)^-1.
    votes : ndarray, shape (n_beliefs,)
        Log predictive density of the replays counted, by belief.
    waves, count : ndarray, shape (n_waves,), and int
        Sum of the harmonics over the replays learned, and how many they are.
    last : ndarray, shape (n_lags,)
        Evidence before the next replay, latest first.
    levels : ndarray, shape (n_levels,)
        Means of all evidence before it, older replays counting less and less.
    upper, lower : float
        CUSUM of what is left; replays wait to be counted while it stands high.
    told, unsure : float
        What was foretold of the last replay, and the standard deviation of its error, in those of the evidence.
    rows : ndarray, shape (n_rows, n)
        The last replays learned.
    """

    coefficients: Floats
    inverse: Floats
    votes: Floats
    waves: Floats
    count: int
    last: Floats
    levels: Floats
    upper: float
    lower: float
    told: float
    unsure: float
    rows: Floats

    @classmethod
    def empty(cls) -> "RhythmState":
        """Nothing seen."""
        return cls(
            coefficients=np.zeros((len(_BELIEFS), _COLUMNS)),
            inverse=expected(),
            votes=np.zeros(len(_BELIEFS)),
            waves=np.zeros(_WAVES),
            count=0,
            last=np.zeros(_LAGS),
            levels=np.zeros(FADES.size),
            upper=0.0,
            lower=0.0,
            told=0.0,
            unsure=0.0,
            rows=np.zeros((0, ROW + _COLUMNS + len(_BELIEFS))),
        )

    @property
    def weights(self) -> Floats:
        """Probability of each belief."""
        logs = self.votes + log_priors()
        odds = np.exp(logs - logs.max())
        shares: Floats = odds / odds.sum()
        return shares

    def rested(self) -> "RhythmState":
        """The same with the CUSUM at zero, as charts are when watching begins anew."""
        return replace(self, upper=0.0, lower=0.0)

    def without_since(self, index: int) -> "RhythmState":
        """The state as if it had learned no replay from this index on; the level is that of before."""
        first = int(np.searchsorted(self.rows[:, INDEX], index))
        kept, taken = self.rows[:first], self.rows[first:]
        counted = taken[taken[:, COUNTED] == 1]
        coefficients, inverse, summed = self.coefficients, self.inverse, self.waves
        for row in taken[::-1]:
            coefficients, inverse = _regressed(coefficients, inverse, row[ROW : ROW + _COLUMNS], row[VALUE], sign=-1)
            summed = summed - waves_at(row[HOURS])
        return replace(
            self,
            coefficients=coefficients,
            inverse=inverse,
            votes=self.votes - counted[:, ROW + _COLUMNS :].sum(axis=0),
            waves=summed,
            count=self.count - len(taken),
            levels=taken[0, ROW + _WAVES + _LAGS : ROW + _COLUMNS] if len(taken) else self.levels,
            rows=kept,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Foretold:
    """What was known of a replay before it came.

    Parameters
    ----------
    mean, spread : float
        Expected evidence, and the standard deviation of the error in units of the evidence's own.
    row, waves : ndarrays, shapes (n_columns,) and (n_waves,)
        Its regressors, and the harmonics at its hour.
    means, spreads : ndarrays, shape (n_beliefs,)
        The same two of each belief.
    """

    mean: float
    spread: float
    row: Floats
    waves: Floats
    means: Floats
    spreads: Floats

    @property
    def unsure(self) -> float:
        """Standard deviation of the error of the mean, in standard deviations of the evidence."""
        return math.sqrt(self.spread**2 - 1)

    def left(self, value: float) -> float:
        """What the replay says beyond what was foretold, as spread as evidence without rhythm and memory."""
        return (value - self.mean) / self.spread


def without_rhythm(
    state: RhythmState, value: float, *, index: int, hours: float | None, variance: float, learns: Learns
) -> tuple[float, RhythmState]:
    """What a replay's evidence says beyond what was foretold of it, and the state after it.

    Parameters
    ----------
    value : float
        Its evidence.
    index : int
        Its number in the stream.
    hours : float, optional
        When it ran, in hours since any fixed moment; None foretells nothing.
    variance : float
        Of evidence without rhythm and memory, as the past has it.
    learns : {"all", "unless it stands out", "nothing"}
        In the baseline everything is learned. Later a run of replays on one side, which may be a change, is learned
        too, but speaks for no belief before it is over. During an incident nothing is learned.
    """
    if hours is None:  # lags without harmonics would follow a day's wave, and hide a change in it
        return value, state
    if not math.isfinite(hours):
        raise DegenerateError(f"rhythm: hours must be a finite number, got {hours}")
    told = foretold(state, hours=hours, variance=variance)
    if learns == "nothing":
        # A level that followed the incident would call it over.
        return told.left(value), replace(
            state,
            last=_pushed(state.last, value),
            levels=FADES * state.levels,
            told=told.mean,
            unsure=told.unsure,
        )
    after = learned(state, told, value, index=index, hours=hours, variance=variance, baseline=learns == "all")
    return told.left(value), after


def foretold(state: RhythmState, *, hours: float, variance: float) -> Foretold:
    """Average the beliefs' predictions of the next replay.

    Each belief is a ridge regression of the evidence on harmonics and lags with an expected size of the coefficients
    (Bayesian: normal with mean zero), one of them that there is nothing to foretell. Harmonics count from their mean
    over the reference, as the evidence does. Under any one belief what is left is independent standard normal on
    average over waves of the expected size, the first cycle included.

    Parameters
    ----------
    hours : float
        When the replay ran, in hours since any fixed moment.
    variance : float
        Of the evidence without rhythm and memory, as the past has it.
    """
    row, harmonics = np.zeros(_COLUMNS), waves_at(hours)
    if state.count:
        row[:_WAVES] = (harmonics - state.waves / state.count) / math.sqrt(1 + 1 / state.count)
    row[_WAVES : _WAVES + _LAGS] = state.last
    row[_WAVES + _LAGS :] = state.levels
    means = np.dot(state.coefficients, row) - _beyond(state.coefficients) * state.levels[-1]
    leverages = np.dot(np.dot(state.inverse, row), row)
    weights = state.weights
    mean = float(weights @ means)
    disagreement = float(weights @ (means - mean) ** 2)
    spread = math.sqrt(1 + float(weights @ leverages) + disagreement / variance)
    return Foretold(mean=mean, spread=spread, row=row, waves=harmonics, means=means, spreads=np.sqrt(1 + leverages))


def learned(
    state: RhythmState,
    told: Foretold,
    value: float,
    *,
    index: int,
    hours: float,
    variance: float,
    baseline: bool,
) -> RhythmState:
    """The state after one more quiet replay.

    Parameters
    ----------
    value : float
        Its evidence.
    index : int
        Its number in the stream.
    baseline : bool
        Whether it belongs to the baseline, all of which counts at once.
    """
    sd = math.sqrt(variance)
    reach = _REACH * sd * told.spread
    bounded = min(max(value, told.mean - reach), told.mean + reach)
    says = -np.minimum(((value - told.means) / (sd * told.spreads)) ** 2, _REACH**2) / 2 - np.log(told.spreads)
    upper, lower = run_on_one_side(state.upper, state.lower, told.left(value) / sd, baseline=baseline)
    rows = np.concatenate([state.rows, [np.concatenate([[index, hours, bounded, 0.0], told.row, says])]])
    votes = state.votes
    if is_over(upper, lower):  # a shift looks like a wave
        waiting = rows[:, COUNTED] == 0
        votes = votes + rows[waiting, ROW + _COLUMNS :].sum(axis=0)
        rows[waiting, COUNTED] = 1.0
    coefficients, inverse = _regressed(state.coefficients, state.inverse, told.row, bounded, sign=1)
    return replace(
        state,
        coefficients=coefficients,
        inverse=inverse,
        votes=votes - votes.max(),
        waves=state.waves + told.waves,
        count=state.count + 1,
        last=_pushed(state.last, bounded),
        levels=FADES * state.levels + (1 - FADES) * bounded,
        upper=upper,
        lower=lower,
        told=told.mean,
        unsure=told.unsure,
        rows=rows[-HELD:],
    )


def in_hindsight(state: RhythmState) -> Floats:
    """What today's beliefs leave of the replays kept, in their order."""
    x, y = state.rows[:, ROW : ROW + _COLUMNS], state.rows[:, VALUE]
    left: Floats = y - x @ (state.weights @ state.coefficients)
    return left


def waves_at(hours: float) -> Floats:
    """Harmonics of the day and the week at an hour, shape (n_waves,)."""
    return np.array(waves(hours, _DAILY, _WEEKLY))


def _pushed(last: Floats, value: float) -> Floats:
    return np.concatenate([[value], last[:-1]])


def _beyond(coefficients: Floats) -> Floats:
    """How much more than `MOST` of a lasting shift each belief would foretell."""
    lasting = coefficients[:, _WAVES:].sum(axis=1)
    beyond: Floats = np.maximum(0.0, lasting - MOST)
    return beyond


@cache
def log_priors() -> Floats:
    """Logarithm of each belief's weight before any replay, shape (n_beliefs,)."""
    return np.log([weight for weight, *_ in _BELIEFS])


@cache
def expected() -> Floats:
    """Prior covariance of each belief, shape (n_beliefs, n_columns, n_columns)."""
    sizes = np.array([_sizes(*expected) for _, *expected in _BELIEFS])
    covariances: Floats = np.stack([np.diag(np.maximum(row, _ABSENT) ** 2) for row in sizes])
    return covariances


def _regressed(coefficients: Floats, inverse: Floats, x: Floats, y: float, *, sign: int) -> tuple[Floats, Floats]:
    """Each belief's regression with one row more (`sign` 1) or less (-1), by Sherman and Morrison's formula."""
    gain = np.dot(inverse, x)
    scale = sign / (1 + sign * np.dot(gain, x))
    error = y - np.dot(coefficients, x)
    return (
        coefficients + (scale * error)[:, None] * gain,
        inverse - scale[:, None, None] * gain[:, :, None] * gain[:, None],
    )


def _sizes(daily: float, weekly: float, lag: float, level: float) -> list[float]:
    """Expected sizes by column; the higher a harmonic, the smaller."""
    days = [daily / 2**k for k in range(_DAILY) for _ in range(2)]
    weeks = [weekly / 2**k for k in range(_WEEKLY) for _ in range(2)]
    return [*days, *weeks, *[lag] * _LAGS, *[level] * FADES.size]
