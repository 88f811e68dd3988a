"""Bets on one probe's own score: exponential tilts, fair given its bag whatever its law."""

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.exchangeable import ProbeLaws

Floats = NDArray[np.float64]

WEAK, STRONG = 0.5, 1.5
"""Tilts of a probe's score that are bet on, up and down, per standard deviation of the score."""
_WEAK_CLIP, _STRONG_CLIP = 2.0, 3.0  # standard deviations at which a probe's own score enters a bet


def tilted(laws: ProbeLaws) -> Floats:
    """Log bets on a weak tilt up and down, and a strong one, shape (n_probes, 4).

    Normalised by the exact mean over the bag; a strong tilt by no less than the mean over all bags.
    Zero for a probe that says nothing, or gave several samples.
    """
    score = np.arange(laws.counts.shape[1], dtype=float)
    size = np.maximum(laws.counts.sum(axis=1), 1)
    centre = (laws.counts @ score) / size
    spread = np.sqrt(np.maximum((laws.counts @ score**2) / size - centre**2, 0.0))
    used = (laws.variance > 0) & (laws.drawn == 1)
    unit = np.where(used, spread, 1.0)
    standard, own = (score - centre[:, None]) / unit[:, None], (laws.total - centre) / unit
    log_bets = np.zeros((len(size), 4))
    for column, tilt in enumerate((WEAK, -WEAK, STRONG, -STRONG)):
        # A value that no bag held is many sd from its past: unclipped, it would win the bag's size every time.
        clip = _WEAK_CLIP if column < 2 else _STRONG_CLIP
        mean = (laws.counts * np.exp(tilt * np.clip(standard, -clip, clip))).sum(axis=1) / size
        if column >= 2 and used.any():
            # A bag that never held what is rare calls it rarer than it is; it may not think itself wiser than all.
            mean = np.maximum(mean, mean[used].mean())
        log_bets[:, column] = np.where(used, tilt * np.clip(own, -clip, clip) - np.log(np.where(used, mean, 1.0)), 0.0)
    return log_bets
