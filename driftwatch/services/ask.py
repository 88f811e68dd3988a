"""One pass over a golden set: every probe asked, every answer or the reason why there is none, in stable order."""

import asyncio
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftwatch.domain.answer import Answer
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.probe import Probe
from driftwatch.domain.schedule import Every
from driftwatch.services.attempt import Asker
from driftwatch.services.concurrency import Gate, Pace
from driftwatch.services.conversation import Conversation
from driftwatch.services.loop_lag import LoopLag
from driftwatch.services.ports import Clock, LanguageModel
from driftwatch.services.spend import SpendGuard

LONGEST_REPLAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The answers of one pass, one for each probe and sample, in the golden set's order.

    Parameters
    ----------
    loop_lag_ms : float, optional
        95th percentile of the event loop's delay meanwhile; None if the pass was too short to measure.
    """

    answers: tuple[Answer, ...]
    loop_lag_ms: float | None


async def ask_all(
    endpoint: Endpoint,
    model: LanguageModel,
    *,
    clock: Clock,
    guard: SpendGuard,
    pace: Pace | None = None,
    time_limit_s: float | None = None,
) -> Asked:
    """Ask every sample of every probe, as many at once as the vendor takes.

    Parameters
    ----------
    pace : Pace, optional
        How concurrency begins and grows; by default from 4 up to the endpoint's `concurrency`.
    time_limit_s : float, optional
        Real seconds of asking after which the rest is given up; by default until the next replay is due. Pauses of
        the golden set do not count.
    """
    limit = until_next_s(endpoint, clock) if time_limit_s is None else time_limit_s
    asker = Asker(
        endpoint=endpoint,
        model=model,
        clock=clock,
        guard=guard,
        gate=Gate(pace or Pace(most=endpoint.concurrency), clock=clock),
        until=clock.monotonic() + limit,
    )
    with LoopLag() as lag:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(ask_probe(asker, probe, sample=sample))
                for probe in endpoint.probe_set.probes
                for sample in range(probe.samples)
            ]
    return Asked(answers=tuple(task.result() for task in tasks), loop_lag_ms=lag.p95_ms)


async def ask_probe(asker: Asker, probe: Probe, *, sample: int = 0) -> Answer:
    """Ask one sample of a probe. Before a turn with `wait_s` the conversation so far is sent and answered.

    Only the last answer is kept, with the tool calls of all; attempts and costs are summed. Latency and tokens are the
    last one's alone. A pause holds no place at the vendor and does not count against the replay's time.
    """
    at = asker.clock.now()
    talk = Conversation(asker=asker, probe=probe)
    for turn in probe.messages:
        if turn.wait_s > 0 and not await talk.pause(turn):
            return _answer(probe, sample, at, talk)
        talk.say(turn)
    if talk.ended:
        at = asker.clock.now()
    await talk.ask(talk.turns)
    return _answer(probe, sample, at, talk)


def _answer(probe: Probe, sample: int, at: datetime, talk: Conversation) -> Answer:
    last = talk.ended[-1]
    return Answer(
        probe_key=probe.key,
        sample=sample,
        at=at,
        outcome=last.outcome,
        reply=talk.reply,
        attempts=sum(part.attempts for part in talk.ended),
        error=last.error,
        cost_usd=None if last.cost_usd is None else math.fsum(part.cost_usd or 0.0 for part in talk.ended),
    )


def until_next_s(endpoint: Endpoint, clock: Clock) -> float:
    """Return the real seconds until an endpoint's next replay is due."""
    schedule = endpoint.schedule
    interval = schedule.interval if isinstance(schedule, Every) else LONGEST_REPLAY
    # In accelerated time an interval may be shorter than one honest attempt.
    return max(clock.seconds_until(clock.now() + interval), endpoint.deadline_s)
