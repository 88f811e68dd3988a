"""Recursive residuals of one series: best for evidence with a level, a rhythm and a memory that nobody knows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

import numpy as np

from driftwatch.stats.dispersion import studentised
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.series_fit import DAY_H, WEEK_H, Fit, Floats, Lags, Mask, SeriesState, added, fitted, timed, waves

__all__ = ["RecursiveResiduals", "SeriesState"]


_LARGEST = 1e100  # beyond, squares overflow
_LATE = 1.5  # usual intervals from which on a replay counts as missing
_EARLY = 0.1  # usual intervals by which clocks may disagree
_BRIDGED = 8  # missing replays after which the last one says nothing any more
_LEAST_RETURN = 0.1  # a memory of 0.9 and more is as good as endless
_ROWS_PER_COLUMN = 3  # replays for every coefficient before a group of regressors is trusted
_CLIP = 4.0  # standard deviations at which a value enters the learning at most
_CLIP_FROM = 10.0  # degrees of freedom below which the spread is too uncertain to clip by


@dataclass(frozen=True, kw_only=True)
class RecursiveResiduals:
    """Studentised recursive residuals of a regression on level, rhythm and lags.

    Each value is predicted by least squares from those before it alone, divided by the predicted
    standard deviation and mapped through the t law to a standard normal score [1]_.

    Parameters
    ----------
    intercept : bool
        Whether the level is unknown. Without one the series is taken to be centred at zero.
    lags : int
        How many values before are regressors, 0 to 4. Up to eight replays that are missing are replaced by
        what the regression expected of them; after a longer gap lags are the fitted level.
    daily, weekly : int
        Harmonics of 24 h and of 168 h.
    daily_after_h, weekly_after_h : float
        Hours of data from which on the harmonics are trusted.
    weekly_prior : float
        Standard deviations of an error that a weekly coefficient is expected to measure, if the week is to be in from
        the same hour as the day; 0 waits for `weekly_after_h` and expects nothing.
    scale_prior : float
        Replays' worth of belief that the spread is 1; 0 where nobody knows it.

    Raises
    ------
    DegenerateError
        If a parameter is out of range, or a value or its time is not finite.

    Notes
    -----
    Which regressors are in depends on how many rows and hours were seen, never on their values: lags and
    harmonics enter, in this order, with three rows for each coefficient. For fixed regressors without lags and
    independent normal errors of unknown level, rhythm and spread the scores are exactly independent
    standard normal; with lags, and at the replay where a group enters, that holds approximately. A
    direction of the regressors never seen before (a first value; the first hour of another kind) has
    no score and is only learned. After a shift that stays the scores fade as it is learned: stop
    learning, and take back what was learned since its onset, by `unlearned`.

    References
    ----------
    .. [1] R. L. Brown, J. Durbin, J. M. Evans, "Techniques for testing the constancy of regression
       relationships over time", JRSS B 37 (1975).

    Examples
    --------
    >>> import math
    >>> model, state = RecursiveResiduals(lags=0), RecursiveResiduals(lags=0).start()
    >>> for hour in range(240):
    ...     wave = 3 * math.sin(hour * math.pi / 12) + 0.1 * (-1) ** hour
    ...     state = model.update(state, wave if hour < 239 else wave + 1, hours=float(hour))
    >>> state.z > 4
    True
    """

    intercept: bool = True
    lags: int = 2
    daily: int = 1
    weekly: int = 1
    daily_after_h: float = 3 * DAY_H
    weekly_after_h: float = 3 * WEEK_H
    weekly_prior: float = 0.0
    scale_prior: float = 0.0

    def __post_init__(self) -> None:
        """Refuse parameters without a model."""
        if not (0 <= self.lags <= 4 and 0 <= self.daily <= 4 and 0 <= self.weekly <= 4):
            raise DegenerateError("series: lags, daily and weekly must lie between 0 and 4")
        if not all(math.isfinite(h) and h > 0 for h in (self.daily_after_h, self.weekly_after_h)):
            raise DegenerateError("series: daily_after_h and weekly_after_h must be finite numbers above zero")
        for name in ("scale_prior", "weekly_prior"):
            if not (math.isfinite(value := getattr(self, name)) and value >= 0):
                raise DegenerateError(f"series: {name} must be a finite number of 0 or more, got {value}")

    @property
    def columns(self) -> int:
        """Number of regressors when all are in: intercept, lags, daily, weekly, in this order."""
        return self.intercept + self.lags + 2 * (self.daily + self.weekly)

    def start(self) -> SeriesState:
        """State before any value."""
        columns = self.columns
        return SeriesState(
            gram=np.diag(self._belief),
            moment=np.zeros(columns),
            square=0.0,
            count=0,
            origin=None if self.intercept else 0.0,
            seen=0,
            first_h=None,
            last_h=None,
            gaps=(),
            last=(None,) * self.lags,
            z=None,
            row=np.zeros(columns),
            value=0.0,
        )

    @cached_property
    def _belief(self) -> Floats:
        """Rows' worth of belief that a coefficient is zero: what the prior adds to X'X."""
        believed = np.arange(self.columns) >= self.columns - 2 * self.weekly * (self.weekly_prior > 0)
        return np.where(believed, 1 / (self.weekly_prior or 1.0) ** 2, 0.0)

    def active(self, state: SeriesState) -> Mask:
        """Regressors that the data so far can support, by number of rows and hours alone."""
        hours = 0.0 if state.first_h is None or state.last_h is None else state.last_h - state.first_h
        used = [True] * self.intercept
        for size, after_h in (
            (self.lags, 0.0),
            (2 * self.daily, self.daily_after_h),
            (2 * self.weekly, self.daily_after_h if self.weekly_prior else self.weekly_after_h),
        ):
            used += [hours >= after_h and state.count >= _ROWS_PER_COLUMN * (sum(used) + size)] * size
        return np.array(used, dtype=bool)

    def _degrees(self, state: SeriesState, mask: Mask, fit: Fit) -> float:
        """Degrees of freedom of the errors: a shrunken coefficient costs none, its prior is as good as a row."""
        return state.count - fit.rank + int((self._belief[mask] > 0).sum())

    def update(
        self, state: SeriesState, value: float, *, hours: float | None = None, active: Mask | None = None
    ) -> SeriesState:
        """Score one value and learn it."""
        scored = self.scored(state, value, hours=hours, active=active)
        # Lags that never existed teach nothing about lags.
        return self.learned(scored, [scored.row], [scored.value]) if scored.seen > self.lags else scored

    def scored(
        self, state: SeriesState, value: float, *, hours: float | None = None, active: Mask | None = None
    ) -> SeriesState:
        """Score one value by the past and let time go on; the regression learns it by `learned`.

        Parameters
        ----------
        hours : float, optional
            When it was measured, in hours since any fixed moment; None leaves the harmonics out.
        active : ndarray of bool, shape (n_columns,), optional
            Regressors to use in place of what `active` says.
        """
        if not (abs(value) <= _LARGEST and (hours is None or abs(hours) <= _LARGEST)):
            raise DegenerateError(f"series: got {value} at hour {hours}; leave missing observations out")
        origin = value if state.origin is None else state.origin
        first, gaps = timed(state, hours)
        now = replace(state, first_h=first, last_h=hours if hours is not None else state.last_h, gaps=gaps)
        mask = self.active(now) if active is None else active
        fit = fitted(state, mask)
        last = self._bridged(state, hours, mask, fit)
        row = self._row(hours, last, mask, fit)
        z, learned = self._score(row[mask], value - origin, fit, self._degrees(state, mask, fit))
        last = (learned, *last)[: self.lags]
        return replace(now, origin=origin, z=z, row=row, value=learned, seen=state.seen + 1, last=last)

    def learned(self, state: SeriesState, rows: Iterable[Floats], values: Iterable[float]) -> SeriesState:
        """The state with more rows in the regression."""
        return added(state, rows, values, 1)

    def unlearned(self, state: SeriesState, rows: Iterable[Floats], values: Iterable[float]) -> SeriesState:
        """The state as if it had never learned these rows."""
        return added(state, rows, values, -1)

    def rescored(self, rows: Iterable[Floats], values: Iterable[float], active: Mask) -> list[float | None]:
        """Scores of rows in their order, the same regressors in use from the first to the last."""
        state, zs = self.start(), []
        for row, value in zip(rows, values, strict=True):
            fit = fitted(state, active)
            zs.append(self._score(row[active], value, fit, self._degrees(state, active, fit))[0])
            state = added(state, [row], [value], 1)
        return zs

    def spread(self, state: SeriesState) -> tuple[float, float] | None:
        """Standard deviation of the errors, and of the series' slow sum per replay; None before it is known."""
        mask = self.active(state)
        fit = fitted(state, mask)
        degrees = self._degrees(state, mask, fit)
        if degrees < 1 or fit.rss <= 0:
            return None
        error = math.sqrt(fit.rss / degrees)
        return error, error / self._return(self._all(mask, fit))

    def standing(self, state: SeriesState, row: Floats, value: float) -> float:
        """How far a value lies from the level of its moment, whatever came before it, in slow standard deviations.

        Lags make a shift that stays look like its own past; this does not. `value` counts from `origin`.
        """
        spread, mask = self.spread(state), self.active(state)
        if spread is None:
            return 0.0
        return (value - self._steady(row, self._all(mask, fitted(state, mask)))) / spread[1]

    def _all(self, mask: Mask, fit: Fit) -> Floats:
        coefficients = np.zeros(self.columns)
        coefficients[mask] = fit.coefficients
        return coefficients

    def _return(self, coefficients: Floats) -> float:
        return max(_LEAST_RETURN, 1 - float(coefficients[self.intercept : self.intercept + self.lags].sum()))

    def _steady(self, row: Floats, coefficients: Floats) -> float:
        """Level and rhythm of a replay, as the regression has them if nothing followed from the past."""
        fixed = row.copy()
        fixed[self.intercept : self.intercept + self.lags] = 0.0
        return float(fixed @ coefficients) / self._return(coefficients)

    def _bridged(self, state: SeriesState, hours: float | None, mask: Mask, fit: Fit) -> Lags:
        """Values before the next one; where replays are missing, what the regression expected of them."""
        last = state.last
        if hours is None or state.last_h is None or not (last and state.gaps):
            return last
        usual, gap = median(state.gaps), hours - state.last_h
        if -_EARLY * usual <= gap <= _LATE * usual:
            return last
        missing = round(gap / usual) - 1
        if not 0 <= missing <= _BRIDGED:
            return (None,) * self.lags
        for step in range(missing):
            row = self._row(state.last_h + usual * (step + 1), last, mask, fit)
            last = (float(row[mask] @ fit.coefficients), *last)[: self.lags]
        return last

    def _row(self, hours: float | None, last: Lags, mask: Mask, fit: Fit) -> Floats:
        """Regressors of one replay; a lag that nobody knows is the fitted level of that moment."""
        row = np.zeros(self.columns)
        row[: self.intercept] = 1.0
        end = self.intercept + self.lags
        if hours is not None:
            row[end:] = waves(hours, self.daily, self.weekly)
        level = self._steady(row, self._all(mask, fit)) if None in last else 0.0
        row[self.intercept : end] = [level if one is None else one for one in last]
        return row

    def _score(self, row: Floats, value: float, fit: Fit, degrees: float) -> tuple[float | None, float]:
        """Return the score, and the value as it may be learned; `row` holds the active columns."""
        degrees = degrees + self.scale_prior
        rss = fit.rss + self.scale_prior
        leverage = fit.leverage(row)
        if degrees < 1 or rss <= 0 or leverage is None:
            return None, value
        predicted, variance = float(row @ fit.coefficients), rss / degrees * (1 + leverage)
        z = studentised(value - predicted, variance=variance, degrees=degrees)
        if degrees < _CLIP_FROM:
            return z, value
        reach = _CLIP * math.sqrt(variance)
        return z, min(max(value, predicted - reach), predicted + reach)
