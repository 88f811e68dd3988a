"""The promises of a decision: what each message will say, gathered from the store and frozen."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from driftwatch.domain.decide import Decision
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Finding, StateSeen
from driftwatch.domain.payload import Excerpts, payload_for, promises
from driftwatch.domain.replay import ReplayScores, SlotState
from driftwatch.services.memory import STREAM as MEMORY
from driftwatch.services.memory import Memory
from driftwatch.services.ports import Store
from driftwatch.services.state_told import with_state
from driftwatch.services.watched import Watched


def promised(
    watched: Watched, store: Store, decision: Decision, *, now: datetime, replay: ReplayScores | None
) -> tuple[Delivery, ...]:
    """Return the promises of a decision that was taken apart from a replay, with the evidence of `replay`."""
    if replay is None or not decision.tell:
        return promises_of(watched, decision, now=now)
    saved = store.streams(replay.slot.endpoint).get(MEMORY)
    changed = Memory.decode(saved.state).changed(replay) if saved else ()
    seen = with_state(store, replay, decision)[1]
    return promised_with(watched, store, decision, now=now, replay=replay, changed=changed, seen=seen)


def promised_with(
    watched: Watched,
    store: Store,
    decision: Decision,
    *,
    now: datetime,
    replay: ReplayScores,
    changed: Sequence[str],
    seen: StateSeen | None,
) -> tuple[Delivery, ...]:
    """Return the promises of a decision with the evidence of the replay by which it was taken.

    Parameters
    ----------
    changed : sequence of str
        Parts of our side that did.
    seen : StateSeen, optional
        The state that the endpoint shows.
    """
    if not decision.tell:
        return ()
    return promises_of(
        watched,
        decision,
        now=now,
        replay=replay,
        changed=changed,
        excerpts=_excerpts(watched, store, replay, decision),
        replays=_replays_since_onset(store, replay, decision),
        seen=seen,
    )


def promises_of(
    watched: Watched,
    decision: Decision,
    *,
    now: datetime,
    replay: ReplayScores | None = None,
    changed: Sequence[str] = (),
    excerpts: Excerpts | None = None,
    replays: int | None = None,
    seen: StateSeen | None = None,
) -> tuple[Delivery, ...]:
    """Return one promise for each audience that is told and has a route."""
    if decision.incident is None:
        return ()
    payloads = {
        tell.severity: payload_for(
            decision.incident,
            reason=decision.reason,
            severity=tell.severity,
            now=now,
            fingerprint=replay.fingerprint if replay else None,
            changed=changed,
            model=watched.endpoint.model,
            excerpts=excerpts,
            replays=replays,
            seen=seen,
        )
        for tell in decision.tell
    }
    return promises(decision, payloads=payloads, routes=watched.routes, now=now, grouping=watched.grouping)


def _replays_since_onset(store: Store, replay: ReplayScores, decision: Decision) -> int | None:
    """Return how many replays a decision rests on, from the onset up to `replay`; None where nothing dates it."""
    finding = _first_finding(decision)
    if finding is None or finding.onset is None:
        return None
    slots = store.slots(replay.slot.endpoint, since=finding.onset)
    return sum(record.state is SlotState.DONE and record.slot.due <= replay.slot.due for record in slots)


def _excerpts(watched: Watched, store: Store, replay: ReplayScores, decision: Decision) -> Excerpts:
    """Return, for the probes that moved most, an answer from the baseline and today's, without secrets of ours."""
    finding = _first_finding(decision)
    if finding is None:
        return {}
    wanted = {moved.probe_id for moved in finding.moved}
    today = {a.probe_id: a.text for a in store.answers(replay.slot.endpoint, replay.slot) if a.reply}
    before = _by_id(store.reference_texts(replay.slot.endpoint, epoch=replay.epoch, limit=1, seq=replay.seq))
    shown = {probe: (before.get(probe), today.get(probe)) for probe in wanted}
    return {probe: (old and watched.redact(old), new and watched.redact(new)) for probe, (old, new) in shown.items()}


def _first_finding(decision: Decision) -> Finding | None:
    found = decision.incident.findings if decision.incident else ()
    return found[0] if found else None


def _by_id(texts: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {key.rpartition("@")[0]: kept[0] for key, kept in texts.items() if kept}
