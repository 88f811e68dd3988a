"""The GenAI semantic conventions by version: what an answer's span says, under which names."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from driftwatch.domain.answer import Answer
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.probe import Message
from driftwatch.domain.replay import Score
from driftwatch.scorers.verdict import Unscored

MOST_CHARACTERS = 32_000
EVALUATION = "gen_ai.evaluation.result"

Value = str | bool | int | float | Sequence[str]
Attributes = dict[str, Value]

# `gen_ai.provider.name` of the GenAI registry (opentelemetry.io/docs/specs/semconv); LiteLLM's name -> theirs.
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
_NUMBERS = ("temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty")
_COUNTS = ("max_tokens", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """One version of the conventions.

    Parameters
    ----------
    schema_url : str, optional
        What the spans declare; the conventions of their own repository have published none yet.
    cached, reasoning, first_chunk : str
        Names that have moved between versions, or are new in one.
    """

    schema_url: str | None
    cached: str = "gen_ai.usage.cache_read.input_tokens"
    reasoning: str = "gen_ai.usage.reasoning.output_tokens"
    first_chunk: str = "gen_ai.response.time_to_first_chunk"


CONVENTIONS = {
    "1.41": Convention(schema_url="https://opentelemetry.io/schemas/1.41.0"),
    # Since 1.42 the GenAI conventions live in github.com/open-telemetry/semantic-conventions-genai, without releases
    # so far; of what is sent here only the declared schema differs (its docs of 2026-11).
    "latest": Convention(schema_url=None),
}


def provider_name(model: str) -> str:
    """Return the conventions' name for a model's provider.

    Examples
    --------
    >>> provider_name("openai/gpt-4.1-2025-04-14"), provider_name("bedrock/anthropic.claude")
    ('openai', 'aws.bedrock')
    """
    name = model.partition("/")[0]
    return _PROVIDERS.get(name, name)


def request_attributes(endpoint: Endpoint) -> Attributes:
    """Return what all answers of an endpoint were asked with."""
    found: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_name(endpoint.model),
        "gen_ai.request.model": endpoint.model.partition("/")[2],
    }
    for key in _NUMBERS:
        if _is_number(endpoint.params.get(key)):
            found[f"gen_ai.request.{key}"] = float(endpoint.params[key])
    for key in _COUNTS:
        if isinstance(endpoint.params.get(key), int):
            found[f"gen_ai.request.{key}"] = int(endpoint.params[key])
    stop = endpoint.params.get("stop")
    if isinstance(stop, str | list):
        found["gen_ai.request.stop_sequences"] = [stop] if isinstance(stop, str) else [str(text) for text in stop]
    return found | _server(endpoint.base_url)


def _server(base_url: str | None) -> Attributes:
    parts = urlsplit(base_url or "")
    if not parts.hostname:
        return {}
    return {"server.address": parts.hostname, "server.port": parts.port or (443 if parts.scheme == "https" else 80)}


def answer_attributes(answer: Answer, convention: Convention) -> Attributes:
    """Return what is known of one answer beside its text."""
    found: dict[str, Value | None] = {
        "driftwatch.probe": answer.probe_id,
        "driftwatch.probe.key": answer.probe_key,
        "driftwatch.sample": answer.sample,
        "driftwatch.attempts": answer.attempts,
        "driftwatch.cost_usd": answer.cost_usd,
        "gen_ai.usage.input_tokens": answer.input_tokens,
        "gen_ai.usage.output_tokens": answer.output_tokens,
        convention.cached: answer.cached_tokens,
        convention.reasoning: answer.reasoning_tokens,
        convention.first_chunk: None if answer.ttft_ms is None else answer.ttft_ms / 1000,
        "error.type": None if answer.outcome is Outcome.OK else answer.outcome.value,
    }
    if answer.reply is not None:
        found["gen_ai.response.model"] = answer.reply.model
        found["openai.response.system_fingerprint"] = answer.reply.system_fingerprint
        found["driftwatch.request_id"] = answer.reply.request_id
    if answer.finish_reason:
        found["gen_ai.response.finish_reasons"] = [answer.finish_reason]
    return {key: value for key, value in found.items() if value is not None}


def content_attributes(messages: Sequence[Message], answer: Answer) -> Attributes:
    """Return prompt and answer, each as the JSON of the conventions' message schema; long texts are cut."""
    asked = [{"role": message.role, "parts": _parts(message)} for message in messages]
    found: Attributes = {"gen_ai.input.messages": json.dumps(asked)}
    if answer.reply is not None:
        parts: list[dict[str, Any]] = [{"type": "text", "content": _cut(answer.text)}] if answer.text else []
        parts += [{"type": "tool_call", **_called(call)} for call in answer.reply.tool_calls]
        told = [{"role": "assistant", "parts": parts, "finish_reason": answer.finish_reason or "unknown"}]
        found["gen_ai.output.messages"] = json.dumps(told)
    return found


def _parts(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        called = str(message.extra.get("tool_call_id", ""))
        return [{"type": "tool_call_response", "id": called, "response": _cut(message.content)}]
    text: list[dict[str, Any]] = [{"type": "text", "content": _cut(message.content)}] if message.content else []
    return text + [{"type": "tool_call", **_called(call)} for call in message.extra.get("tool_calls", ())]


def _called(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    return {
        "id": str(call.get("id", "")),
        "name": str(function.get("name", "")),
        "arguments": _cut(str(function.get("arguments", ""))),
    }


def evaluation_attributes(score: Score) -> Attributes:
    """Return one score; what could not be scored has a reason and no value, never a zero.

    Examples
    --------
    >>> evaluation_attributes(Score("a@1", 0, "contains", Unscored("longer than 1 MB")))["error.type"]
    'unscored'
    """
    found: Attributes = {"gen_ai.evaluation.name": score.metric}
    if isinstance(score.value, Unscored):
        return found | {"error.type": "unscored", "gen_ai.evaluation.explanation": score.value.reason}
    return found | {"gen_ai.evaluation.score.value": float(score.value)}


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
