"""What a stream's detector says after one replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from driftwatch.stats.detector import Reading
from driftwatch.stats.effect import MovedProbe


@dataclass(frozen=True, kw_only=True)
class StreamReading:
    """Where a stream stands after one replay.

    Parameters
    ----------
    phase : {"baseline", "monitoring"}
        Whether the stream still collects its reference.
    replays, baseline_seen : int
        Replays folded so far, and how many of them entered the baseline.
    z : float or None
        This replay's evidence, standard normal while nothing changed; None without information.
    direction : {-1, 0, 1}
        Sign of the movement; 0 when the location did not move.
    charts : mapping of str to Reading
        Each chart with its own threshold.
    statistic : float
        Largest ratio of statistic to threshold; 1 or more is an alarm.
    alarm : bool
        True from the first alarm of a trusted stream until restart or rearm; on a stream that may
        not page, true only on the replay that reaches a threshold.
    alarm_chart : str or None
        The chart that alarmed.
    onset_key, onset_interval : str, pair of str, or None
        Keys of the replay where the change began, and of the ends of its likelihood interval.
    mean_before, mean_after : float or None
        Means over probes of the reference and of the replays since onset, in the metric's unit.
    effect_interval : pair of float or None
        95 % interval of the difference of the two.
    moved : tuple of MovedProbe
        Probes by evidence since onset.
    calm : int
        Consecutive latest replays that look like the reference again; 0 while they do not.
    returning : int
        Consecutive latest replays of what may be a return and is not proved to be one, or is; 0 while they speak of
        the drift.
    trusted, distrust : bool, str or None
        Whether the stream passed its own check and may page, and why not.
    chart : str or None
        The chart nearest to its threshold among those that page; None where all of them do.
    """

    phase: Literal["baseline", "monitoring"]
    replays: int
    baseline_seen: int
    z: float | None
    direction: Literal[-1, 0, 1]
    charts: Mapping[str, Reading]
    statistic: float
    alarm: bool
    alarm_chart: str | None
    onset_key: str | None
    onset_interval: tuple[str, str] | None
    mean_before: float | None
    mean_after: float | None
    effect_interval: tuple[float, float] | None
    moved: tuple[MovedProbe, ...]
    calm: int
    trusted: bool
    distrust: str | None
    chart: str | None = None
    returning: int = 0
