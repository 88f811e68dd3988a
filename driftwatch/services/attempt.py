"""One question asked until it is answered, refused for good, or out of tries, time or money."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.services.concurrency import Gate
from driftwatch.services.ports import Clock, LanguageModel
from driftwatch.services.spend import Reservation, SpendGuard, cost, estimate_question

log = structlog.get_logger(__name__)

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
SHORTEST_KEY = 8
"""Shorter ones are placeholders such as ``none``, which an answer may well say."""
# The vendor may have generated, and will then bill, what never reached us whole.
_MAYBE_BILLED = frozenset({Outcome.TIMEOUT, Outcome.TRUNCATED, Outcome.OVERSIZE, Outcome.PROTOCOL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """All that asking takes beside the question.

    Parameters
    ----------
    until : float
        On `clock.monotonic`: when the replay's time is over.
    jitter : callable
        Gives a number in [0, 1) that spreads retries out.
    """

    endpoint: Endpoint
    model: LanguageModel
    clock: Clock
    guard: SpendGuard
    gate: Gate
    until: float
    jitter: Callable[[], float] = field(default=random.random)

    @property
    def left_s(self) -> float:
        """Seconds until the replay's time is over."""
        return self.until - self.clock.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """How it ended: a reply exactly when the outcome is ``ok``."""

    outcome: Outcome
    reply: Reply | None = None
    attempts: int
    error: str | None = None
    cost_usd: float | None = None


_NOT_ASKED = Attempted(outcome=Outcome.CANCELLED, attempts=0, error="the replay's time was over")


async def ask_question(asker: Asker, question: Question) -> Attempted:
    """Ask with own retries: only transient errors are asked again, and a vendor's Retry-After is honoured.

    Never raises for trouble of the vendor or the driver; cancellation passes through.
    """
    failed = _NOT_ASKED
    # Not stamina: its waiting cannot be given our Clock, and it would hold the gate's place and skip the guard.
    for attempt in range(1, asker.endpoint.attempts + 1):
        async with asker.gate:
            if asker.left_s <= 0:
                return failed
            reserved = asker.guard.reserve(estimate_question(question, asker.endpoint.price))
            if reserved is None:
                return failed if failed.attempts else _out_of_money()
            try:
                return _success(asker, await _once(asker, question, reserved), attempt)
            except EndpointError as error:
                failed, caught = _failure(asker, error, reserved, failed), error
        wait = _wait_s(asker, caught, attempt)
        if not caught.transient or attempt == asker.endpoint.attempts or wait >= asker.left_s:
            return failed
        await asker.clock.sleep(wait)
    return failed


async def _once(asker: Asker, question: Question, reserved: Reservation) -> Reply:
    left_s = asker.left_s
    bounded = question if left_s >= question.deadline_s else replace(question, deadline_s=left_s)
    try:
        reply = await asker.model.ask(bounded)
    except EndpointError as error:
        asker.guard.settle(reserved, reserved.usd if error.outcome in _MAYBE_BILLED else 0.0)
        raise
    except Exception as error:  # noqa: BLE001
        # A driver's defect costs this answer, not the daemon; it is logged here because here it ends.
        text = _redacted(asker, f"the driver failed with {type(error).__name__}: {error}")
        log.error("driver failed", endpoint=asker.endpoint.name, error=text)  # noqa: TRY400
        raise EndpointError(text, outcome=Outcome.PROTOCOL, transient=False) from None
    actual = cost(reply.usage, asker.endpoint.price)
    asker.guard.settle(reserved, reserved.usd if actual is None else actual)
    return reply


def _success(asker: Asker, reply: Reply, attempt: int) -> Attempted:
    asker.gate.answered()
    price = cost(reply.usage, asker.endpoint.price)
    return Attempted(outcome=Outcome.OK, reply=_without_key(asker, reply), attempts=attempt, cost_usd=price)


def _without_key(asker: Asker, reply: Reply) -> Reply:
    """Return the reply without our own key: an answer that echoes it is stored, shown and sent to a channel."""
    key = asker.endpoint.api_key.reveal() if asker.endpoint.api_key else ""
    if len(key) < SHORTEST_KEY:
        return reply
    calls = json.dumps([dict(call) for call in reply.tool_calls]) if reply.tool_calls else ""
    if key in calls:
        reply = replace(reply, tool_calls=tuple(json.loads(calls.replace(key, "***"))))
    if key.encode() in reply.output:
        reply = replace(reply, output=reply.output.replace(key.encode(), b"***"))
    if reply.refusal and key in reply.refusal:
        reply = replace(reply, refusal=reply.refusal.replace(key, "***"))
    return reply


def _failure(asker: Asker, error: EndpointError, reserved: Reservation, before: Attempted) -> Attempted:
    if error.outcome is Outcome.RATE_LIMITED:
        asker.gate.rate_limited()
    else:
        asker.gate.failed()
    charged = reserved.usd if error.outcome in _MAYBE_BILLED else 0.0
    return Attempted(
        outcome=error.outcome,
        attempts=before.attempts + 1,
        error=_redacted(asker, str(error)),
        # The most that broken attempts can have cost, so that the store never counts too little.
        cost_usd=(before.cost_usd or 0.0) + charged if asker.endpoint.price else None,
    )


def _out_of_money() -> Attempted:
    return Attempted(
        outcome=Outcome.BUDGET,
        attempts=0,
        error="today's budget does not cover this question; raise budget.usd_per_day or ask less often",
    )


def _wait_s(asker: Asker, error: EndpointError, attempt: int) -> float:
    grown: float = min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_WAIT_S)
    if error.retry_after_s is not None:
        return error.retry_after_s + asker.jitter() * FIRST_WAIT_S
    return grown * (0.5 + asker.jitter())


def _redacted(asker: Asker, text: str) -> str:
    key = asker.endpoint.api_key
    return (key.redact(text) if key else text)[:500]
