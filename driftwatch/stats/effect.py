"""What moved: the stratified effect with an interval, and the probes ranked by evidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.effect_interval import difference_interval
from driftwatch.stats.exchangeable import Kind, ProbeLaws, probe_laws
from driftwatch.stats.lattice import draw_pmf, pearson_tail, two_valued_tails

Floats = NDArray[np.float64]

_EXACT_COST = 2e5
_SMALL, _HUGE = 1e-100, 1e100
_LARGEST = float(np.finfo(float).max)


@dataclass(frozen=True, kw_only=True)
class MovedProbe:
    """One probe before and after the onset.

    Parameters
    ----------
    probe : str
        Its key.
    before, after : float
        Mean of its reference values and of its values since the onset, in the metric's unit.
    p : float
        Two-sided mid-p value of the permutation law of its own bag.
    q : float
        The same after Benjamini-Hochberg [1]_ over all probes: the false-discovery rate of a list down to it, as far as
        the probes are independent and the onset was not chosen by the same answers; at an alarm it was.

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995).
    """

    probe: str
    before: float
    after: float
    p: float
    q: float


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Mean over probes before and after the onset, and a 95 % interval of the difference.

    Parameters
    ----------
    before, after : float
        In the metric's unit; every probe counts the same.
    interval : pair of float
        Of ``after - before``: `effect_interval.difference_interval`.
    direction : {-1, 0, 1}
        The sign of that difference.
    """

    before: float
    after: float
    interval: tuple[float, float]
    direction: Literal[-1, 0, 1]


def stratified_effect(reference: Floats, after: Floats, *, dispersion: float = 1.0) -> Effect | None:
    """Mean over the probes that have values on both sides; every probe counts the same.

    Parameters
    ----------
    reference, after : ndarray, shapes (n_probes, n_reference) and (n_probes, n_after)
        NaN where there is no value.
    dispersion : float
        Standard deviation of quiet evidence between replays; widens the interval when above 1.

    Notes
    -----
    The interval is `difference_interval`'s, for answers that are independent. The onset was chosen by the same answers,
    and an alarm comes when they stand out: at the alarm the effect looks larger than it is.

    Examples
    --------
    >>> import numpy as np
    >>> stratified_effect(np.ones((2, 30)), np.array([[1.0], [0.0]])).after
    0.5
    """
    n, m = np.isfinite(reference).sum(axis=1), np.isfinite(after).sum(axis=1)
    both = (n > 0) & (m > 0)
    if not both.any():
        return None
    bag = np.concatenate([reference[both], after[both]], axis=1)
    largest = float(np.nanmax(np.abs(bag)))
    # By a power of two, which rounds nothing, and only where squares would overflow: 0 and 8 are not 0 and 1.
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1) if not _SMALL < largest < _HUGE else 1.0
    before, later = _row_means(reference[both] / scale), _row_means(after[both] / scale)
    low, high = float(before.mean()), float(later.mean())
    least, most = difference_interval(reference[both] / scale, after[both] / scale, dispersion=max(1.0, dispersion))
    difference = high - low
    return Effect(
        before=_finite(low * scale),
        after=_finite(high * scale),
        interval=(_finite(min(least, difference) * scale), _finite(max(most, difference) * scale)),
        direction=int(np.sign(difference)),  # type: ignore[arg-type]
    )


def _finite(value: float) -> float:
    """Return the value, or the largest number there is where it is beyond that."""
    return min(max(value, -_LARGEST), _LARGEST)


def moved_probes(probes: Sequence[str], reference: Floats, after: Floats, kind: Kind) -> tuple[MovedProbe, ...]:
    """Probes with values on both sides, strongest evidence first.

    Parameters
    ----------
    probes : sequence of str
        Their keys, in the rows' order.
    reference, after : ndarray, shapes (n_probes, n_reference) and (n_probes, n_after)
        NaN where there is no value.
    kind : {"binary", "graded", "continuous"}
        By what answers are scored: values, or ranks within the probe.

    Notes
    -----
    Exact given the bag where its law is two-valued or small (a few values, few draws), else from three moments.

    Examples
    --------
    >>> import numpy as np
    >>> found = moved_probes(["a", "b"], np.ones((2, 30)), np.array([[1.0, 1.0], [0.0, 0.0]]), "binary")
    >>> found[0].probe, round(found[0].q, 4)
    ('b', 0.004)
    """
    both = (np.isfinite(reference).sum(axis=1) > 0) & (np.isfinite(after).sum(axis=1) > 0)
    if not both.any():
        return ()
    names = [probe for probe, kept in zip(probes, both, strict=True) if kept]
    before, later = _row_means(reference[both]), _row_means(after[both])
    p = _mid_p(probe_laws(reference[both], after[both], kind))
    q = _benjamini_hochberg(p)
    rank = sorted(range(len(names)), key=lambda i: (p[i], -abs(later[i] - before[i]), names[i]))
    return tuple(
        MovedProbe(probe=names[i], before=float(before[i]), after=float(later[i]), p=float(p[i]), q=float(q[i]))
        for i in rank
    )


def _mid_p(laws: ProbeLaws) -> Floats:
    out = np.ones(len(laws.drawn))
    for row in np.flatnonzero(laws.variance > 0).tolist():
        drawn, total = int(laws.drawn[row]), int(laws.total[row])
        counts = laws.counts[row]
        if len(counts) * drawn**2 * int((counts > 0).sum()) <= _EXACT_COST:
            pmf = draw_pmf(counts, drawn)
            upper = float(pmf[total + 1 :].sum()) + 0.5 * float(pmf[total])
            lower = float(pmf[:total].sum()) + 0.5 * float(pmf[total])
        elif np.count_nonzero(counts) == 2:
            gap = int(np.flatnonzero(counts)[1])  # the lowest score is 0
            lower, upper = two_valued_tails(int(counts[0]), int(counts[gap]), drawn, total // gap)
        else:
            sd = math.sqrt(laws.variance[row])
            z, skewness = float(laws.deviation[row]) / sd, float(laws.third[row]) / sd**3
            upper, lower = pearson_tail(z, skewness), pearson_tail(-z, -skewness)
        out[row] = min(1.0, 2 * min(upper, lower))
    return out


def _benjamini_hochberg(p: Floats) -> Floats:
    order = np.argsort(p, kind="stable")[::-1]
    ranked = p[order] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty_like(p)
    q[order] = np.minimum(1.0, np.minimum.accumulate(ranked))
    return q


def _row_means(values: Floats) -> Floats:
    held = np.where(np.isfinite(values), values, 0.0)
    # Scaled first: the sum of huge values may overflow.
    peak = np.maximum(np.abs(held).max(axis=1), np.finfo(float).tiny)
    means: Floats = (held / peak[:, None]).sum(axis=1) / np.isfinite(values).sum(axis=1) * peak
    return means
