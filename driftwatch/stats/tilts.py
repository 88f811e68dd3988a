"""Bets on one probe's own score: exponential tilts, fair given its bag whatever its law."""

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.exchangeable import ProbeLaws

Floats = NDArray[np.float64]

WEAK, STRONG = 0.5, 1.5
"""Tilts of a probe's score that are bet on, up and down, per standard deviation of the score."""
_WEAK_CLIP, _STRONG_CLIP = 2.0, 3.0  # standard deviations at which a probe's own score enters a bet


_TILTS = (WEAK, -WEAK, STRONG, -STRONG)


def tilt_rows(laws: ProbeLaws) -> Floats:
    """What each probe alone says of its tilts: log bets and the means over its bag that make them fair, (n_probes, 8).

    Zero and one for a probe that says nothing, or gave several samples.
    """
    score = np.arange(laws.counts.shape[1], dtype=float)
    size = np.maximum(laws.counts.sum(axis=1), 1)
    centre = (laws.counts @ score) / size
    spread = np.sqrt(np.maximum((laws.counts @ score**2) / size - centre**2, 0.0))
    used = (laws.variance > 0) & (laws.drawn == 1)
    unit = np.where(used, spread, 1.0)
    standard, own = (score - centre[:, None]) / unit[:, None], (laws.total - centre) / unit
    rows = np.zeros((len(size), 2 * len(_TILTS)))
    for column, tilt in enumerate(_TILTS):
        # A value that no bag held is many sd from its past: unclipped, it would win the bag's size every time.
        clip = _WEAK_CLIP if column < 2 else _STRONG_CLIP
        mean = (laws.counts * np.exp(tilt * np.clip(standard, -clip, clip))).sum(axis=1) / size
        rows[:, column] = np.where(used, tilt * np.clip(own, -clip, clip), 0.0)
        rows[:, len(_TILTS) + column] = np.where(used, mean, 1.0)
    return rows


def tilted(rows: Floats, used: NDArray[np.bool_]) -> Floats:
    """Log bets on a weak tilt up and down, and a strong one, shape (n_probes, 4).

    Normalised by the exact mean over the bag; a strong tilt by no less than the mean over all bags.

    Parameters
    ----------
    rows : ndarray, shape (n_probes, 8)
        What `tilt_rows` says.
    used : ndarray of bool, shape (n_probes,)
        The probes that say something, and gave one sample.
    """
    own, mean = rows[:, : len(_TILTS)], rows[:, len(_TILTS) :]
    if used.any():
        # A bag that never held what is rare calls it rarer than it is; it may not think itself wiser than all.
        least = np.where(np.arange(len(_TILTS)) >= 2, mean[used].mean(axis=0), 0.0)
        mean = np.where(used[:, None], np.maximum(mean, least), mean)
    log_bets: Floats = own - np.log(mean)
    return log_bets
