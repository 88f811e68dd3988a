"""Thresholds of the KS chart for a wanted in-control ARL: a table made once by simulation."""

import math

import numpy as np

from driftwatch.stats.errors import DegenerateError

# (ARL, threshold) per window: benchmarks/detection/ks_table.py, 60 ranks a replay, seed 20250.
_TABLE: dict[int, tuple[tuple[float, float], ...]] = {
    8: ((19.598, 1.2), (53.84, 1.4), (158.9, 1.6), (541.5, 1.8), (2152.8, 2.0)),
}


def ks_threshold(*, arl: float, window: int) -> float:
    """Threshold of the modified KS distance for a wanted in-control ARL.

    Parameters
    ----------
    arl : float
        In-control ARL in replays, 20 to 1e9. Beyond the table's end the logarithm of the ARL is
        extrapolated linearly in the squared threshold, the law of the distribution's tail.
    window : int
        Replays pooled by the chart: one of the table's.
    """
    if window not in _TABLE:
        raise DegenerateError(f"KS chart: window must be one of {sorted(_TABLE)} replays, got {window}")
    if not 20 <= arl <= 1e9:
        raise DegenerateError(f"KS chart: in-control ARL must lie between 20 and 1e9 replays, got {arl}")
    logs, squares = np.array([(math.log(a), t * t) for a, t in _TABLE[window]]).T
    low = int(np.clip(np.searchsorted(logs, math.log(arl)) - 1, 0, len(logs) - 2))
    slope = (squares[low + 1] - squares[low]) / (logs[low + 1] - logs[low])
    return math.sqrt(float(squares[low] + slope * (math.log(arl) - logs[low])))
