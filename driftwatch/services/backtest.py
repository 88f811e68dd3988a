"""Any recorded history of an endpoint through the fold that the daemon runs: what would have paged, and when.

Best for a team that has months of traces, and for asking what another baseline or budget would have said. Nothing is
written: states, incident and memory live as long as the fold.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from driftwatch.domain.decide import Decision, decide, decide_unmeasured
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Incident, IncidentKind, Reason
from driftwatch.domain.metric import Metric, Severity
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.services import monitor
from driftwatch.services.judge import LOOK_BACK
from driftwatch.services.memory import Memory
from driftwatch.services.our_side import requalifying
from driftwatch.services.streams import StreamPlan
from driftwatch.stats.stream import StreamReading

ALARM_LEVEL = 1.0
"""A stream's statistic is the largest of its charts', each as a share of its own threshold."""

Changed = Callable[[Fingerprint, Fingerprint], tuple[str, ...]]
"""(now, before) -> the parts of our side whose change begins a new baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A slot that brought no answer.

    Parameters
    ----------
    outcome : Outcome, optional
        None where the failure was ours: it counts in the row and tells nobody.
    counts : bool
        Whether it stands among the replays, as in a file, or beside them, as among a store's slots.
    """

    slot: Slot
    outcome: Outcome | None
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A person resolved or accepted the incident that was open here; a resolved drift arms its streams anew."""

    rearm: bool


Event = ReplayScores | Failed | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A replay after which people would have been told, or told louder.

    Parameters
    ----------
    streams : tuple of str
        The streams that stood above their thresholds, worst first; empty for an announced change alone.
    onset : datetime
        When the change began, as the worst stream dates it.
    probes : tuple of str
        The probes that moved most on that stream.
    chart, statistic, threshold : str, float, float, optional
        Of its chart that alarmed; None for an announced change alone.
    """

    slot: Slot
    severity: Severity
    streams: tuple[str, ...]
    onset: datetime
    attribution: str
    probes: tuple[str, ...]
    chart: str | None
    statistic: float | None
    threshold: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One stream over the whole history.

    Parameters
    ----------
    statistics : tuple of float or None
        One for each replay, as a share of the threshold; None while it learned or had no value.
    distrust : str, optional
        Why the stream may not page, at the end.
    """

    metric: Metric
    statistics: tuple[float | None, ...]
    distrust: str | None = None

    @property
    def peak(self) -> float | None:
        """The largest statistic."""
        return max((s for s in self.statistics if s is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What the history of one endpoint would have told.

    Parameters
    ----------
    baseline_replays : int
        Replays that made the last baseline.
    judged : bool
        Whether any alarming stream was ever compared with a baseline.
    """

    endpoint: str
    slots: tuple[Slot, ...]
    baseline_replays: int
    wanted_baseline: int
    unanswered: int
    alarms: tuple[Alarm, ...]
    streams: Mapping[str, Course]
    judged: bool


def backtest(
    endpoint: str,
    events: Iterable[Event],
    *,
    plans: Mapping[str, StreamPlan],
    shown: Mapping[str, StreamPlan] | None = None,
    changed: Changed = requalifying,
    advance: Callable[[], None] = lambda: None,
) -> Backtest:
    """Fold an endpoint's history, oldest first, and return every alarm it would have raised.

    Parameters
    ----------
    plans : mapping
        The streams that may alarm, as the daemon plans them.
    shown : mapping, optional
        Streams that are followed and never alarm.
    advance : callable
        Called after each event.
    """
    fold = Fold(endpoint, plans=plans, shown=shown or {}, changed=changed)
    for event in events:
        fold.take(event)
        advance()
    return fold.result()


class Fold:
    """The same steps as `services.judge`, without a store; `tests/acceptance` holds the two equal."""

    def __init__(
        self,
        endpoint: str,
        *,
        plans: Mapping[str, StreamPlan],
        shown: Mapping[str, StreamPlan],
        changed: Changed = requalifying,
    ) -> None:
        self._endpoint, self._plans, self._shown, self._changed = endpoint, plans, shown, changed
        self._watch, self._shown_watch = monitor.begin(plans, 0), monitor.begin(shown, 0)
        self._memory, self._incidents = Memory(), 0
        self._incident: Incident | None = None
        self._last: ReplayScores | None = None
        self._failed: list[datetime] = []
        self._slots: list[Slot] = []
        self._alarms: list[Alarm] = []
        self._courses: dict[str, list[float | None]] = {}
        self._unanswered, self._baseline, self._judged = 0, 0, False

    def take(self, event: Event) -> None:
        """Fold one event."""
        if isinstance(event, ReplayScores):
            self._take_replay(event)
        elif isinstance(event, Failed):
            self._take_failure(event)
        else:
            self._end(event)

    def _take_replay(self, replay: ReplayScores) -> None:
        changed = self._changed_side(replay)
        if replay.epoch != self._watch.epoch:
            self._memory = Memory()
        self._watch = monitor.fold(self._plans, self._watch, replay)
        self._shown_watch = monitor.fold(self._shown, self._shown_watch, replay)
        readings = monitor.read(self._plans, self._watch)
        decision = self._decide(replay, readings, changed)
        self._heed(decision, replay.slot)
        if decision.reason is Reason.RESOLVED and decision.incident and decision.incident.kind is IncidentKind.DRIFT:
            self._watch = monitor.rearm(self._plans, self._watch)
        self._note(replay, readings)
        self._memory, self._last, self._failed = self._memory.after(replay), replay, []

    def _decide(
        self, replay: ReplayScores, readings: Mapping[str, StreamReading], changed: tuple[str, ...]
    ) -> Decision:
        return decide(
            endpoint=self._endpoint,
            epoch=replay.epoch,
            seq=replay.seq,
            incident_id=self._incidents + 1,
            findings=monitor.findings(self._plans, readings),
            calm=monitor.calm(readings),
            incident=self._incident,
            silences=(),
            now=replay.slot.due,
            changed=changed,
            announced=self._memory.announced(replay),
        )

    def _changed_side(self, replay: ReplayScores) -> tuple[str, ...]:
        if self._last is None or replay.epoch == self._watch.epoch:
            return ()
        return self._changed(replay.fingerprint, self._last.fingerprint)

    def _heed(self, decision: Decision, slot: Slot) -> None:
        """Keep the incident while it is open, and note whom it would have told."""
        incident = decision.incident
        if incident is None:
            return
        if incident.kind is IncidentKind.DRIFT and decision.reason in (Reason.FIRST, Reason.WORSE):
            self._alarms.append(_alarm(incident, slot))
        self._incidents = max(self._incidents, incident.id)
        self._incident = incident if incident.state.open else None

    def _take_failure(self, failed: Failed) -> None:
        self._failed.append(failed.slot.due)
        self._unanswered += 1
        if failed.counts:
            self._slots.append(failed.slot)
        if failed.outcome is not None:
            self._heed(self._decide_unmeasured(failed.outcome, failed.slot.due), failed.slot)

    def _decide_unmeasured(self, outcome: Outcome, now: datetime) -> Decision:
        return decide_unmeasured(
            endpoint=self._endpoint,
            epoch=self._watch.epoch,
            seq=self._watch.seq,
            incident_id=self._incidents + 1,
            failed=sum(moment >= now - LOOK_BACK for moment in self._failed),
            outcome=outcome,
            incident=self._incident,
            silences=(),
            now=now,
        )

    def _end(self, ended: Ended) -> None:
        self._incident = None
        if ended.rearm:
            self._watch = monitor.rearm(self._plans, self._watch)

    def _note(self, replay: ReplayScores, readings: Mapping[str, StreamReading]) -> None:
        """Write down every stream's statistic at this replay."""
        position = len(self._slots)
        self._slots.append(replay.slot)
        self._baseline = max((r.baseline_seen for r in readings.values()), default=0)
        if not monitor.covered(replay):
            return
        both = {**readings, **monitor.read(self._shown, self._shown_watch)}
        for name in replay.values.keys() & both.keys():
            course = self._courses.setdefault(name, [])
            course += [None] * (position - len(course))
            watching = both[name].phase == "monitoring"
            course.append(both[name].statistic if watching else None)
            self._judged |= watching and name in self._plans

    def result(self) -> Backtest:
        """Return what was found so far."""
        readings = monitor.read(self._plans, self._watch) | monitor.read(self._shown, self._shown_watch)
        plans = {**self._shown, **self._plans}
        most = max((plan.detector.baseline_replays for plan in plans.values()), default=0)
        length = len(self._slots)
        return Backtest(
            endpoint=self._endpoint,
            slots=tuple(self._slots),
            baseline_replays=self._baseline,
            wanted_baseline=most,
            unanswered=self._unanswered,
            alarms=tuple(self._alarms),
            streams={
                name: Course(
                    metric=plan.metric,
                    statistics=(*self._courses[name], *[None] * (length - len(self._courses[name]))),
                    distrust=readings[name].distrust,
                )
                for name, plan in plans.items()
                if name in self._courses
            },
            judged=self._judged,
        )


def _alarm(incident: Incident, slot: Slot) -> Alarm:
    worst = incident.findings[0] if incident.findings else None
    return Alarm(
        slot=slot,
        severity=incident.severity,
        streams=tuple(dict.fromkeys(finding.metric for finding in incident.findings)),
        onset=(worst.onset if worst else None) or slot.due,
        attribution=incident.attribution,
        probes=tuple(moved.probe_id for moved in worst.moved) if worst else (),
        chart=worst.chart if worst else None,
        statistic=worst.statistic if worst else None,
        threshold=worst.threshold if worst else None,
    )
