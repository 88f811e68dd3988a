"""Thresholds of the Cramér-von Mises chart for a wanted in-control ARL: a table made once by simulation."""

import math

import numpy as np

from driftwatch.stats.errors import DegenerateError

_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8)
# ARL at each threshold, 60 ranks a replay: `python benchmarks/detection/cvm_table.py`, seed 20250, 20 million
# replays. Standard errors 0.1 % at the head, 5 % at the last entry. With 10 ranks a replay (--windows 8 --ranks 10
# --replays 5000000) the ARL at a threshold differs by less than 2 % up to 2,000 replays and 8 % up to 15,000.
_TABLE: dict[int, tuple[float, ...]] = {
    4: (
        *(11.5726, 21.5913, 38.145, 65.6071, 110.86, 187.239, 313.556, 521.095, 869.829, 1459.1, 2412.17),
        *(4001.0, 6599.84, 11245.6, 19044.6, 32203.1),
    ),
    8: (
        *(17.2675, 32.5958, 57.3277, 97.4234, 162.9, 267.586, 439.578, 724.315, 1188.96, 1944.41, 3208.95),
        *(5277.02, 8703.8, 14559.6, 24593.2, 40643.4),
    ),
    16: (
        *(27.8371, 53.2519, 93.856, 157.921, 260.862, 426.219, 695.252, 1135.81, 1829.17, 2983.95, 4791.54),
        *(7959.48, 13142.9, 21747.8, 35134.4, 58124.5),
    ),
}
# Beyond the table: slope of log ARL in the threshold, pi^2 / 2, from the largest eigenvalue of the limit law
# (Anderson and Darling 1952). Measured from 1.0 to 2.0: 5.2, 5.0 and 4.9 for windows of 4, 8 and 16.
_SLOPE = math.pi**2 / 2


def cvm_threshold(*, arl: float, window: int) -> float:
    """Threshold of the modified Cramér-von Mises distance for a wanted in-control ARL.

    Parameters
    ----------
    arl : float
        In-control ARL in replays, 20 to 1e9. Beyond the table's end, between 32,000 and 58,000 replays, the
        logarithm of the ARL is extrapolated linearly in the threshold, the law of the distribution's tail.
    window : int
        Replays pooled by the chart: one of the table's.

    Examples
    --------
    >>> round(cvm_threshold(arl=500, window=8), 2)
    0.93
    """
    if window not in _TABLE:
        raise DegenerateError(f"CvM chart: window must be one of {sorted(_TABLE)} replays, got {window}")
    if not 20 <= arl <= 1e9:
        raise DegenerateError(f"CvM chart: in-control ARL must lie between 20 and 1e9 replays, got {arl}")
    logs = np.log(_TABLE[window])
    beyond = max(0.0, math.log(arl) - float(logs[-1])) / _SLOPE
    return float(np.interp(math.log(arl), logs, _THRESHOLDS)) + beyond
