"""A latched alarm: when the change began, and whether the evidence has come back to normal since."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channel_mixture import Lead
from driftwatch.stats.onset import estimate_onset

_PLAIN = 3.0  # standardised evidence above which the location dates the change, whichever chart alarmed
_LEAST_SHIFT = 0.5  # sd; recovery from a smaller shift is judged as from this one
_RECOVERED = math.log(20)
_MOST = 2 * _RECOVERED  # a long calm does not delay the sight of a relapse
_SHAPE_CALM = 0.7  # share of its threshold below which a rank chart counts as normal
_SHIFTED = ("ewma", "risk-adjusted")  # charts that see a shift; cusum and mixture are dated by the location anyway
_BY_SHAPE = ("ks", "cvm")
_SLOWLY = 0.5  # of strays: half a day without any is no end yet where one comes every five hours
STRAYS = "strays"  # a few answers of a thousand move no location, and are over when many come without them


@dataclass(frozen=True, kw_only=True)
class Latch:
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
        Mean evidence from onset to alarm, in standard deviations per replay.
    recovery : float
        CUSUM of the log likelihood ratio of "back at the reference" against "still shifted".
    since_zero : int
        Replays since that sum was last zero.
    calm : int
        The same once the ratio stands at 20 or more, else 0.
    channel, place, probe : str, tuple of int, str or None
        Where the location did not move plainly: the process of the mixture that alarmed, and the probe it watches.
    """

    chart: str
    onset_index: int
    onset_key: str
    onset_interval: tuple[str, str]
    shift: float
    recovery: float = 0.0
    since_zero: int = 0
    calm: int = 0
    channel: str = "location"
    place: tuple[int, ...] = ()
    probe: str | None = None


def latch_at(
    *,
    chart: str,
    zs: NDArray[np.float64],
    keys: tuple[str, ...],
    indices: NDArray[np.int64],
    excursion: int,
    lead: Lead,
    probes: tuple[str, ...],
) -> Latch:
    """Date the change: by the location where it is plain, else by the excursion of the chart that alarmed.

    Parameters
    ----------
    zs, keys, indices : ndarray, tuple of str, ndarray, all of length n_replays
        Evidence, keys and stream indices of the monitored replays up to the alarm.
    excursion : int
        Updates in the excursion of the chart that alarmed, this one included.
    lead : Lead
        The leading process of the mixture, or of the chart of strays where that one alarmed.
    probes : tuple of str
        Names of the rows that a place in the single-probe channel counts.
    """
    onset = estimate_onset(zs)
    plain = abs(onset.shift) * math.sqrt(zs.size - onset.index) >= _PLAIN
    sideways = chart in ("mixture", STRAYS) and lead.channel != "location"
    if chart == STRAYS or (not plain and (chart in _BY_SHAPE or chart in _SHIFTED or sideways)):
        first = max(0, zs.size - (lead.since if sideways else max(1, excursion)))
        return Latch(
            chart=chart,
            onset_index=int(indices[first]),
            onset_key=keys[first],
            onset_interval=(keys[first], keys[-1]),
            shift=float(zs[first:].mean()) if chart in _SHIFTED else 0.0,
            channel=lead.channel if sideways else "location",
            place=lead.place if sideways else (),
            probe=probes[lead.place[0]] if sideways and lead.channel == "single" else None,
        )
    return Latch(
        chart=chart,
        onset_index=int(indices[onset.index]),
        onset_key=keys[onset.index],
        onset_interval=(keys[onset.low], keys[onset.high]),
        shift=onset.shift,
    )


def recovered(latch: Latch, z: float, shape: float, bet: float) -> Latch:
    """The latch after one more replay.

    Parameters
    ----------
    z, shape, bet : float
        Its evidence, the rank chart's share of its threshold, and the log bet of the process that alarmed.
    """
    if latch.channel != "location":
        return _moved(latch, -bet * (_SLOWLY if latch.channel == STRAYS else 1.0))
    # A plain shift of location is judged by location alone: the rank window forgets slowly.
    if latch.shift == 0 and shape >= _SHAPE_CALM:
        return replace(latch, recovery=0.0, since_zero=0, calm=0)
    shift = math.copysign(max(abs(latch.shift), _LEAST_SHIFT), latch.shift)
    # A shift of either sign is a relapse when only the shape moved before.
    evidence = abs(z) if latch.shift == 0 else z * math.copysign(1, shift)
    return _moved(latch, abs(shift) * (abs(shift) / 2 - evidence))


def _moved(latch: Latch, for_recovery: float) -> Latch:
    # `min` of NaN and a number is whichever stands first: what cannot be read must not pass as calm.
    recovery = min(_MOST, latch.recovery + for_recovery) if math.isfinite(for_recovery) else 0.0
    if recovery <= 0:
        return replace(latch, recovery=0.0, since_zero=0, calm=0)
    since = latch.since_zero + 1
    return replace(latch, recovery=recovery, since_zero=since, calm=since if recovery >= _RECOVERED else 0)
