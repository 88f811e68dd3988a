"""An answer reduced to what scorers may look at, with another text in place of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driftwatch.scorers.verdict import Scorable


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer as scorers see it; plain values, so that it may be sent to another process."""

    text: str
    finish_reason: str | None
    refusal: str | None
    latency_ms: float | None
    cost_usd: float | None
    tool_calls: Sequence[Mapping[str, Any]]
    token_logprobs: Sequence[float]


def seen(answer: Scorable, *, text: str | None = None) -> Seen:
    """Return what scorers see of an answer.

    Parameters
    ----------
    text : str, optional
        In place of the answer's own.
    """
    return Seen(
        text=answer.text if text is None else text,
        finish_reason=answer.finish_reason,
        refusal=answer.refusal,
        latency_ms=answer.latency_ms,
        cost_usd=answer.cost_usd,
        tool_calls=answer.tool_calls,
        token_logprobs=answer.token_logprobs,
    )
