"""A latched alarm: when the change began, and whether the evidence has come back to normal since."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channel_mixture import Lead
from driftwatch.stats.onset import estimate_onset
from driftwatch.stats.recovery import RECOVERED, Recovery

_PLAIN = 3.0  # standardised evidence above which the location dates the change, whichever chart alarmed
_SHAPE_CALM = 0.7  # share of its threshold below which a rank chart counts as normal
_SHIFTED = ("ewma", "risk-adjusted")  # charts that see a shift; cusum and mixture are dated by the location anyway
_BY_SHAPE = ("ks", "cvm")
_SLOWLY = RECOVERED / math.log(400)  # of strays, whose way back is long: thirty hours without where one comes in five
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
    recovery : Recovery
        What the replays since then say of a return.
    channel, place, probe : str, tuple of int, str or None
        Where the location did not move plainly: the process of the mixture that alarmed, and the probe it watches.
    """

    chart: str
    onset_index: int
    onset_key: str
    onset_interval: tuple[str, str]
    shift: float
    recovery: Recovery = field(default_factory=Recovery)
    channel: str = "location"
    place: tuple[int, ...] = ()
    probe: str | None = None

    @property
    def calm(self) -> int:
        """Replays for which it has been back at the reference; 0 until that is plain."""
        return self.recovery.calm


def latch_at(
    *,
    chart: str,
    zs: NDArray[np.float64],
    keys: tuple[str, ...],
    indices: NDArray[np.int64],
    excursion: int,
    lead: Lead,
    probes: tuple[str, ...],
    references: float = math.inf,
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
    references : float
        Replays of the reference.
    """
    onset = estimate_onset(zs)
    plain = abs(onset.shift) * math.sqrt(zs.size - onset.index) >= _PLAIN
    sideways = chart in ("mixture", STRAYS) and lead.channel != "location"
    if chart == STRAYS or (not plain and (chart in _BY_SHAPE or chart in _SHIFTED or sideways)):
        first = max(0, zs.size - (lead.since if sideways else max(1, excursion)))
        shift = float(zs[first:].mean()) if chart in _SHIFTED else 0.0
        return Latch(
            chart=chart,
            onset_index=int(indices[first]),
            onset_key=keys[first],
            onset_interval=(keys[first], keys[-1]),
            shift=shift,
            recovery=Recovery.since(shift, zs.size - first, references=references),
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
        recovery=Recovery.since(onset.shift, zs.size - onset.index, references=references),
    )


def recovered(latch: Latch, z: float, shape: float, bet: float | None) -> Latch:
    """The latch after one more replay.

    Parameters
    ----------
    z, shape, bet : float
        Its evidence, the rank chart's share of its threshold, and the log bet of the process that alarmed; no bet where
        nothing differs from a constant reference.
    """
    back = latch.recovery
    if latch.channel != "location" and bet is None:
        after = back.equal()
    elif latch.channel != "location" and bet is not None:
        after = back.moved(-bet * (_SLOWLY if latch.channel == STRAYS else 1.0))
    elif latch.shift == 0:
        after = back.broken_off() if shape >= _SHAPE_CALM else back.after_either(z)
    elif latch.chart in _BY_SHAPE and shape >= 1:
        after = back.broken_off()
    else:
        # A plain shift of location is judged by location alone: the rank window forgets slowly.
        after = back.after(z * math.copysign(1, latch.shift))
    return replace(latch, recovery=after)
