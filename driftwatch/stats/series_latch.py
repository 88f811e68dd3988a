"""A latched alarm of a stream with a common factor: its onset, and whether the effect has come back since."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.onset import estimate_onset

_PLAIN = 3.0  # standardised evidence above which the common effect dates the change, whichever chart alarmed
_LEAST_SHIFT = 0.5  # sd; recovery from a smaller shift is judged as from this one
_RECOVERED = math.log(20)
_MOST = 2 * _RECOVERED  # a long calm does not delay the sight of a relapse
_SHAPE_CALM = 0.7  # share of its threshold below which the KS chart counts as normal


@dataclass(frozen=True, kw_only=True)
class SeriesLatch:
    """An alarm and what followed it.

    Parameters
    ----------
    chart : str
        The chart that alarmed.
    onset_index : int
        Index among the stream's replays where the change began.
    onset_key, onset_interval : str, pair of str
        Keys of that replay and of the ends of its interval.
    shift : float
        Mean evidence from onset to alarm, in standard deviations per replay; 0 where only the shape moved.
    recovery : float
        CUSUM of the log likelihood ratio of "back at the level" against "still shifted".
    since_zero, calm : int
        Replays since that sum was last zero; the same once the ratio stands at 20 or more, else 0.
    """

    chart: str
    onset_index: int
    onset_key: str
    onset_interval: tuple[str, str]
    shift: float
    recovery: float = 0.0
    since_zero: int = 0
    calm: int = 0


def dated(
    *, chart: str, zs: NDArray[np.float64], keys: tuple[str, ...], indices: NDArray[np.int64], excursion: int
) -> SeriesLatch:
    """Date the change by the common effect where it is plain, else by the excursion of the KS chart.

    Parameters
    ----------
    zs, keys, indices : ndarray, tuple of str, ndarray, all of length n_replays
        Scores, keys and stream indices of the monitored replays up to the alarm.
    excursion : int
        Updates in the KS chart's excursion, this one included.
    """
    onset = estimate_onset(zs)
    plain = abs(onset.shift) * math.sqrt(zs.size - onset.index) >= _PLAIN
    if chart == "ks" and not plain:
        first = max(0, zs.size - excursion)
        low, high, shift = first, zs.size - 1, 0.0
    else:
        first, low, high, shift = onset.index, onset.low, onset.high, onset.shift
    return SeriesLatch(
        chart=chart,
        onset_index=int(indices[first]),
        onset_key=keys[first],
        onset_interval=(keys[low], keys[high]),
        shift=shift,
    )


def calmed(latch: SeriesLatch, z: float, shape: float) -> SeriesLatch:
    """The latch after one more replay with evidence `z` and the KS chart at the share `shape` of its threshold."""
    if latch.shift == 0 and shape >= _SHAPE_CALM:
        return replace(latch, recovery=0.0, since_zero=0, calm=0)
    size = max(abs(latch.shift), _LEAST_SHIFT)
    # A shift of either sign is a relapse when only the shape moved before.
    evidence = abs(z) if latch.shift == 0 else z * math.copysign(1, latch.shift)
    recovery = min(_MOST, latch.recovery + size * (size / 2 - evidence))
    if recovery <= 0:
        return replace(latch, recovery=0.0, since_zero=0, calm=0)
    since = latch.since_zero + 1
    return replace(latch, recovery=recovery, since_zero=since, calm=since if recovery >= _RECOVERED else 0)
