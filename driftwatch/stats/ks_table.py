"""Thresholds of the KS chart for a wanted in-control ARL: a table made once by simulation."""

import math

import numpy as np

from driftwatch.stats.errors import DegenerateError

# (ARL, threshold) per window, 60 ranks a replay: benchmarks/detection/ks_table.py --replays 5000000, seed 20250.
# Standard errors 0.2 % at the head, 5 % at the last entry. With 10 or 240 ranks a replay the ARL at a
# threshold differs by less than 6 % up to 2,000 replays, and is longer with few ranks beyond.
_TABLE: dict[int, tuple[tuple[float, float], ...]] = {
    8: ((19.749, 1.2), (54.44, 1.4), (162.26, 1.6), (557.97, 1.8), (2252.4, 2.0), (10654.0, 2.2)),
}
# Beyond the table: slope of log ARL in the squared threshold. The tail of the distribution gives 2 less
# a logarithm; the fit of the last entries gives this. For 65,700 it holds 73,300 +- 3,300 (35 million replays,
# 60 ranks, seed 71; alarms less than a window apart are one).
_SLOPE = 1.85


def ks_threshold(*, arl: float, window: int) -> float:
    """Threshold of the modified KS distance for a wanted in-control ARL.

    Parameters
    ----------
    arl : float
        In-control ARL in replays, 20 to 1e9. Beyond the table's end the logarithm of the ARL is
        extrapolated linearly in the squared threshold, the law of the distribution's tail.
    window : int
        Replays pooled by the chart: one of the table's.

    Raises
    ------
    DegenerateError
        If either is out of range.

    Examples
    --------
    >>> round(ks_threshold(arl=500, window=8), 2), round(ks_threshold(arl=65_700, window=8), 2)
    (1.78, 2.41)
    """
    if window not in _TABLE:
        raise DegenerateError(f"KS chart: window must be one of {sorted(_TABLE)} replays, got {window}")
    if not 20 <= arl <= 1e9:
        raise DegenerateError(f"KS chart: in-control ARL must lie between 20 and 1e9 replays, got {arl}")
    logs, squares = np.array([(math.log(a), t * t) for a, t in _TABLE[window]]).T
    beyond = max(0.0, math.log(arl) - float(logs[-1])) / _SLOPE
    return math.sqrt(float(np.interp(math.log(arl), logs, squares)) + beyond)
