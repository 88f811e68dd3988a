"""A replay measured: asked, graded by judges, scored. Nothing is stored here: a tick records it, a gate does not."""

import asyncio
from dataclasses import replace
from functools import partial

from driftwatch.domain.judge_drift import with_judges
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.services.ask import ask_all, until_next_s
from driftwatch.services.grade import grade_all
from driftwatch.services.judge_watch import judge_states
from driftwatch.services.references import Texts
from driftwatch.services.score import NO_VERDICTS, Verdicts, score_replay
from driftwatch.services.seeded import seed_scores
from driftwatch.services.sensors import plain_answers, sensor_scores
from driftwatch.services.watched import Watched
from driftwatch.services.world import World


async def asked(watched: Watched, slot: Slot, world: World, *, epoch: int) -> Replay:
    """Ask every probe; an answer that a cache gave again is taken out."""
    fingerprint = await asyncio.to_thread(watched.fingerprint_now)
    started = world.clock.now()
    found = await ask_all(watched.endpoint, watched.model, clock=world.clock, guard=world.guard)
    answers = await asyncio.to_thread(world.copies.removed, watched.endpoint.name, found.answers)
    return Replay(
        slot=slot,
        epoch=epoch,
        started_at=started,
        finished_at=world.clock.now(),
        fingerprint=fingerprint,
        answers=answers,
        loop_lag_ms=found.loop_lag_ms,
    )


async def graded(watched: Watched, replay: Replay, references: Texts, world: World) -> tuple[Replay, Verdicts]:
    """Have the judges grade the answers; what is known of the judges becomes part of the facts."""
    if not watched.judges:
        return replay, NO_VERDICTS
    states = await asyncio.to_thread(judge_states, watched.judges, world.store)
    found = await grade_all(
        replay.answers,
        watched,
        references,
        clock=world.clock,
        guard=world.guard,
        left_s=until_next_s(watched.endpoint, world.clock) - (world.clock.now() - replay.started_at).total_seconds(),
        generations={name: state.generation for name, state in states.items()},
    )
    heard = {name: replace(state, models=sorted(found.models.get(name, ()))) for name, state in states.items()}
    fingerprint = with_judges(replay.fingerprint, heard)
    finished = world.clock.now()
    return replace(replay, fingerprint=fingerprint, grading_usd=found.cost_usd, finished_at=finished), found.verdicts


async def scored(
    watched: Watched, replay: Replay, references: Texts, verdicts: Verdicts, world: World
) -> tuple[Score, ...]:
    """Score the answers by everything that an endpoint is measured by."""
    plain = plain_answers(watched.endpoint, replay.answers)
    # A scorer may take its time: the loop goes on asking for the other endpoints.
    score = partial(score_replay, plain, watched.scorers, references, verdicts, watched.similarity)
    return (
        *await world.scoring.run(score, watched.scorers, beside=watched.similarity is not None),
        *seed_scores(watched.endpoint, plain, references),
        *await asyncio.to_thread(sensor_scores, watched.endpoint, replay, world.sensors),
    )
