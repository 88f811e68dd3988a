"""The fold of a backtest: the steps of `services.decide_pending` without a store; nothing is written."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from driftwatch.domain.causes import Causes
from driftwatch.domain.confirmation import Burst, decide_confirmed
from driftwatch.domain.decide import Decision, decide, decide_thin, decide_unmeasured
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Incident, IncidentKind, IncidentState, Reason, StateSeen
from driftwatch.domain.judge_drift import without_judge
from driftwatch.domain.metric import PASS, Severity
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.domain.situation import unexplained_harm
from driftwatch.services import monitor
from driftwatch.services.backtest import Alarm, Backtest, Course, Ended, Event, Failed
from driftwatch.services.causes import LOOK_BACK, loudest_heard, own_causes, transitions
from driftwatch.services.decide_failure import LOOK_BACK as FAILURES_BACK
from driftwatch.services.episode_log import EpisodeLog
from driftwatch.services.explained import explained
from driftwatch.services.judge_decided import ended_with_judge, of_judge
from driftwatch.services.memory import Memory
from driftwatch.services.our_side import requalifying
from driftwatch.services.states import EPISODES
from driftwatch.services.streams import StreamPlan
from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.stream_reading import StreamReading

Changed = Callable[[Fingerprint, Fingerprint], tuple[str, ...]]
"""(now, before) -> the parts of our side whose change begins a new baseline."""
NEWS = frozenset({Reason.FIRST, Reason.WORSE, Reason.CONFIRMED, Reason.RECURRED, Reason.FLAPPING})
"""Reasons with which a drift is told of anew."""


class Fold:
    """Takes an endpoint's history, oldest first; `tests/acceptance` holds it equal to what the daemon does.

    Parameters
    ----------
    plans : mapping
        The streams that may alarm, as the daemon plans them.
    shown : mapping
        Streams that are followed and never alarm.
    changed : callable
        Tells a change of our side from two fingerprints.
    bursts : mapping, optional
        Seq of a replay to the confirmation burst that it asked for; an alarm without one is told at once.

    Examples
    --------
    >>> Fold("support-bot", plans={}, shown={}).result().judged
    False
    """

    def __init__(
        self,
        endpoint: str,
        *,
        plans: Mapping[str, StreamPlan],
        shown: Mapping[str, StreamPlan],
        changed: Changed = requalifying,
        bursts: Mapping[int, Burst] | None = None,
    ) -> None:
        self._endpoint, self._all_plans, self._all_shown, self._changed = endpoint, plans, shown, changed
        self._bursts = bursts or {}
        # Streams of metrics met so far: the others stand at their start, and reading them takes time.
        self._plans: dict[str, StreamPlan] = {}
        self._shown: dict[str, StreamPlan] = {}
        self._watch, self._shown_watch = monitor.begin(plans, 0), monitor.begin(shown, 0)
        self._memory, self._incidents, self._episodes = Memory(), 0, EpisodeLog()
        self._incident: Incident | None = None
        self._last: ReplayScores | None = None
        self._failed: list[datetime] = []
        self._slots: list[Slot] = []
        self._alarms: list[Alarm] = []
        self._courses: dict[str, list[float | None]] = {}
        self._log: deque[ReplayScores] = deque(maxlen=LOOK_BACK)
        self._ended: deque[Incident] = deque(maxlen=EPISODES)
        self._unanswered, self._baseline, self._judged = 0, 0, False
        self._given_up = 0

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
        self._meet(replay)
        self._episodes.take(replay)
        if replay.epoch != self._watch.epoch:
            self._memory = Memory()
            self._log.clear()
        self._log.append(replace(replay, values={n: v for n, v in replay.values.items() if n == PASS.name}))
        self._watch = monitor.fold(self._plans, self._watch, replay)
        self._shown_watch = monitor.fold(self._shown, self._shown_watch, replay)
        readings = self._read()
        decision = of_judge(self._endpoint, self._decide(replay, readings, changed))
        self._heed(decision, replay.slot)
        if decision.reason is Reason.RESOLVED and decision.incident and decision.incident.kind is IncidentKind.DRIFT:
            self._watch = monitor.rearm(self._plans, self._watch)
        self._note(replay, readings)
        self._memory, self._last, self._failed = self._memory.after(replay), replay, []

    def _meet(self, replay: ReplayScores) -> None:
        """Let the streams of metrics that were never measured before join, in the order of the plans."""
        new = replay.values.keys() - self._plans.keys() - self._shown.keys()
        for known, live in ((self._all_plans, self._plans), (self._all_shown, self._shown)):
            live.update({name: plan for name, plan in known.items() if name in new})

    def _decide(
        self, replay: ReplayScores, readings: Mapping[str, StreamReading], changed: tuple[str, ...]
    ) -> Decision:
        given: Callable[[], dict[str, Any]] = partial(
            dict,
            endpoint=self._endpoint,
            epoch=replay.epoch,
            seq=replay.seq,
            incident_id=self._incidents + 1,
            incident=self._incident,
            silences=(),
            now=replay.slot.due,
        )
        if not monitor.covered(replay) and not changed:
            return decide_thin(
                **given(), answered=replay.answered, asked=replay.asked, thin=monitor.thin(tuple(self._log))
            )
        announced = self._memory.announced(replay)
        judged = {name: plan.metric.judge for name, plan in self._plans.items() if plan.metric.judge}
        found = without_judge(monitor.findings(self._plans, readings), judged, replay.fingerprint)
        if replay.epoch <= self._given_up:
            found, announced = (), ""
        if over := ended_with_judge(judged, self._incident, found, replay, replay.slot.due):
            return over
        decided = partial(
            decide,
            **given(),
            findings=found,
            alarms=monitor.alarms(readings),
            changed=changed,
            confirm=replay.seq in self._bursts,
            transitions=transitions(
                [*self._ended, *([self._incident] if self._incident else [])],
                replay.slot.due,
                severity=loudest_heard(found),
            ),
        )
        decision = explained(decided, announced=announced, gather=partial(self._causes, announced))
        waits = decision.incident if decision.reason is Reason.FIRST and not decision.tell else None
        if waits is None or waits.state is not IncidentState.PENDING:
            return decision
        return decide_confirmed(waits, self._bursts[replay.seq], silences=(), now=replay.slot.due)

    def _causes(self, announced: str, incident: Incident) -> Causes:
        """Gather what `services.gathering` reads from the store; a backtest knows no neighbours."""
        moved = unexplained_harm(self._incident, incident.findings) or incident.findings
        found = own_causes(moved, announced=announced, log=tuple(self._log), states=self._watch.states)
        if incident.opened_seq != self._log[-1].seq:
            return found
        return replace(found, recurrence=self._episodes.recurrence(incident))

    def _read(self) -> dict[str, StreamReading]:
        """Read every stream; what moved in a latched one only while that can still become an alarm."""
        open_drift = self._incident is not None and self._incident.kind is IncidentKind.DRIFT
        waits = self._incident is not None and self._incident.state is IncidentState.PENDING
        told = self._incident.severity if self._incident and open_drift and not waits else Severity.NONE
        return {
            name: _glance(plan, state) if plan.metric.severity.rank <= told.rank else plan.detector.read(state)
            for name, plan in self._plans.items()
            if (state := self._watch.states.get(name)) is not None
        }

    def _changed_side(self, replay: ReplayScores) -> tuple[str, ...]:
        if self._last is None or replay.epoch == self._watch.epoch:
            return ()
        return self._changed(replay.fingerprint, self._last.fingerprint)

    def _heed(self, decision: Decision, slot: Slot) -> None:
        """Keep the incident while it is open, and note whom it would have told."""
        incident = decision.incident
        if incident is None:
            return
        if incident.kind is IncidentKind.DRIFT and decision.tell and decision.reason in NEWS:
            self._alarms.append(_alarm(incident, slot, self._episodes.state(incident)))
        if incident.kind is IncidentKind.DRIFT and not incident.state.open:
            self._episodes.end(incident)
            self._ended.append(incident)
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
            failed=sum(moment >= now - FAILURES_BACK for moment in self._failed),
            outcome=outcome,
            incident=self._incident,
            silences=(),
            now=now,
        )

    def _end(self, ended: Ended) -> None:
        if self._incident and self._incident.kind is IncidentKind.DRIFT:
            state = IncidentState.ACCEPTED if ended.accepted or not ended.rearm else IncidentState.RESOLVED
            self._given_up = self._given_up if ended.rearm else self._incident.epoch
            over = replace(self._incident, state=state, by="somebody", ended_at=ended.at)
            self._episodes.end(over)
            self._ended.append(over)
        self._incident = None
        if ended.rearm:
            self._watch = monitor.rearm(self._plans, self._watch, every=ended.accepted)

    def _note(self, replay: ReplayScores, readings: dict[str, StreamReading]) -> None:
        """Write down every stream's statistic at this replay."""
        position = len(self._slots)
        self._slots.append(replay.slot)
        self._baseline = max((r.baseline_seen for r in readings.values()), default=0)
        if not monitor.covered(replay):
            return
        both = readings | {name: _glance(plan, self._shown_watch.states[name]) for name, plan in self._shown.items()}
        for name in replay.values.keys() & both.keys():
            course = self._courses.setdefault(name, [])
            course += [None] * (position - len(course))
            watching = both[name].phase == "monitoring"
            course.append(both[name].statistic if watching else None)
            self._judged |= watching and name in self._plans

    def result(self) -> Backtest:
        """Return what was found so far."""
        readings = monitor.read(self._plans, self._watch) | monitor.read(self._shown, self._shown_watch)
        plans = {**self._all_shown, **self._all_plans}
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


def _glance(plan: StreamPlan, state: AnyState) -> StreamReading:
    """Read a stream without what its probes did since the onset: after an alarm that is most of a replay's time."""
    if state.latch is None:
        return plan.detector.read(state)
    seen = plan.detector.read(replace(state, latch=None))
    return replace(
        seen, alarm=True, alarm_chart=state.latch.chart, onset_key=state.latch.onset_key, calm=state.latch.calm
    )


def _alarm(incident: Incident, slot: Slot, state: StateSeen | None) -> Alarm:
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
        state=state,
    )
