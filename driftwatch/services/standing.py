"""Where every stream of an endpoint stands, in words that claim no more than was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from driftwatch.domain.incident import Incident, IncidentKind
from driftwatch.domain.metric import Metric

if TYPE_CHECKING:
    from driftwatch.services.monitor import Watch
    from driftwatch.services.watched import Watched
    from driftwatch.stats.stream import StreamReading


class EndpointState(StrEnum):
    """What can truly be said of an endpoint; only what was watched can be unchanged."""

    UNCHANGED = "unchanged"
    DRIFTED = "drifted"
    LEARNING = "learning"
    NOT_TRUSTED = "not trusted"
    NO_DATA = "no data"
    ERROR = "error"


class StreamState(StrEnum):
    """What can truly be said of a stream. ``shown`` is measured and never alarms."""

    QUIET = "quiet"
    ALARM = "alarm"
    LEARNING = "learning"
    NOT_TRUSTED = "not trusted"
    NO_DATA = "no data"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One stream after its last replay.

    Parameters
    ----------
    compared : int
        Replays of this epoch after the baseline was complete.
    baseline_seen, baseline_replays : int
        Replays in the baseline, and how many it takes.
    chart, statistic, threshold : str, float, float, optional
        The chart nearest to its alarm level; None before it watches.
    calm : int
        Replays in a row that look like the reference again, after an alarm.
    distrust : str, optional
        Why the stream may not page.
    before, after : float, optional
        Means of the reference and since the onset, while it alarms.
    onset : datetime, optional
        When the change began, while it alarms.
    """

    metric: Metric
    state: StreamState
    compared: int = 0
    baseline_seen: int = 0
    baseline_replays: int
    chart: str | None = None
    statistic: float | None = None
    threshold: float | None = None
    calm: int = 0
    distrust: str | None = None
    before: float | None = None
    after: float | None = None
    onset: datetime | None = None

    @property
    def words(self) -> str:
        """The state as it is shown: ``learning 12/24``."""
        if self.state is StreamState.LEARNING:
            return f"learning {self.baseline_seen}/{self.baseline_replays}"
        return f"alarm, calm for {self.calm}" if self.state is StreamState.ALARM and self.calm else self.state.value


def standings(watched: "Watched", watch: "Watch") -> tuple[Standing, ...]:
    """Return every alarming stream of an endpoint, in the order of its metrics."""
    # Only here, so that the words of a state can be shown without loading the engine.
    from driftwatch.services.monitor import read

    readings = read(watched.plans, watch)
    started = any(reading.baseline_seen for reading in readings.values())
    order = [name for name in watched.metrics if name in watched.plans]
    return tuple(_standing(watched, name, readings.get(name), started=started) for name in order)


def state_of(
    streams: Sequence[Standing], incidents: Sequence[Incident], *, replays: int, watched: int
) -> EndpointState:
    """Return what can be said of an endpoint over a period.

    Parameters
    ----------
    streams : sequence of Standing
        At the period's end.
    incidents : sequence of Incident
        Drift incidents that were open in the period, and a missing-data one that still is.
    replays, watched : int
        Replays of the period that are evidence, and those of them that were compared with a baseline.
    """
    if any(incident.kind is IncidentKind.DRIFT and not incident.transient for incident in incidents):
        return EndpointState.DRIFTED
    if any(incident.kind is IncidentKind.ERROR for incident in incidents):
        return EndpointState.ERROR
    if not replays or any(incident.kind is IncidentKind.NO_DATA for incident in incidents):
        return EndpointState.NO_DATA
    judged = [s.state for s in streams if s.state in (StreamState.QUIET, StreamState.ALARM, StreamState.NOT_TRUSTED)]
    if not judged or not watched:
        return EndpointState.LEARNING
    if all(state is StreamState.NOT_TRUSTED for state in judged):
        return EndpointState.NOT_TRUSTED
    return EndpointState.UNCHANGED


def baseline_progress(streams: Sequence[Standing], replays: int) -> tuple[int, int]:
    """Return how many replays the baseline has, and how many it takes."""

    def seen(one: Standing) -> int:
        # A sensor's stream begins after the answers that it is compared with: they are of the baseline, too.
        before = replays - one.baseline_replays if one.metric.own_reference and one.baseline_seen else 0
        return one.baseline_seen + before

    return max(map(seen, streams), default=0), replays


def _standing(watched: "Watched", name: str, reading: "StreamReading | None", *, started: bool) -> Standing:
    metric, of = watched.metrics[name], watched.plans[name].detector.baseline_replays
    # Texts are collected first: their streams begin later than the others.
    silent = reading is not None and not reading.baseline_seen and started and not metric.own_reference
    if reading is None or silent:
        return Standing(metric=metric, state=StreamState.NO_DATA, baseline_replays=of)
    if reading.phase == "baseline":
        return Standing(
            metric=metric, state=StreamState.LEARNING, baseline_seen=reading.baseline_seen, baseline_replays=of
        )
    chart = reading.alarm_chart or reading.chart or nearest_chart(reading)
    return Standing(
        metric=metric,
        state=_watching(reading),
        compared=max(reading.replays - of, 0),
        baseline_seen=reading.baseline_seen,
        baseline_replays=of,
        chart=chart,
        statistic=reading.charts[chart].statistic,
        threshold=reading.charts[chart].threshold,
        calm=reading.calm,
        distrust=reading.distrust,
        before=reading.mean_before,
        after=reading.mean_after,
        onset=datetime.fromisoformat(reading.onset_key) if reading.onset_key else None,
    )


def nearest_chart(reading: "StreamReading") -> str:
    """Return the chart whose statistic is the largest share of its threshold."""
    charts: Mapping[str, float] = {n: chart.statistic / chart.threshold for n, chart in reading.charts.items()}
    return max(charts, key=lambda n: charts[n])


def _watching(reading: "StreamReading") -> StreamState:
    if not reading.trusted:
        return StreamState.NOT_TRUSTED
    return StreamState.ALARM if reading.alarm else StreamState.QUIET
