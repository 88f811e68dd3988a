"""Exchangeable scores: today's answers against each probe's own past, exact for any metric.

Best for comparing a replay with a short reference whose law nobody knows. Given the bag (reference
and new values together) the new values are a draw from it without replacement, so the moments of
their score, and on a lattice the whole law, are known exactly.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.grid import VALUE_GRID, Grid, grid_of
from driftwatch.stats.lattice import draw_pmf, normal_score, pearson_normal_score, sum_of_rows, sum_pmf
from driftwatch.stats.normal import normal_quantile

Kind = Literal["binary", "graded", "continuous"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RANK_GRID = 16  # steps per unit of normal score; rounding moves the variance by 0.03 %
_CHEAP = 4e5  # multiply-adds of an exact convolution that is always afforded (about 0.5 ms)
_PER_PROBE = 1500.0  # what calling for one probe costs, in multiply-adds
_DEAR = 4e7  # the most that is spent where the normal approximation is poor
_FEW_PROBES = 20.0  # effective number of probes below which the normal approximation is not used
_SKEWED = 0.15
_WEIGHT_STEPS, _BORROWED = 8, 0.25  # weight of the usual variance; share of it that is added to every one
_FEW_SPREADS = 10.0  # effective number of probes below which a spread has no score
_FEW_SCORES = 16  # on more scores most bags hold few of them, and zeros need not be multiplied
_MANY_DRAWS = 100  # samples of one probe in one replay beyond which its law is never convolved


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One replay against its reference.

    Parameters
    ----------
    z : float or None
        Standard normal under "nothing changed", positive when values rose; None when every bag is constant.
    variances : ndarray, shape (n_probes,)
        Conditional variance of each probe's summed score; 0 for a probe without information.
    exact : bool
        Whether the law was convolved exactly (and randomised once) rather than approximated.
    """

    z: float | None
    variances: Floats
    exact: bool


def compare(reference: Floats, new: Floats, kind: Kind, uniform: float) -> Evidence:
    """Compare the new values of every probe with its own reference.

    The sequential Cochran-Mantel-Haenszel statistic for binary metrics, van Elteren's with normal scores for
    continuous ones; of graded ones a probe whose answers vary little has the greater say. Over time the values are
    independent standard normals when the reference grows by each replay, whatever the metric's law [1]_.

    Parameters
    ----------
    reference : ndarray, shape (n_probes, n_reference)
        Reference values, NaN where a probe has fewer.
    new : ndarray, shape (n_probes, n_samples)
        This replay's values, NaN where missing. Missing answers leave the sum.
    kind : {"binary", "graded", "continuous"}
        Binary and graded metrics are scored by value, continuous ones by mid-rank normal scores.
    uniform : float
        A uniform draw in [0, 1) that breaks the replay's lattice once.

    References
    ----------
    .. [1] P. K. Bhattacharya and D. Frierson, "A nonparametric control chart for detecting small
       disorders", Annals of Statistics 9 (1981), on independent sequential ranks.

    Examples
    --------
    >>> import numpy as np
    >>> passes = np.ones((10, 30))
    >>> round(compare(passes, np.zeros((10, 1)), "binary", uniform=0.5).z, 2)
    -8.0
    >>> compare(passes, np.ones((10, 1)), "binary", uniform=0.5).z is None
    True
    """
    return evidence_of(probe_laws(reference, new, kind), kind, uniform)


def evidence_of(laws: "ProbeLaws", kind: Kind, uniform: float) -> Evidence:
    """Add the probes up: what `compare` gives, from laws that are known already."""
    total = sum_of(laws, kind)
    if total is None:
        return Evidence(z=None, variances=laws.variance, exact=True)
    rows, weights = total.rows, total.weights
    if total.convolved:
        counts = laws.counts[rows, : int(laws.spans[rows].max())]
        law = _law_of_sum(_stretched(counts, weights), laws.drawn[rows])
        score = normal_score(law, int((laws.total[rows] * weights).sum()), uniform)
        return Evidence(z=score, variances=laws.variance, exact=True)
    deviation = float((laws.deviation[rows] * weights).sum())
    z = pearson_normal_score(deviation / total.variance**0.5, total.skewness)
    return Evidence(z=z, variances=laws.variance, exact=False)


@dataclass(frozen=True, kw_only=True)
class Total:
    """Law of the sum over the probes that vary: which those are, what each one counts, the sum's moments, and whether
    to convolve it exactly.
    """

    rows: Ints
    weights: Ints
    variance: float
    skewness: float
    convolved: bool


def sum_of(laws: "ProbeLaws", kind: Kind) -> Total | None:
    """Moments of the sum, and whether its exact law is affordable and worth its price; needs no counts."""
    rows = np.flatnonzero(laws.variance > 0)
    if not rows.size:
        return None
    weights = weights_of(laws.variance[rows], kind)
    variances = laws.variance[rows] * weights**2
    variance = float(variances.sum())
    skewness = float((laws.third[rows] * weights**3).sum()) / variance**1.5
    effective = variance**2 / float((variances**2).sum())
    poor = effective < _FEW_PROBES or abs(skewness) > _SKEWED
    cost = _convolution_cost((laws.spans[rows] - 1) * weights + 1, laws.atoms[rows], laws.drawn[rows])
    convolved = cost <= _CHEAP or (poor and cost <= _DEAR)
    return Total(rows=rows, weights=weights, variance=variance, skewness=skewness, convolved=convolved)


def weights_of(variances: Ints | Floats, kind: Kind) -> Ints:
    """What a step of each probe's score counts in the sum: of grades about one over its deviation, 1 to 16.

    A shift of all grades by one step says most where answers hardly vary. A probe that varied once has no deviation to
    speak of, so a quarter of the usual variance is added. A function of the bags alone; whole, so that sums keep a
    lattice.

    Examples
    --------
    >>> import numpy as np
    >>> weights_of(np.array([0.01, 0.25, 1.0]), "graded").tolist()
    [16, 11, 7]
    """
    if kind != "graded":
        return np.ones(len(variances), dtype=np.int64)
    share = variances / _usual(variances)
    weights: Ints = np.maximum(np.rint(_WEIGHT_STEPS / np.sqrt(share + _BORROWED)), 1.0).astype(np.int64)
    return weights


def _usual(variances: Ints | Floats) -> float:
    """Mean of the variances, each by its size: that of the probes that vary, however many others hardly do."""
    return float((variances**2).sum() / variances.sum())


def _stretched(counts: Ints, weights: Ints) -> Ints:
    """Counts of the scores times each row's weight."""
    if (weights == 1).all():
        return counts
    row, score = np.nonzero(counts)
    at = score * weights[row]
    stretched = np.zeros((len(counts), int(at.max()) + 1), dtype=counts.dtype)
    stretched[row, at] = counts[row, score]
    return stretched


def _law_of_sum(counts: Ints, drawn: Ints) -> Floats:
    if counts.shape[1] <= _FEW_SCORES and (drawn == 1).all():
        return sum_of_rows(counts / counts.sum(axis=1, keepdims=True))
    return sum_pmf([draw_pmf(one, m) for one, m in zip(counts, drawn.tolist(), strict=True)])


@dataclass(frozen=True, kw_only=True)
class ProbeLaws:
    """What the bag of each probe says of the summed score of its new values; every row says it of one probe alone.

    Parameters
    ----------
    counts : ndarray, shape (n_probes, n_scores)
        How many values of the bag have whole-number score 0, 1, 2, ... above the bag's lowest.
    spans, atoms : ndarrays, shape (n_probes,)
        Scores up to the bag's highest, and different ones among them.
    drawn, total : ndarrays, shape (n_probes,)
        New values, and their summed score on that scale.
    deviation, variance, third : ndarrays, shape (n_probes,)
        The sum minus its mean, and the second and third central moment of the sum, in score units.
    spread : ndarray, shape (n_probes, 3)
        The same three of the sum of squared distances from the bag's mean, for `spread_score`; the variance is 0 where
        all values lie equally far.
    """

    counts: Ints
    spans: Ints
    atoms: Ints
    drawn: Ints
    total: Ints
    deviation: Floats
    variance: Floats
    third: Floats
    spread: Floats


def probe_laws(reference: Floats, new: Floats, kind: Kind) -> ProbeLaws:
    """Score each probe's bag and take the moments of a draw from it.

    Parameters
    ----------
    reference, new, kind
        As of `compare`.

    Examples
    --------
    A bag of three passes and a failure, which is today's: 3/4 below its mean, with the variance of one draw.

    >>> import numpy as np
    >>> laws = probe_laws(np.ones((1, 3)), np.zeros((1, 1)), "binary")
    >>> laws.deviation.tolist(), laws.variance.tolist()
    ([-0.75], [0.1875])
    """
    return laws_on_grid(reference, new, None if kind == "continuous" else grid_of(Bags(held=reference), new))


def laws_on_grid(reference: Floats, new: Floats, grid: Grid | None) -> ProbeLaws:
    """Laws of the probes on a given grid; on mid-rank normal scores without one.

    What a row says does not depend, to the last digit, on the rows beside it.
    """
    values = np.concatenate([reference, new], axis=1)
    drawn = np.isfinite(new).sum(axis=1)
    mask = np.isfinite(values) & (drawn > 0)[:, None]
    size = mask.sum(axis=1)
    scores = _rank_scores(values, mask, size) if grid is None else grid.scores(np.where(mask, values, grid.low))
    base = np.where(mask, scores, 2**40).min(axis=1, initial=2**40)
    scores = np.where(mask, scores - base[:, None], 0)
    counts = _histogram(scores, mask, 0 if grid is None else VALUE_GRID // grid.step + 1)
    today = scores[:, reference.shape[1] :]
    centre, variance, third = _moments(counts, size, drawn)
    total = today.sum(axis=1)
    return ProbeLaws(
        counts=counts,
        spans=scores.max(axis=1, initial=0) + 1,
        atoms=(counts > 0).sum(axis=1),
        drawn=drawn,
        total=total,
        deviation=total - centre * drawn,
        variance=variance,
        third=third,
        spread=_spread(counts, size, drawn, np.where(np.isfinite(new), today, -1)),
    )


def _spread(counts: Ints, size: Ints, drawn: Ints, today: Ints) -> Floats:
    """Deviation, variance and third moment of the summed squares of each probe's new scores, -1 where missing."""
    score = np.arange(counts.shape[1], dtype=float)
    squares = (score - (counts @ score / np.maximum(size, 1))[:, None]) ** 2
    centre, variance, third = _moments_of(squares, counts, size, drawn)
    own = np.where(today >= 0, np.take_along_axis(squares, np.maximum(today, 0), axis=1), 0.0).sum(axis=1)
    used = variance > 1e-9 * np.maximum(centre, 1e-300) ** 2
    return np.where(used[:, None], np.stack([own - drawn * centre, variance, third], axis=1), 0.0)


def spread_score(laws: ProbeLaws, kind: Kind) -> float | None:
    """Standard normal score of how far new values lie from the middle of their bags, positive when farther.

    The squared centred score is a transform like any other: its sum over probes has conditional moments
    known exactly. None where the effective number of probes is below ten.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.tile(np.arange(30.0), (40, 1))
    >>> wide, narrow = np.where(np.arange(40) % 2, 29.5, -0.5)[:, None], np.full((40, 1), 14.5)
    >>> [round(spread_score(probe_laws(reference, new, "continuous"), "continuous")) for new in (wide, narrow)]
    [11, -7]
    """
    deviation, variance, third = _weighed_spread(laws, kind)
    total = float(variance.sum())
    if not total or total**2 / float((variance**2).sum()) < _FEW_SPREADS:
        return None
    return pearson_normal_score(float(deviation.sum()) / total**0.5, float(third.sum()) / total**1.5)


def _weighed_spread(laws: ProbeLaws, kind: Kind) -> tuple[Floats, Floats, Floats]:
    """Moments of the spread of each probe that has one; of grades its square counts about one over the variance."""
    used = laws.spread[:, 1] > 0
    deviation, variance, third = laws.spread[used].T
    if kind != "graded" or not used.any():
        return deviation, variance, third
    own = laws.variance[used]
    weights = 1 / (own / _usual(own) + _BORROWED)
    return deviation * weights, variance * weights**2, third * weights**3


def _rank_scores(values: Floats, mask: NDArray[np.bool_], size: Ints) -> Ints:
    """Mid-rank normal scores within each probe's bag, on a whole-number grid."""
    filled = np.where(mask, values, np.inf)
    order = np.argsort(filled, axis=1)
    ranked = np.take_along_axis(filled, order, axis=1)
    column = np.arange(values.shape[1])
    new_run = np.ones(values.shape, dtype=bool)
    new_run[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    first = np.maximum.accumulate(np.where(new_run, column, 0), axis=1)
    last_of_run = np.ones(values.shape, dtype=bool)
    last_of_run[:, :-1] = new_run[:, 1:]
    last = np.minimum.accumulate(np.where(last_of_run, column, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
    last = np.minimum(last, np.maximum(size - 1, 0)[:, None])
    twice = first + last + 2
    # What is missing gets the middle rank, whose score is zero.
    twice = np.where(twice <= 2 * size[:, None], twice, size[:, None] + 1)
    scores = np.empty(values.shape, dtype=np.int64)
    np.put_along_axis(scores, order, _rank_quantiles(twice, size), axis=1)
    return scores


def _rank_quantiles(twice: Ints, size: Ints) -> Ints:
    """Normal quantiles of doubled mid-ranks on the grid, from one table for each size of bag."""
    different, at = np.unique(size, return_inverse=True)
    tables = np.zeros((len(different), 2 * int(different.max(initial=0)) + 3), dtype=np.int64)
    for row, one in enumerate(different.tolist()):
        table = _quantile_table(one)
        tables[row, : len(table)] = table
    on_grid: Ints = tables[at.reshape(-1)[:, None], twice]
    return on_grid


@lru_cache(maxsize=512)
def _quantile_table(size: int) -> tuple[int, ...]:
    """Score of the doubled mid-rank 0, 1, ... 2 n + 1 in a bag of n; the first two never occur."""
    inner = (round(normal_quantile(twice / (2 * size + 2)) * _RANK_GRID) for twice in range(2, 2 * size + 2))
    return (0, 0, *inner)


def _moments(counts: Ints, size: Ints, drawn: Ints) -> tuple[Floats, Floats, Floats]:
    """Centre of one draw; variance and third moment of the sum of `drawn` draws without replacement."""
    return _moments_of(np.arange(counts.shape[1], dtype=float)[None, :], counts, size, drawn)


def _moments_of(score: Floats, counts: Ints, size: Ints, drawn: Ints) -> tuple[Floats, Floats, Floats]:
    n, m = np.maximum(size, 1).astype(float), drawn.astype(float)
    centre = (counts * score).sum(axis=1) / n
    deviation = score - centre[:, None]
    constant = (counts > 0).sum(axis=1) <= 1
    weighted = counts * deviation * deviation
    square = np.where(constant, 0.0, weighted.sum(axis=1) / n)
    cube = np.where(constant, 0.0, (weighted * deviation).sum(axis=1) / n)
    left = np.maximum(n - m, 0.0)
    variance = m * square * left / np.maximum(n - 1, 1)
    third = m * cube * left * (n - 2 * m) / np.maximum((n - 1) * (n - 2), 1)
    return centre, variance, third


def _histogram(scores: Ints, mask: NDArray[np.bool_], least: int) -> Ints:
    """Count of each score per probe, shape (n_probes, n_scores), on `least` scores or more."""
    width = _padded(max(least, int(scores.max(initial=0)) + 1))
    flat = (scores + width * np.arange(len(scores))[:, None])[mask]
    return np.bincount(flat, minlength=width * len(scores)).reshape(len(scores), width)


def _padded(width: int) -> int:
    """Width at which a row's sums are the same whatever wider rows stand beside it.

    Numpy adds in eight lanes, and in halves beyond 128: more zeros change nothing where the width is a multiple of 8,
    or a power of two.
    """
    return -(-width // 8) * 8 if width <= 128 else 1 << (width - 1).bit_length()


def _convolution_cost(spans: Ints, atoms: Ints, drawn: Ints) -> float:
    """Multiply-adds of convolving the probes' laws one after the other."""
    width, most = int(spans.max()), int(drawn.max())
    span = float(width * int(drawn.sum()))
    each = np.minimum(atoms * drawn, width * drawn) if most > 1 else atoms
    single = float((np.where(drawn > 1, drawn, 0).astype(float) ** 2).sum()) * width**2 if most > 1 else 0.0
    many = float("inf") if most > _MANY_DRAWS else 0.0
    return span * float(each.sum()) / 2 + single + many + _PER_PROBE * len(drawn)
