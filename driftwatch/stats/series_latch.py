"""A latched alarm of a stream with a common factor: its onset, and whether the effect has come back since."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.onset import estimate_onset
from driftwatch.stats.recovery import Recovery

_PLAIN = 3.0  # standardised evidence above which the common effect dates the change, whichever chart alarmed
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
    recovery : Recovery
        What the replays since then say of a return.
    """

    chart: str
    onset_index: int
    onset_key: str
    onset_interval: tuple[str, str]
    shift: float
    recovery: Recovery = field(default_factory=Recovery)

    @property
    def calm(self) -> int:
        """Replays for which it has been back at the level; 0 until that is plain."""
        return self.recovery.calm


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
        recovery=Recovery.since(shift, zs.size - first),
    )


def calmed(latch: SeriesLatch, z: float, shape: float) -> SeriesLatch:
    """The latch after one more replay with evidence `z` and the KS chart at the share `shape` of its threshold."""
    back = latch.recovery
    if latch.shift == 0:
        after = back.broken_off() if shape >= _SHAPE_CALM else back.after_either(z)
    elif latch.chart == "ks" and shape >= 1:
        after = back.broken_off()
    else:
        after = back.after(z * math.copysign(1, latch.shift), in_part=False)
    return replace(latch, recovery=after)
