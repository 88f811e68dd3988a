"""From committed facts to a decision and its promises, one transaction for each replay."""

from collections.abc import Sequence
from datetime import datetime

from driftwatch.domain.decide import Decision
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Finding, Reason
from driftwatch.domain.replay import ReplayScores
from driftwatch.services import monitor
from driftwatch.services.counts import Counts
from driftwatch.services.decide_replay import decide_replay
from driftwatch.services.evidence import Evidence, evidence_of
from driftwatch.services.folded import Folded, folded, read_again
from driftwatch.services.format_drift import with_format
from driftwatch.services.monitor import Watch
from driftwatch.services.ports import Clock, DecisionCommit, Store
from driftwatch.services.saved import saved_streams
from driftwatch.services.state_told import with_state
from driftwatch.services.stored_past import StoredPast
from driftwatch.services.telling import promised_with
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
    """Decide one replay and commit all that follows from it at once."""
    # Before everything that a person's end of it changes: the commit fails where it comes in between.
    incident = store.open_incident(replay.slot.endpoint)
    step = folded(watched, store, replay)
    evidence = _evidence(watched, step)
    _count_alarms(watched, step.before, evidence.findings, counts)
    if step.replay.epoch < store.epoch(replay.slot.endpoint):
        evidence = evidence.without_news()
    past = StoredPast(
        watched=watched,
        store=store,
        replay=step.replay,
        now=now,
        incident=incident,
        silences=store.silences(now=now),
    )
    decision = decide_replay(evidence, past)
    decision, deliveries = _told(watched, store, now, step, decision)
    after = monitor.rearm(watched.plans, step.after) if decision.ends_drift else step.after
    decided = DecisionCommit(
        endpoint=replay.slot.endpoint,
        seq=replay.seq,
        streams=saved_streams(after, step.memory.after(step.replay)),
        levels=monitor.levels(step.readings),
        incident=decision.incident,
        deliveries=deliveries,
        before=incident,
    )
    if not store.commit_decision(decided) and store.decided_seq(replay.slot.endpoint) < replay.seq:
        # A person was faster: it is decided again by what they left.
        return _decide(watched, store, now, read_again(store, replay), counts)
    return decision.reason


def _evidence(watched: Watched, step: Folded) -> Evidence:
    return evidence_of(
        step.replay,
        plans=watched.plans,
        states=step.after.states,
        readings=step.readings,
        found=monitor.findings(watched.plans, step.readings, step.after.states),
        announced=step.memory.announced(step.replay),
        changed=step.changed,
    )


def _told(
    watched: Watched, store: Store, now: datetime, step: Folded, decision: Decision
) -> tuple[Decision, tuple[Delivery, ...]]:
    """Return the decision with what its incident says of the state and of the format, and its promises."""
    decision, seen = with_state(store, step.replay, decision)
    decision = with_format(store, step.replay, decision)
    changed = step.changed or step.memory.changed(step.replay)
    return decision, promised_with(watched, store, decision, now=now, replay=step.replay, changed=changed, seen=seen)


def _count_alarms(watched: Watched, before: Watch, found: Sequence[Finding], counts: Counts) -> None:
    """Count the alarms that did not stand before this replay."""
    if found:
        stood = {one.metric for one in monitor.findings(watched.plans, monitor.read(watched.plans, before))}
        for one in found:
            counts.add("alarms", watched.endpoint.name, one.metric, by=one.metric not in stood)
