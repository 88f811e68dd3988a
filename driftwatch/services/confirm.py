"""The confirmation burst: an immediate rerun between an alarm and its page.

Killed at any point it is done again: the incident that waits is committed before the burst, the burst before what it
decides. It costs a dozen questions, within the day's money; where there is none left, the page goes out without it.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from driftwatch.domain.acceptance import named_as_accepted
from driftwatch.domain.answer import Answer
from driftwatch.domain.confirmation import (
    LONGEST_S,
    TOO_LATE,
    Burst,
    Confirmation,
    decide_confirmed,
    probes_to_ask,
)
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident, IncidentState, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.probe import Probe, content_hash
from driftwatch.domain.replay import ReplayScores, Score
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.ask import ask_all
from driftwatch.services.copies import Copies
from driftwatch.services.ports import Clock, Store
from driftwatch.services.references import References
from driftwatch.services.score import score_replay
from driftwatch.services.scoring_threads import ScoringThreads
from driftwatch.services.spend import SpendGuard
from driftwatch.services.states import BASELINE
from driftwatch.services.telling import promised
from driftwatch.services.watched import Watched
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.recognition import Part, StateKind, recognise
from driftwatch.stats.signature import Signature

log = structlog.get_logger(__name__)

LEAST_ANSWERED = 0.5
"""Of the burst's questions; below that it says nothing."""
_KEPT = 200
Values = Mapping[str, Mapping[str, tuple[float, ...]]]


async def confirm(
    watched: Watched,
    store: Store,
    clock: Clock,
    *,
    guard: SpendGuard,
    references: References,
    scoring: ScoringThreads,
    copies: Copies,
) -> Reason | None:
    """Run, or finish, the burst that an endpoint's incident waits for, and decide by it; None if none does."""
    incident = await asyncio.to_thread(store.open_incident, watched.endpoint.name)
    if incident is None or incident.state is not IncidentState.PENDING or incident.reason is not Reason.FIRST:
        return None
    burst = await asyncio.to_thread(store.burst, incident.endpoint, incident.opened_seq)
    if burst is None:
        burst = await _run(
            watched, incident, store, clock, guard=guard, references=references, scoring=scoring, copies=copies
        )
        await asyncio.to_thread(store.record_burst, burst)
    return await asyncio.to_thread(_decide, watched, incident, burst, store, clock.now())


def _decide(watched: Watched, incident: Incident, burst: Burst, store: Store, now: datetime) -> Reason | None:
    waits = store.incident(incident.id)
    if waits is None or waits.state is not IncidentState.PENDING:
        # A person was faster than the burst; what they did stands.
        return None
    decision = decide_confirmed(waits, burst, silences=store.silences(now=now), now=now)
    replay = next(iter(store.replays(incident.endpoint, after_seq=incident.opened_seq - 1)), None)
    deliveries = promised(watched, store, decision, now=now, replay=replay)
    if decision.incident is not None and not store.change_incident(waits, decision.incident, deliveries):
        return None
    log.info("confirmation", endpoint=incident.endpoint, incident=incident.name, verdict=burst.verdict.value)
    return decision.reason


async def _run(
    watched: Watched,
    incident: Incident,
    store: Store,
    clock: Clock,
    *,
    guard: SpendGuard,
    references: References,
    scoring: ScoringThreads,
    copies: Copies,
) -> Burst:
    started = clock.now()
    empty = Burst(
        endpoint=incident.endpoint,
        seq=incident.opened_seq,
        incident=incident.id,
        started_at=started,
        finished_at=started,
        verdict=Confirmation.NOT_RUN,
        values={},
    )
    if started - incident.opened_at > TOO_LATE:
        return replace(empty, said="driftwatch was not running")
    asked = await _ask(watched, incident, clock, guard)
    asked = await asyncio.to_thread(copies.removed, incident.endpoint, asked)
    done = replace(
        empty,
        finished_at=clock.now(),
        answers=asked,
        cost_usd=sum(answer.cost_usd or 0.0 for answer in asked),
    )
    good = sum(answer.outcome is Outcome.OK for answer in asked)
    if good < LEAST_ANSWERED * len(asked) or not good:
        worst = Counter(a.outcome.value for a in asked if a.outcome is not Outcome.OK).most_common(1)
        return replace(done, said=worst[0][0].replace("_", " ") if worst else "no probe to ask")
    texts = await asyncio.to_thread(references.of, watched.endpoint, epoch=incident.epoch)
    score = partial(score_replay, asked, watched.scorers, texts)
    known = await asyncio.to_thread(store.acceptances, incident.endpoint)
    scored = scored_values(await scoring.run(score, watched.scorers))
    values = named_as_accepted(scored, known, epoch=incident.epoch, seq=incident.opened_seq)
    return replace(done, values=values, verdict=await asyncio.to_thread(_verdict, watched, store, incident, values))


async def _ask(watched: Watched, incident: Incident, clock: Clock, guard: SpendGuard) -> tuple[Answer, ...]:
    probes = _chosen(watched, incident)
    if not probes:
        return ()
    few = replace(watched.endpoint.probe_set, probes=probes)
    endpoint = replace(watched.endpoint, probe_set=few)
    limit = min(LONGEST_S, endpoint.deadline_s)
    return (await ask_all(endpoint, watched.model, clock=clock, guard=guard, time_limit_s=limit)).answers


def _chosen(watched: Watched, incident: Incident) -> tuple[Probe, ...]:
    """Return the probes to ask; one with a pause in its conversation would keep the page waiting."""
    quick = {p.id: p for p in watched.endpoint.probe_set.probes if not any(turn.wait_s for turn in p.messages)}
    order = {name: content_hash([name, incident.id]) for name in quick}
    implicated, others = probes_to_ask(incident.findings, tuple(quick), order=order)
    return tuple(quick[name] for name in (*implicated, *others))


def scored_values(scores: Sequence[Score]) -> Values:
    """Return metric -> probe key -> samples; what was not scored is absent."""
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for score in scores:
        if not isinstance(score.value, Unscored):
            probes = found.setdefault(score.metric, {})
            probes[score.probe_key] = (*probes.get(score.probe_key, ()), float(score.value))
    return found


def _verdict(watched: Watched, store: Store, incident: Incident, burst: Values) -> Confirmation:
    """Ask which of two states the rerun shows: the one before the onset, or the one that alarmed."""
    metrics = tuple(dict.fromkeys(f.metric for f in incident.findings if f.severity is Severity.PAGE))
    epoch = [
        r
        for r in store.replays(incident.endpoint, after_seq=max(incident.opened_seq - 2 * BASELINE, 0), metrics=metrics)
        if r.epoch == incident.epoch and r.seq <= incident.opened_seq
    ]
    onset = datetime.fromisoformat(incident.onset_slot) if incident.onset_slot else epoch[-1].slot.due
    before, since = [r for r in epoch if r.slot.due < onset], [r for r in epoch if r.slot.due >= onset]
    parts = [part for metric in metrics if (part := _part(watched, metric, before, since, burst)) is not None]
    try:
        found = recognise(parts)
    except DegenerateError:
        return Confirmation.UNDECIDED
    if found.verdict == "known" and found.name == "before":
        return Confirmation.VANISHED
    return Confirmation.UNDECIDED if found.verdict == "undecided" else Confirmation.CHANGED


def _part(
    watched: Watched, metric: str, before: Sequence[ReplayScores], since: Sequence[ReplayScores], burst: Values
) -> Part | None:
    if metric not in burst or metric not in watched.metrics:
        return None
    kind: StateKind = "binary" if watched.metrics[metric].kind == "binary" else "continuous"
    states = [
        Signature(name=name).with_values(_joined(replays, metric), at=0, most=_KEPT)
        for name, replays in (("before", before), ("since", since))
    ]
    return Part(kind=kind, states=states, values=burst[metric])


def _joined(replays: Sequence[ReplayScores], metric: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for replay in replays:
        for probe, samples in replay.values.get(metric, {}).items():
            found.setdefault(probe, []).extend(samples)
    return found
