"""The whole flow, from a slot that is due to the promise to page somebody."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import structlog

from driftwatch.domain.errors import Outcome
from driftwatch.domain.replay import Replay, Score, Slot, SlotState
from driftwatch.scorers.verdict import Unscored
from driftwatch.services import measure
from driftwatch.services.confirm import confirm_pending
from driftwatch.services.counts import count_replay
from driftwatch.services.decide_failure import decide_failure
from driftwatch.services.decide_pending import decide_pending
from driftwatch.services.grade import grading_usd
from driftwatch.services.judge_watch import anchors_due
from driftwatch.services.our_side import requalifying
from driftwatch.services.own_network import skip
from driftwatch.services.timeouts import failing, timed_out
from driftwatch.services.watched import Watched
from driftwatch.services.world import World

log = structlog.get_logger(__name__)


class Ticked(StrEnum):
    """What a tick did with its slot."""

    REPLAYED = "replayed"
    FAILED = "failed"
    ALREADY = "already"
    SKIPPED = "skipped"


async def tick(watched: Watched, slot: Slot, world: World) -> Ticked:
    """Replay the slot, commit the facts, then commit what they decide.

    A slot that has ended already is a no-op, and so is every step of a repeated tick: killed at any
    point and started again, the outcome is the same.
    """
    estimate = world.guard.estimate(watched.endpoint) + grading_usd(watched)
    if not await asyncio.to_thread(world.store.claim, slot, now=world.clock.now(), reserve_usd=estimate):
        return Ticked.ALREADY
    # What our own side changed since the last replay decides which baseline this one belongs to.
    epoch = await asyncio.to_thread(_epoch, watched, world)
    replay = await measure.asked(watched, slot, world, epoch=epoch)
    if not any(answer.reply for answer in replay.answers):
        down = await _own_trouble(watched, replay, world)
        return await _skip(watched, slot, down, world) if down else await _fail(watched, replay, world)
    if world.network is not None:
        world.network.reached()
    references = await asyncio.to_thread(world.references.of, watched.endpoint, epoch=replay.epoch)
    await _judges_anchored(watched, slot, world)
    replay, verdicts = await measure.graded(watched, replay, references, world)
    scores = await measure.scored(watched, replay, references, verdicts, world)
    await asyncio.to_thread(world.store.record_replay, replay, scores)
    if world.traces is not None:
        world.traces.tell(watched.endpoint, replay, scores)
    reason = await asyncio.to_thread(decide_pending, watched, world.store, world.clock, world.counts)
    confirmed = await confirm_pending(watched, world)
    count_replay(world.counts, replay, scores, confirmed or reason)
    _tell(replay, confirmed or reason, scores)
    return Ticked.REPLAYED


async def _own_trouble(watched: Watched, replay: Replay, world: World) -> str | None:
    """Return what is wrong with our network, if the replay's questions were cut off."""
    if world.network is None:
        return None
    cut_off = any(answer.outcome is Outcome.NETWORK for answer in replay.answers)
    return await world.network.trouble(watched.endpoint.name) if cut_off else None


async def _skip(watched: Watched, slot: Slot, why: str, world: World) -> Ticked:
    await skip(watched, slot, why, world.store, world.clock)
    return Ticked.SKIPPED


async def _judges_anchored(watched: Watched, slot: Slot, world: World) -> None:
    """Have the judges' own anchors graded before the answers, where they are due."""
    for one in watched.judges.values():
        async with one.lock:
            if await asyncio.to_thread(anchors_due, one, slot.due, world.store, world.clock):
                await tick(one.watched, Slot(endpoint=one.name, due=slot.due), world)


def _epoch(watched: Watched, world: World) -> int:
    store, name = world.store, watched.endpoint.name
    last = next(iter(store.replays(name, after_seq=store.decided_seq(name) - 1, metrics=())), None)
    epoch = store.epoch(name)
    if last is None or last.epoch != epoch:
        return epoch
    changed = requalifying(watched.fingerprint, last.fingerprint)
    if not changed:
        return epoch
    log.warning("our side changed, a new baseline begins", endpoint=name, changed=changed)
    return store.start_epoch(name, reason=f"local change: {', '.join(changed)}", now=world.clock.now())


async def _fail(watched: Watched, replay: Replay, world: World) -> Ticked:
    """End the slot without evidence: a provider's failure never becomes a score."""
    outcome, _ = Counter(answer.outcome for answer in replay.answers).most_common(1)[0]
    error = next((a.error for a in replay.answers if a.outcome is outcome and a.error), "")
    reason = f"{outcome}: {error}" if error else str(outcome)
    cost = sum(answer.cost_usd or 0.0 for answer in replay.answers)
    await asyncio.to_thread(
        world.store.end_slot, replay.slot, SlotState.FAILED, reason=reason, now=world.clock.now(), cost_usd=cost
    )
    await asyncio.to_thread(
        decide_failure,
        watched,
        world.store,
        world.clock,
        outcome=outcome,
        spent_usd=world.guard.spent_usd,
        limit_usd=world.guard.limit_usd or 0.0,
    )
    count_replay(world.counts, replay, (), None)
    if world.traces is not None:
        world.traces.tell(watched.endpoint, replay, ())
    log.warning("replay failed", endpoint=replay.slot.endpoint, slot=replay.slot.key, reason=reason)
    return Ticked.FAILED


def _tell(replay: Replay, reason: str, scores: Sequence[Score]) -> None:
    answered = sum(answer.outcome is Outcome.OK for answer in replay.answers)
    unscored = [score for score in scores if isinstance(score.value, Unscored)]
    log.info(
        "replay finished",
        endpoint=replay.slot.endpoint,
        slot=replay.slot.key,
        answers=len(replay.answers),
        unanswered=len(replay.answers) - answered,
        unscored=len(unscored),
        scorer_timeouts=sum(timed_out(score.value) for score in unscored),
        late_s=round((replay.started_at - replay.slot.due).total_seconds(), 1),
        took_s=round((replay.finished_at - replay.started_at).total_seconds(), 1),
        loop_lag_ms=None if replay.loop_lag_ms is None else round(replay.loop_lag_ms, 1),
        cost_usd=round(sum(answer.cost_usd or 0.0 for answer in replay.answers), 6),
        decision=reason,
    )
    for metric, (count, first) in failing(unscored).items():
        log.warning("a scorer failed", endpoint=replay.slot.endpoint, metric=metric, answers=count, reason=first)
