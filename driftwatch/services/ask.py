"""One pass over a golden set: every probe asked, every answer or the reason why there is none, in stable order."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from driftwatch.domain.answer import Answer
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.probe import Message, Probe
from driftwatch.domain.schedule import Every
from driftwatch.services.attempt import Asker, Attempted, ask_question
from driftwatch.services.concurrency import Gate, Pace
from driftwatch.services.loop_lag import LoopLag
from driftwatch.services.ports import Clock, LanguageModel
from driftwatch.services.questions import as_sent, opening, question_of
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
        Real seconds after which the rest is given up; by default until the next replay is due.
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

    Where the golden set fixes no answer before the pause, the model's own goes into the conversation. Only the last
    answer is kept; attempts and costs are summed. Latency and tokens are the last one's alone.
    """
    at = asker.clock.now()
    turns: list[Mapping[str, Any]] = []
    earlier: list[Attempted] = []
    for turn in probe.messages:
        if turn.wait_s > 0:
            failed = await _before_pause(asker, probe, turn, turns, earlier)
            if failed is not None:
                return _answer(probe, sample, at, [*earlier, failed])
        turns.append(as_sent(turn))
    if earlier:
        at = asker.clock.now()
    last = await ask_question(asker, question_of(asker.endpoint, probe, turns))
    return _answer(probe, sample, at, [*earlier, last])


async def _before_pause(
    asker: Asker, probe: Probe, turn: Message, turns: list[Mapping[str, Any]], earlier: list[Attempted]
) -> Attempted | None:
    """Send what comes before a pause, and wait; return what went wrong."""
    sent = opening(turns)
    if sent:
        attempted = await ask_question(asker, question_of(asker.endpoint, probe, sent))
        if attempted.reply is None:
            return attempted
        earlier.append(attempted)
        text = attempted.reply.output.decode("utf-8", "replace")
        if len(sent) == len(turns) and text:
            turns.append({"role": "assistant", "content": text})
    if turn.wait_s >= asker.left_s:
        return Attempted(
            outcome=Outcome.CANCELLED, attempts=0, error=f"no time for a pause of {turn.wait_s:g} s in this replay"
        )
    await asker.clock.sleep(turn.wait_s)
    return None


def _answer(probe: Probe, sample: int, at: datetime, parts: list[Attempted]) -> Answer:
    last = parts[-1]
    costs = [part.cost_usd for part in parts]
    return Answer(
        probe_key=probe.key,
        sample=sample,
        at=at,
        outcome=last.outcome,
        reply=last.reply,
        attempts=sum(part.attempts for part in parts),
        error=last.error,
        cost_usd=None if costs[-1] is None else math.fsum(cost or 0.0 for cost in costs),
    )


def until_next_s(endpoint: Endpoint, clock: Clock) -> float:
    """Return the real seconds until an endpoint's next replay is due."""
    schedule = endpoint.schedule
    interval = schedule.interval if isinstance(schedule, Every) else LONGEST_REPLAY
    # In accelerated time an interval may be shorter than one honest attempt.
    return max(clock.seconds_until(clock.now() + interval), endpoint.deadline_s)
