"""Records to answers and back."""

import base64
import math
from collections.abc import Mapping
from typing import Any

from driftwatch.adapters.records.record import TEXTS, Record
from driftwatch.domain.answer import Answer, Reply, TokenLogprob, Usage
from driftwatch.domain.errors import Outcome

NOT_HASHED = "imported"
"""Stands for the content hash of a probe whose content we have never seen."""

_TOKENS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
_METRICS = {
    "latency_ms": "latency",
    "ttft_ms": "ttft",
    "cost_usd": "cost",
    **{name: name.replace("_", "-") for name in _TOKENS},
}
"""What the numbers of a record are called as metrics."""


def probe_key(record: Record) -> str:
    """Return the key of the record's probe: its name, and its content hash if that is known."""
    return f"{record.probe}@{record.probe_hash or NOT_HASHED}"


def to_answer(record: Record, sample: int) -> Answer:
    """Return the record's answer: without a reply where it failed or its text was not logged."""
    return Answer(
        probe_key=probe_key(record),
        sample=sample,
        at=record.at,
        outcome=record.outcome,
        reply=_reply(record, record.output) if record.outcome is Outcome.OK and record.output is not None else None,
        attempts=int(record.numbers.get("attempts", 1)),
        # An export names the outcome where there are no words; that is no error text.
        error=None if (told := record.texts.get("error")) == record.outcome else told,
        cost_usd=record.numbers.get("cost_usd"),
    )


def to_scores(record: Record) -> Mapping[str, float]:
    """Return the record's scores; without a text nothing else can be measured, so its numbers are scores too."""
    if record.output is not None or record.outcome is not Outcome.OK or not record.numbers:
        return record.scores
    measured = {metric: float(record.numbers[name]) for name, metric in _METRICS.items() if name in record.numbers}
    return {**measured, **record.scores}


def to_item(answer: Answer) -> dict[str, Any]:
    """Return the record of an answer as plain JSON data, without replay and scores."""
    probe, _, content_hash = answer.probe_key.rpartition("@")
    reply = answer.reply
    item: dict[str, Any] = {
        "probe": probe,
        "at": answer.at.isoformat().replace("+00:00", "Z"),
        "output": None,
        "cost_usd": answer.cost_usd,
        "error": answer.outcome.value if answer.error is None and answer.outcome is not Outcome.OK else answer.error,
        "outcome": answer.outcome.value,
        "sample": answer.sample,
        "attempts": answer.attempts,
        **dict.fromkeys(("latency_ms", "ttft_ms", "input_tokens", "output_tokens", "logprobs")),
        **dict.fromkeys(("model", "system_fingerprint", "finish_reason")),
    }
    if content_hash != NOT_HASHED:
        item["probe_hash"] = content_hash
    return item if reply is None else item | _reply_item(reply)


def _reply(record: Record, output: bytes) -> Reply:
    same = [name for name in TEXTS if name not in ("outcome", "error")]
    return Reply(
        output=output,
        # A latency that nobody logged is no number, and never 0.
        latency_ms=record.numbers.get("latency_ms", math.nan),
        ttft_ms=record.numbers.get("ttft_ms"),
        usage=Usage(**{name: _count(record.numbers.get(name)) for name in _TOKENS}),
        tool_calls=record.tool_calls,
        headers=record.headers,
        logprobs=record.logprobs,
        **{name: record.texts.get(name) for name in same},
    )


def _count(number: float | None) -> int | None:
    return None if number is None or number < 0 else int(number)


def _reply_item(reply: Reply) -> dict[str, Any]:
    rare = {
        "reasoning_tokens": reply.usage.reasoning_tokens,
        "cached_tokens": reply.usage.cached_tokens,
        "refusal": reply.refusal,
        "request_id": reply.request_id,
        "tool_calls": [dict(call) for call in reply.tool_calls] or None,
        "headers": dict(reply.headers) or None,
    }
    return {
        **_output(reply.output),
        "latency_ms": reply.latency_ms if math.isfinite(reply.latency_ms) else None,
        "ttft_ms": reply.ttft_ms,
        "input_tokens": reply.usage.input_tokens,
        "output_tokens": reply.usage.output_tokens,
        "model": reply.model,
        "system_fingerprint": reply.system_fingerprint,
        "finish_reason": reply.finish_reason,
        "logprobs": _logprobs(reply.logprobs),
        **{name: value for name, value in rare.items() if value is not None},
    }


def _output(output: bytes) -> dict[str, str | None]:
    # Many readers stop at an escaped lone surrogate, so bytes that are not UTF-8 travel as base64.
    try:
        return {"output": output.decode("utf-8")}
    except UnicodeDecodeError:
        return {"output": None, "output_b64": base64.b64encode(output).decode("ascii")}


def _logprobs(logprobs: Any) -> list[dict[str, Any]] | None:
    """Return the log-probabilities; JSON knows no infinity, so a token of probability 0 leaves the others."""
    if not logprobs or not all(math.isfinite(token.logprob) for token in logprobs):
        return None
    return [_token(token) for token in logprobs]


def _token(token: TokenLogprob) -> dict[str, Any]:
    top = {other: value for other, value in token.top.items() if math.isfinite(value)}
    return {"token": token.token, "logprob": token.logprob, "top": top}
