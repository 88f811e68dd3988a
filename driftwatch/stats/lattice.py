"""Exact laws of sums on a whole-number lattice, and the standard normal score of a sum.

Best where few probes carry information or their bags are very skewed, and a normal approximation
would call one failure in thirty "five sigma".
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.normal import normal_cdf, normal_quantile

Floats = NDArray[np.float64]

_SHORT = 16


def draw_pmf(counts: NDArray[np.int64], drawn: int) -> Floats:
    """Law of the sum of `drawn` values taken without replacement from a bag.

    Parameters
    ----------
    counts : ndarray, shape (n_scores,)
        How many values of the bag have score 0, 1, 2, ...
    drawn : int
        Draws, 1 or more and at most ``counts.sum()``.

    Examples
    --------
    >>> import numpy as np
    >>> draw_pmf(np.array([1, 2]), 2).round(4).tolist()
    [0.0, 0.6667, 0.3333]
    """
    if drawn == 1:
        share: Floats = counts / counts.sum()
        return share
    values = np.flatnonzero(counts)
    if len(values) == 2 and values[0] == 0:
        gap = int(values[1])
        pmf = np.zeros((len(counts) - 1) * drawn + 1)
        pmf[: gap * drawn + 1] = _two_valued(int(counts[0]), int(counts[gap]), drawn, gap)
        return pmf
    return _table(counts, drawn)


def _two_valued(low: int, high: int, drawn: int, gap: int) -> Floats:
    """The hypergeometric law, as for passes and failures, on scores 0 and `gap`."""
    pmf = np.zeros(gap * drawn + 1)
    ways = math.comb(low + high, drawn)
    pmf[::gap] = [math.comb(high, take) * math.comb(low, drawn - take) / ways for take in range(drawn + 1)]
    return pmf


def two_valued_tails(low: int, high: int, drawn: int, taken: int) -> tuple[float, float]:
    """Mid-p chances of so many high values or fewer, and or more, among `drawn` without replacement; of any size.

    Parameters
    ----------
    low, high : int
        Values of the bag of either kind.
    drawn, taken : int
        Values drawn, and the high ones among them: what can happen.

    Examples
    --------
    One failure among five answers, the last of which it is: a fifth, of which half counts.

    >>> two_valued_tails(1, 4, 1, 0)
    (0.1, 0.9)
    """
    first, last = max(0, drawn - low), min(high, drawn)
    below = np.arange(first, last, dtype=float)
    # Each chance by the one before it: ways beyond 1e308 are no numbers.
    steps = np.log((high - below) * (drawn - below)) - np.log((below + 1) * (low - drawn + below + 1))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    at = taken - first
    half = 0.5 * float(chances[at])
    return float(chances[:at].sum()) + half, float(chances[at + 1 :].sum()) + half


def _table(counts: NDArray[np.int64], drawn: int) -> Floats:
    width = len(counts)
    # table[j, s]: ways to have drawn j values of sum s, scaled to a probability at the end.
    table = np.zeros((drawn + 1, (width - 1) * drawn + 1))
    table[0, 0] = 1.0
    for score, available in enumerate(counts.tolist()):
        if available:
            table = _with_score(table, score, available)
    pmf: Floats = table[drawn] / table[drawn].sum()
    return pmf


def _with_score(table: Floats, score: int, available: int) -> Floats:
    drawn = len(table) - 1
    grown = table.copy()
    for take in range(1, min(drawn, available) + 1):
        shift = take * score
        ways = math.comb(available, take)
        grown[take:, shift:] += ways * table[: drawn + 1 - take, : table.shape[1] - shift]
    scaled: Floats = grown / grown.max()
    return scaled


def sum_pmf(laws: Sequence[Floats]) -> Floats:
    """Law of a sum of independent lattice variables, by convolution.

    All terms are positive, so even tails of 1e-300 keep their relative accuracy.

    Parameters
    ----------
    laws : sequence of ndarray, each of shape (n_scores,)
        Chances of the scores 0, 1, 2, ... of each variable.

    Examples
    --------
    >>> import numpy as np
    >>> sum_pmf([np.array([0.5, 0.5])] * 2).tolist()
    [0.25, 0.5, 0.25]
    """
    total = np.ones(1)
    for law in sorted(laws, key=len):
        total = _convolved(total, law)
    return total


def sum_of_rows(laws: Floats) -> Floats:
    """Law of a sum of independent variables on the same few scores, shape (n_variables, n_scores); neighbours first.

    What `sum_pmf` gives up to rounding, in fewer steps: all pairs of neighbours are convolved at once.

    Examples
    --------
    >>> import numpy as np
    >>> sum_of_rows(np.array([[0.5, 0.5], [0.5, 0.5], [0.25, 0.75]])).tolist()
    [0.0625, 0.3125, 0.4375, 0.1875]
    """
    longest = len(laws) * (laws.shape[1] - 1) + 1
    while len(laws) > 1:
        if len(laws) % 2:
            laws = np.concatenate([laws, np.eye(1, laws.shape[1])])
        laws = _of_pairs(laws[::2], laws[1::2])
    return laws[0, :longest]


def _of_pairs(left: Floats, right: Floats) -> Floats:
    width = left.shape[1]
    if width > len(left):
        return np.array([np.convolve(one, other) for one, other in zip(left, right, strict=True)])
    out = np.zeros((len(left), 2 * width - 1))
    for score in range(width):
        out[:, score : score + width] += left[:, score, None] * right
    return out


def _convolved(total: Floats, law: Floats) -> Floats:
    if len(law) <= _SHORT or 4 * np.count_nonzero(law) > len(law):
        return np.convolve(total, law)
    out = np.zeros(len(total) + len(law) - 1)
    for atom in np.flatnonzero(law).tolist():
        out[atom : atom + len(total)] += law[atom] * total
    return out


def normal_score(pmf: Floats, total: int, uniform: float) -> float:
    """Randomised probability integral transform of one lattice value, as a standard normal score.

    Exactly standard normal when `total` follows `pmf` and `uniform` is uniform on [0, 1). The tail on
    the far side of the mean is used, so that mirrored data give the mirrored score.

    Parameters
    ----------
    pmf : ndarray, shape (n_scores,)
        Chances of 0, 1, 2, ..., which sum to one.
    total : int
        The value seen.
    uniform : float
        0 to 1; at 1 the whole chance of the value counts.

    Examples
    --------
    >>> import numpy as np
    >>> round(normal_score(np.array([0.5, 0.5]), 1, 0.5), 4)
    0.6745
    """
    mean = float(np.arange(len(pmf)) @ pmf)
    if total >= mean:
        return -normal_quantile(float(pmf[total + 1 :].sum()) + uniform * float(pmf[total]))
    return normal_quantile(float(pmf[:total].sum()) + uniform * float(pmf[total]))


def pearson_normal_score(z: float, skewness: float) -> float:
    """Standard normal score of a standardised sum with known third moment (Wilson and Hilferty).

    Matches three moments through Pearson's type III law; monotone in `z`, the identity at zero skewness. Approximate:
    use it where many variables are added, none of which outweighs the others.

    Parameters
    ----------
    z, skewness : float
        The sum in standard deviations from its mean, and its third standardised moment.

    References
    ----------
    .. [1] E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17 (1931).

    Examples
    --------
    >>> round(pearson_normal_score(3.0, 0.5), 3)
    2.544
    """
    if abs(skewness) < 1e-4:
        return z
    root = math.cbrt(skewness * z / 2 + 1)
    return 6 / skewness * (root - 1) + skewness / 6


def pearson_tail(z: float, skewness: float) -> float:
    """Upper tail probability of a standardised sum with known third moment.

    Parameters
    ----------
    z, skewness : float
        The sum in standard deviations from its mean, and its third standardised moment.

    Examples
    --------
    Exponential times, skewness 2: more than three above their mean has the chance exp(-4) = 0.0183.

    >>> round(pearson_tail(3.0, 2.0), 4)
    0.0181
    """
    return normal_cdf(-pearson_normal_score(z, skewness))
