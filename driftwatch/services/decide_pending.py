"""From committed facts to a decision and its promises, one transaction for each replay."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from driftwatch.domain.acceptance import watches_anew
from driftwatch.domain.decide import FAILED_REPLAYS, Decision, decide, decide_thin
from driftwatch.domain.incident import Finding, Incident, IncidentKind, Reason
from driftwatch.domain.judge_drift import without_judge
from driftwatch.domain.replay import ReplayScores
from driftwatch.services import monitor
from driftwatch.services.causes import fresh, loudest_heard
from driftwatch.services.counts import Counts
from driftwatch.services.explained import explained
from driftwatch.services.format_drift import with_format
from driftwatch.services.gathering import Gathering, recent_transitions
from driftwatch.services.judge_decided import ended_with_judge, of_judge
from driftwatch.services.memory import Memory
from driftwatch.services.monitor import Watch
from driftwatch.services.our_side import requalifying
from driftwatch.services.ports import Clock, DecisionCommit, Store
from driftwatch.services.saved import load_watch, saved_streams
from driftwatch.services.state_told import with_state
from driftwatch.services.telling import excerpts, promises_of, replays_since_onset
from driftwatch.services.watched import Watched


def decide_pending(watched: Watched, store: Store, clock: Clock, counts: Counts | None = None) -> Reason:
    """Decide every committed replay that was not decided yet, and return the last decision's reason.

    Usually that is the replay just committed; after a crash between facts and decision it is the
    one before as well.
    """
    name = watched.endpoint.name
    reason = Reason.NONE
    for replay in store.replays(name, after_seq=store.decided_seq(name)):
        reason = _decide(watched, store, clock.now(), replay, counts or Counts())
    return reason


def _decide(watched: Watched, store: Store, now: datetime, replay: ReplayScores, counts: Counts) -> Reason:
    # Before everything that a person's end of it changes: the commit fails where it comes in between.
    incident = store.open_incident(replay.slot.endpoint)
    before, memory = load_watch(watched, store)
    if ended := _ended_by_hand(store, replay.slot.endpoint, before.seq):
        before = monitor.rearm(watched.plans, before, every=bool(ended.accepted_probes))
        replay = _read_again(store, replay)
    changed = _changed(store, replay, before)
    if replay.epoch != before.epoch:
        memory = Memory()
    watch = monitor.fold(watched.plans, before, replay)
    readings = monitor.read(watched.plans, watch)
    found, announced = monitor.findings(watched.plans, readings, watch.states), memory.announced(replay)
    found = without_judge(found, watched.judged, replay.fingerprint)
    _count_alarms(watched, before, found, counts)
    if replay.epoch < store.epoch(replay.slot.endpoint):
        # Its baseline was given up while it ran: what differs from that is no news.
        found, announced = (), ""
    gathering = Gathering(
        watched=watched, store=store, replay=replay, states=watch.states, announced=announced, before=incident
    )
    given: dict[str, Any] = {
        "endpoint": replay.slot.endpoint,
        "epoch": replay.epoch,
        "seq": replay.seq,
        "incident": incident,
        "silences": store.silences(now=now),
        "now": now,
    }
    if not monitor.covered(replay) and not changed:
        decision = _thin(store, replay, gathering, given)
    else:
        decision = ended_with_judge(watched.judged, incident, found, replay, now) or explained(
            partial(
                decide,
                **given,
                # Numbers are not handed back: one is taken only where an incident opens.
                incident_id=store.next_incident_id() if incident is None and (found or announced) else 0,
                findings=found,
                alarms=monitor.alarms(readings),
                changed=changed,
                transitions=recent_transitions(store, replay.slot.endpoint, now, severity=loudest_heard(found)),
                confirm=watched.confirm and incident is None and bool(found) and fresh(found, gathering.log()),
            ),
            announced=announced,
            gather=gathering.causes,
        )
    decision, seen = with_state(store, replay, of_judge(replay.slot.endpoint, decision))
    decision = with_format(store, replay, decision)
    if decision.reason is Reason.RESOLVED and decision.incident and decision.incident.kind is IncidentKind.DRIFT:
        watch = monitor.rearm(watched.plans, watch)
    deliveries = promises_of(
        watched,
        decision,
        now=now,
        replay=replay,
        changed=changed or memory.changed(replay),
        excerpts=excerpts(watched, store, replay, decision) if decision.tell else {},
        replays=replays_since_onset(store, replay, decision) if decision.tell else None,
        seen=seen,
    )
    decided = DecisionCommit(
        endpoint=replay.slot.endpoint,
        seq=replay.seq,
        streams=saved_streams(watch, memory.after(replay)),
        levels=monitor.levels(readings),
        incident=decision.incident,
        deliveries=deliveries,
        before=incident,
    )
    if not store.commit_decision(decided) and store.decided_seq(replay.slot.endpoint) < replay.seq:
        # A person was faster: it is decided again by what they left.
        return _decide(watched, store, now, _read_again(store, replay), counts)
    return decision.reason


def _count_alarms(watched: Watched, before: Watch, found: Sequence[Finding], counts: Counts) -> None:
    """Count the alarms that did not stand before this replay."""
    if found:
        stood = {one.metric for one in monitor.findings(watched.plans, monitor.read(watched.plans, before))}
        for one in found:
            counts.add("alarms", watched.endpoint.name, one.metric, by=one.metric not in stood)


def _thin(store: Store, replay: ReplayScores, gathering: Gathering, given: Mapping[str, Any]) -> Decision:
    thin = monitor.thin(gathering.log())
    opens = thin >= FAILED_REPLAYS and given["incident"] is None
    number = store.next_incident_id() if opens else 0
    return decide_thin(**given, incident_id=number, answered=replay.answered, asked=replay.asked, thin=thin)


def _read_again(store: Store, replay: ReplayScores) -> ReplayScores:
    """Return a replay with the keys that what was accepted since it was read gives its scores."""
    return next(iter(store.replays(replay.slot.endpoint, after_seq=replay.seq - 1)), replay)


def _ended_by_hand(store: Store, endpoint: str, seq: int) -> Incident | None:
    """Return the incident that a person ended since the replay `seq`, if its streams watch anew."""
    last = next((i for i in store.incidents(endpoint=endpoint) if i.kind is IncidentKind.DRIFT), None)
    return last if last and watches_anew(last) and last.by is not None and last.seq == seq else None


def _changed(store: Store, replay: ReplayScores, before: Watch) -> tuple[str, ...]:
    """Return what changed on our side with this replay's epoch; an accepted baseline changes nothing there."""
    if replay.epoch == before.epoch or before.seq == 0:
        return ()
    last = next(iter(store.replays(replay.slot.endpoint, after_seq=replay.seq - 2, metrics=())), None)
    if last is None or last.seq == replay.seq:
        return ()
    return requalifying(replay.fingerprint, last.fingerprint)
