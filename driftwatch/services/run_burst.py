"""The rerun itself: a few probes asked again at once, their answers scored, and what they show."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from driftwatch.domain.acceptance import named_as_accepted
from driftwatch.domain.answer import Answer
from driftwatch.domain.confirmation import LONGEST_S, TOO_LATE, Burst, Confirmation, probes_to_ask
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident
from driftwatch.domain.probe import Probe, content_hash
from driftwatch.services.ask import ask_all
from driftwatch.services.burst_state import confirmation_of
from driftwatch.services.score import Sampled, score_replay, scored_values
from driftwatch.services.watched import Watched
from driftwatch.services.world import World

LEAST_ANSWERED = 0.5
"""Of the burst's questions; below that it says nothing."""


async def run_burst(watched: Watched, incident: Incident, world: World) -> Burst:
    """Ask again the probes that an alarm rests on, and return which of the two states they show."""
    started = world.clock.now()
    not_run = Burst(
        endpoint=incident.endpoint,
        seq=incident.opened_seq,
        incident=incident.id,
        started_at=started,
        finished_at=started,
        verdict=Confirmation.NOT_RUN,
        values={},
    )
    if started - incident.opened_at > TOO_LATE:
        return replace(not_run, said="driftwatch was not running")
    answers = await asyncio.to_thread(world.copies.removed, incident.endpoint, await _asked(watched, incident, world))
    asked = replace(
        not_run,
        finished_at=world.clock.now(),
        answers=answers,
        cost_usd=sum(answer.cost_usd or 0.0 for answer in answers),
    )
    if trouble := _trouble(answers):
        return replace(asked, said=trouble)
    values = await _scored(watched, incident, world, answers)
    shown = await asyncio.to_thread(confirmation_of, watched, world.store, incident, values)
    return replace(asked, values=values, verdict=shown)


async def _asked(watched: Watched, incident: Incident, world: World) -> tuple[Answer, ...]:
    probes = _chosen(watched, incident)
    if not probes:
        return ()
    few = replace(watched.endpoint.probe_set, probes=probes)
    endpoint = replace(watched.endpoint, probe_set=few)
    limit = min(LONGEST_S, endpoint.deadline_s)
    asked = await ask_all(endpoint, watched.model, clock=world.clock, guard=world.guard, time_limit_s=limit)
    return asked.answers


def _chosen(watched: Watched, incident: Incident) -> tuple[Probe, ...]:
    """Return the probes to ask; one with a pause in its conversation would keep the page waiting."""
    quick = {p.id: p for p in watched.endpoint.probe_set.probes if not any(turn.wait_s for turn in p.messages)}
    order = {name: content_hash([name, incident.id]) for name in quick}
    implicated, others = probes_to_ask(incident.findings, tuple(quick), order=order)
    return tuple(quick[name] for name in (*implicated, *others))


def _trouble(answers: Sequence[Answer]) -> str:
    """Return why too few answers came to say anything; empty if enough did."""
    good = sum(answer.outcome is Outcome.OK for answer in answers)
    if good and good >= LEAST_ANSWERED * len(answers):
        return ""
    worst = Counter(a.outcome.value for a in answers if a.outcome is not Outcome.OK).most_common(1)
    return worst[0][0].replace("_", " ") if worst else "no probe to ask"


async def _scored(watched: Watched, incident: Incident, world: World, answers: Sequence[Answer]) -> Sampled:
    """Score them as the replay was, under the names that what was accepted gives its probes."""
    texts = await asyncio.to_thread(world.references.of, watched.endpoint, epoch=incident.epoch)
    known = await asyncio.to_thread(world.store.acceptances, incident.endpoint)
    score = partial(score_replay, answers, watched.scorers, texts)
    scored = scored_values(await world.scoring.run(score, watched.scorers))
    return named_as_accepted(scored, known, epoch=incident.epoch, seq=incident.opened_seq)
