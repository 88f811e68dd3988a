"""An answer as scorers see it, with only what a test cares about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    text: str = ""
    finish_reason: str | None = "stop"
    refusal: str | None = None
    latency_ms: float | None = 420.0
    cost_usd: float | None = 0.0004
    tool_calls: Sequence[Mapping[str, Any]] = ()
    token_logprobs: Sequence[float] = ()


def call(name: str, arguments: Any = "{}") -> dict[str, Any]:
    """A tool call as an OpenAI-compatible server sends it."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
