"""An answer as scorers see it, with only what a test cares about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    text: str = ""
    finish_reason: str | None = "stop"
    refusal: str | None = None
    latency_ms: float | None = 420.0
    cost_usd: float | None = 0.0004
