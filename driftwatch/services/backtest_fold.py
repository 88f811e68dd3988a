"""The fold of a backtest: the steps of `services.decide_pending` without a store; nothing is written."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from driftwatch.domain.confirmation import Burst, decide_confirmed
from driftwatch.domain.decide import Decision, Tell, decide_unmeasured
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Incident, IncidentKind, IncidentState, Reason, StateSeen
from driftwatch.domain.metric import COMMON_FACTOR, Severity
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.services import monitor
from driftwatch.services.backtest import Alarm, Backtest, Ended, Event, Failed
from driftwatch.services.backtest_past import BacktestPast
from driftwatch.services.course_log import CourseLog
from driftwatch.services.decide_failure import FAILURES_BACK
from driftwatch.services.decide_replay import decide_replay
from driftwatch.services.evidence import Evidence, evidence_of
from driftwatch.services.live_streams import LiveStreams
from driftwatch.services.memory import Memory
from driftwatch.services.our_side import requalifying
from driftwatch.services.streams import StreamPlan
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
        self._endpoint, self._changed = endpoint, changed
        self._streams, self._shown = LiveStreams(plans), LiveStreams(shown)
        self._past = BacktestPast(bursts=bursts or {})
        self._memory = Memory()
        self._last: ReplayScores | None = None
        self._failed: list[datetime] = []
        self._given_up = 0
        self._alarms: list[Alarm] = []
        self._log = CourseLog()
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
        if replay.epoch != self._streams.watch.epoch:
            self._memory = Memory()
        self._past.take(replay)
        self._streams.fold(replay)
        self._shown.fold(replay)
        readings = self._streams.glance(self._loudness())
        decision = self._confirmed(decide_replay(self._evidence(replay, readings, changed), self._past), replay)
        self._heed(decision, replay.slot)
        if decision.ends_drift:
            self._streams.rearm()
        self._note(replay, readings)
        self._memory, self._last, self._failed = self._memory.after(replay), replay, []

    def _changed_side(self, replay: ReplayScores) -> tuple[str, ...]:
        if self._last is None or replay.epoch == self._streams.watch.epoch:
            return ()
        return self._changed(replay.fingerprint, self._last.fingerprint)

    def _loudness(self) -> Severity:
        """Return how loud the open drift is: of a stream that can be no louder nothing but its statistic is asked."""
        drift = self._past.incident
        if drift is None or drift.kind is not IncidentKind.DRIFT or drift.state is IncidentState.PENDING:
            return Severity.NONE
        return drift.severity

    def _evidence(
        self, replay: ReplayScores, readings: Mapping[str, StreamReading], changed: tuple[str, ...]
    ) -> Evidence:
        evidence = evidence_of(
            replay,
            plans=self._streams.met,
            states=self._streams.watch.states,
            readings=readings,
            found=monitor.findings(self._streams.met, readings),
            announced=self._memory.announced(replay),
            changed=changed,
        )
        return evidence.without_news() if replay.epoch <= self._given_up else evidence

    def _confirmed(self, decision: Decision, replay: ReplayScores) -> Decision:
        """Decide at once what waits for its burst: the history has it already."""
        waits = decision.incident if decision.reason is Reason.FIRST and not decision.tell else None
        if waits is None or waits.state is not IncidentState.PENDING:
            return decision
        return decide_confirmed(waits, self._past.bursts[replay.seq], silences=(), now=replay.slot.due)

    def _heed(self, decision: Decision, slot: Slot) -> None:
        """Keep the incident while it is open, and note whom it would have told."""
        incident = decision.incident
        if incident is None:
            return
        if incident.kind is IncidentKind.DRIFT and decision.tell and decision.reason in NEWS:
            self._alarms.append(_alarm(incident, slot, self._past.state(incident), decision.tell))
        self._past.keep(incident)

    def _note(self, replay: ReplayScores, readings: dict[str, StreamReading]) -> None:
        """Write down every stream's statistic at this replay."""
        self._baseline = max((readings[name].baseline_seen for name in _as_long_as_asked(readings)), default=0)
        compared = self._log.take(replay, readings | self._shown.glance(Severity.PAGE))
        self._judged |= bool(compared & self._streams.met.keys())

    def _take_failure(self, failed: Failed) -> None:
        self._failed.append(failed.slot.due)
        self._unanswered += 1
        if failed.counts:
            self._log.slots.append(failed.slot)
        if failed.outcome is not None:
            self._heed(self._decide_failure(failed.outcome, failed.slot.due), failed.slot)

    def _decide_failure(self, outcome: Outcome, now: datetime) -> Decision:
        return decide_unmeasured(
            endpoint=self._endpoint,
            epoch=self._streams.watch.epoch,
            seq=self._streams.watch.seq,
            incident_id=self._past.next_incident_id(),
            failed=sum(moment >= now - FAILURES_BACK for moment in self._failed),
            outcome=outcome,
            incident=self._past.incident,
            silences=(),
            now=now,
        )

    def _end(self, ended: Ended) -> None:
        drift = self._past.incident
        if drift and drift.kind is IncidentKind.DRIFT and not ended.rearm:
            self._given_up = drift.epoch
        self._past.end_by_hand(ended)
        if ended.rearm:
            self._streams.rearm(every=ended.accepted)

    def result(self) -> Backtest:
        """Return what was found so far."""
        plans = {**self._shown.planned, **self._streams.planned}
        return Backtest(
            endpoint=self._endpoint,
            slots=tuple(self._log.slots),
            baseline_replays=self._baseline,
            wanted_baseline=max(
                (plans[name].detector.baseline_replays for name in _as_long_as_asked(plans)), default=0
            ),
            unanswered=self._unanswered,
            alarms=tuple(self._alarms),
            streams=self._log.courses(plans, self._streams.read() | self._shown.read()),
            judged=self._judged,
        )


def _as_long_as_asked(names: Collection[str]) -> Collection[str]:
    """Streams whose baseline is as long as it was asked for: latency's may be longer, and speaks where it is alone."""
    return [name for name in names if name not in COMMON_FACTOR] or names


def _alarm(incident: Incident, slot: Slot, state: StateSeen | None, tell: tuple[Tell, ...]) -> Alarm:
    """Return it as it was told: a recurrence is a notice, however loud its incident may become."""
    worst = incident.findings[0] if incident.findings else None
    return Alarm(
        slot=slot,
        severity=max((told.severity for told in tell), key=lambda severity: severity.rank),
        streams=tuple(dict.fromkeys(finding.metric for finding in incident.findings)),
        onset=(worst.onset if worst else None) or slot.due,
        attribution=incident.attribution,
        probes=tuple(moved.probe_id for moved in worst.moved) if worst else (),
        chart=worst.chart if worst else None,
        statistic=worst.statistic if worst else None,
        threshold=worst.threshold if worst else None,
        state=state,
    )
