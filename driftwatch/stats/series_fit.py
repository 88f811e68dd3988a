"""What a series has learned, and least squares on it: sufficient statistics of a fixed size."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Lags = tuple[float | None, ...]

DAY_H, WEEK_H = 24.0, 168.0
_GAPS = 9  # first intervals whose median is the usual one
_RANK = 1e-9  # share of the largest eigenvalue below which a direction counts as never seen
_UNSEEN = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesState:
    """Sufficient statistics of the regression and the last values: of fixed size.

    Parameters
    ----------
    gram, moment, square, count : ndarray (n_columns, n_columns), ndarray (n_columns,), float, int
        X'X, X'y, y'y and the number of rows learned.
    origin : float or None
        First value seen; the statistics hold differences from it, so that a large level costs no digits.
    seen, first_h, last_h : int, float or None, float or None
        Values met, and hours of the first and the last one.
    gaps : tuple of float
        The first intervals in hours.
    last : tuple of float or None
        Values before the next one, latest first; None where missing.
    z, row, value : float or None, ndarray (n_columns,), float
        Residual, regressors and value (as learned) of the last update.
    """

    gram: Floats
    moment: Floats
    square: float
    count: int
    origin: float | None
    seen: int
    first_h: float | None
    last_h: float | None
    gaps: tuple[float, ...]
    last: Lags
    z: float | None
    row: Floats
    value: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """Least squares in the directions that the rows so far span."""

    coefficients: Floats
    rss: float
    rank: int
    basis: Floats  # columns scaled so that X'X becomes the unit matrix on them
    seen: Floats  # projector, in units of the columns' lengths
    lengths: Floats

    def leverage(self, row: Floats) -> float | None:
        """x'(X'X)^-1 x, or None when the rows so far do not span `row`."""
        size = row / np.where(self.lengths > 0, self.lengths, 1.0)
        if float(np.abs(size - self.seen @ size).max(initial=0.0)) > _UNSEEN * float(np.abs(size).max(initial=0.0)):
            return None
        return float(((row @ self.basis) ** 2).sum())


def fitted(state: SeriesState, mask: Mask) -> Fit:
    """Regress on the columns of `mask`."""
    full = bool(mask.all())
    gram = state.gram if full else state.gram[mask][:, mask]
    moment = state.moment if full else state.moment[mask]
    lengths = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    units = np.where(lengths > 0, lengths, 1.0)
    values, vectors = np.linalg.eigh(gram / units[:, None] / units)
    kept = values > _RANK * max(1.0, float(values[-1]) if values.size else 1.0)
    vectors = vectors[:, kept]
    basis = vectors / units[:, None] / np.sqrt(values[kept])
    along = moment @ basis
    rss = state.square - float(along @ along)
    return Fit(
        coefficients=basis @ along,
        rss=rss if rss > 1e-12 * state.square else 0.0,
        rank=int(kept.sum()),
        basis=basis,
        seen=vectors @ vectors.T,
        lengths=lengths,
    )


def added(state: SeriesState, rows: Iterable[Floats], values: Iterable[float], sign: int) -> SeriesState:
    """The state with rows learned (`sign` 1) or forgotten (-1)."""
    y = np.fromiter(values, dtype=float)
    x = np.asarray([*rows], dtype=float).reshape(len(y), len(state.moment))
    return replace(
        state,
        gram=state.gram + sign * (x.T @ x),
        moment=state.moment + sign * (x.T @ y),
        square=max(0.0, state.square + sign * float(y @ y)),
        count=state.count + sign * len(y),
    )


def timed(state: SeriesState, hours: float | None) -> tuple[float | None, tuple[float, ...]]:
    """Hour of the first replay, and the first intervals."""
    if hours is None:
        return state.first_h, state.gaps
    if state.first_h is None or state.last_h is None:
        return hours, state.gaps
    gap = hours - state.last_h
    return state.first_h, (*state.gaps, gap) if gap > 0 and len(state.gaps) < _GAPS else state.gaps


def waves(hours: float, daily: int, weekly: int) -> list[float]:
    """Sines and cosines of the harmonics of the day and of the week."""
    periods = [DAY_H / (k + 1) for k in range(daily)] + [WEEK_H / (k + 1) for k in range(weekly)]
    phases = [2 * math.pi * math.fmod(hours, period) / period for period in periods]
    return [wave(phase) for phase in phases for wave in (math.sin, math.cos)]
