"""Exact two-sample Kolmogorov-Smirnov p-value given the ties: best for two small samples seen once."""

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]

_MOST = 2000  # values of both samples together
_ROUNDING = 1e-9


def ks_two_sample_p_value(first: Floats, second: Floats) -> float:
    """Two-sided p-value of the Kolmogorov-Smirnov distance between two samples, given the pooled values.

    Counts the ways to deal the pooled values whose distance is as large: exact with ties too, which
    `scipy.stats.ks_2samp` ignores.

    Parameters
    ----------
    first, second : ndarrays, shapes (n_first,) and (n_second,)
        Finite values, one or more each, 2,000 at most together.

    Notes
    -----
    For one look at two independent samples. Never for raw scores pooled over probes: see `KsChart`.

    References
    ----------
    .. [1] G. Schroeer and D. Trenkler, "Exact and randomization distributions of Kolmogorov-Smirnov tests
       for two or three samples", Computational Statistics and Data Analysis 20 (1995).

    Examples
    --------
    >>> import numpy as np
    >>> round(ks_two_sample_p_value(np.arange(1.0, 9), np.arange(5.5, 11)), 8)
    0.09257409
    """
    n, m = first.size, second.size
    pooled = np.concatenate([first, second])
    if not (n and m and n + m <= _MOST and np.isfinite(pooled).all()):
        raise DegenerateError(
            f"KS p-value: need two samples of finite values, {_MOST} together at most, got {n} and {m}"
        )
    order = np.argsort(pooled, kind="stable")
    ordered = pooled[order]
    ends = np.append(ordered[1:] != ordered[:-1], True)  # a distance counts only where a run of ties ends
    taken = np.cumsum(order < n)
    seen = np.arange(1, n + m + 1)
    distance = float(np.abs(taken / n - (seen - taken) / m)[ends].max())
    # chances[i]: i of the values seen belong to the first sample, and the distance was always smaller.
    chances, held = np.zeros(n + 1), np.arange(n + 1)
    chances[0], found = 1.0, 0.0
    for i in range(n + m):
        left = n + m - i
        drawn = chances * (n - held) / left
        chances = np.clip(chances - drawn, 0.0, None)
        chances[1:] += drawn[:-1]
        gap = np.abs(held / n - (i + 1 - held) / m)
        if ends[i]:
            far = gap >= distance - _ROUNDING
            found += float(chances[far].sum())
            chances[far] = 0.0
    return min(1.0, found)
