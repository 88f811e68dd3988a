"""`driftwatch check --online --send-test`: one question to every endpoint, one message on every route."""

import asyncio
from collections.abc import Sequence

from driftwatch.bootstrap import clocks, models, senders
from driftwatch.cli.findings import Line
from driftwatch.config.settings import Settings
from driftwatch.domain.answer import Reply
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import DeliveryError, EndpointError
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import trial_payload
from driftwatch.services.ports import LanguageModel, Notifier
from driftwatch.services.questions import planned_questions


def endpoints(settings: Settings) -> Sequence[Line]:
    """Ask every endpoint the first question of its golden set, and say what came back."""
    return asyncio.run(_endpoints(settings))


def routes(settings: Settings) -> Sequence[Line]:
    """Send a test message on every route, and say whether it was taken."""
    return asyncio.run(_routes(settings))


async def _endpoints(settings: Settings) -> list[Line]:
    clock = clocks.system_clock()
    lines = []
    for wanted in settings.endpoints:
        endpoint = models.endpoint_of(settings, wanted)
        model = models.language_model(endpoint, clock)
        lines.append(await _asked(endpoint, model))
        if endpoint.price is None and settings.budget is not None:
            told = "its price is not known, so `budget` cannot guard it; give `price: {input_usd, output_usd}`."
            lines.append(Line(mark="warning", what=endpoint.name, told=told, slug="endpoint-budget"))
    return lines


async def _asked(endpoint: Endpoint, model: LanguageModel) -> Line:
    question = planned_questions(endpoint, endpoint.probe_set.probes[0])[0]
    try:
        reply = await model.ask(question)
    except EndpointError as error:
        return Line(mark="error", what=endpoint.name, told=f"{error.outcome}: {error}", slug=error.slug)
    finally:
        await model.aclose()
    return Line(mark="ok", what=endpoint.name, told=_heard(endpoint, reply))


def _heard(endpoint: Endpoint, reply: Reply) -> str:
    first = f", first token after {reply.ttft_ms:.0f} ms" if reply.ttft_ms is not None else ""
    logprobs = "log-probabilities" if reply.logprobs else "no log-probabilities"
    wanted = "" if reply.logprobs or not endpoint.top_logprobs else " (asked for, and not given)"
    return f"answers as {reply.model or 'nobody'} in {reply.latency_ms:.0f} ms{first}; {logprobs}{wanted}"


async def _routes(settings: Settings) -> list[Line]:
    sinks = senders.notifiers(settings, clocks.system_clock())
    if not sinks:
        told = "there are none, so no test message was sent; take the # away, or add one."
        return [Line(mark="warning", what="routes", told=told, slug="config-no-pages")]
    lines = [await _sent(name, sink) for name, sink in sinks.items()]
    for name, sink in sinks.items():
        doubts = await sink.doubts()
        lines += [Line(mark="warning", what=f"route {name}", told=doubt, slug="delivery-failed") for doubt in doubts]
    return lines


async def _sent(name: str, sink: Notifier) -> Line:
    now = clocks.system_clock().now()
    payload = trial_payload(route=name, now=now)
    delivery = Delivery(
        key=f"test/{name}/{now.isoformat()}", route=name, severity=Severity.NOTICE, payload=payload, created_at=now
    )
    try:
        await sink.send(delivery)
    except DeliveryError as error:
        return Line(mark="error", what=f"route {name}", told=str(error), slug=error.slug)
    finally:
        await sink.aclose()
    return Line(mark="ok", what=f"route {name}", told="took the test message")
