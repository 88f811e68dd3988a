"""Scorers of how the answer came: why it stopped, how long it took, what it cost."""

import math
from collections.abc import Mapping
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import CONTENT_FILTER
from driftwatch.scorers.verdict import Scorable, Scored, Scorer, Unscored


def finish_reason(argument: Any) -> Scorer:
    """Build: the model stopped for this reason, or one of these."""
    given = arg.unwrap(argument)
    allowed = {reason.casefold() for reason in arg.texts([given] if isinstance(given, str) else given)}

    def scorer(answer: Scorable) -> Scored:
        if not answer.finish_reason:
            return Unscored("the endpoint gave no finish reason")
        return float(answer.finish_reason.casefold() in allowed)

    return scorer


def guardrails(argument: Any) -> Scorer:
    """Build: the vendor's own filter let the answer pass."""
    given = argument if isinstance(argument, Mapping) else {"purpose": argument} if argument else {}
    config = arg.options(given, known=("config", "purpose", "value")).get("config", given)
    purpose = config.get("purpose") if isinstance(config, Mapping) else None
    if purpose not in (None, True, "redteam"):
        raise ScorerArgumentError(f"purpose is {arg.shown(purpose)}", "leave it out, or write `redteam`.")

    def scorer(answer: Scorable) -> Scored:
        if not answer.finish_reason:
            return Unscored("the endpoint gave no finish reason")
        blocked = answer.finish_reason.casefold() in (CONTENT_FILTER, "guardrail_intervened")
        return float(blocked if purpose == "redteam" else not blocked)

    return scorer


def latency(argument: Any) -> Scorer:
    """Build: the last byte came within so many milliseconds."""
    limit = _threshold(argument)
    return lambda answer: _within(answer.latency_ms, limit, "the latency was not measured")


def cost(argument: Any) -> Scorer:
    """Build: the answer cost at most so many US dollars."""
    limit = _threshold(argument)
    return lambda answer: _within(answer.cost_usd, limit, "the price is not known")


def _threshold(argument: Any) -> float:
    given = arg.options(
        argument if isinstance(argument, dict) else {"threshold": argument},
        known=("threshold",),
        required=("threshold",),
    )
    return arg.number(given["threshold"], what="threshold", least=0)


def _within(value: float | None, limit: float, without: str) -> Scored:
    if value is None or not math.isfinite(value):
        return Unscored(without)
    return float(value <= limit)
