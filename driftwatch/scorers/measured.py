"""What is measured on every answer without asking, as far as the answer alone tells it."""

import math
from collections.abc import Callable, Mapping

from driftwatch.scorers.judge import unreadable
from driftwatch.scorers.refusal import refusal
from driftwatch.scorers.shape import json_shape, markdown, script
from driftwatch.scorers.verdict import Measurable, Scored, Unscored

LOGPROB_DECIMALS = 6
ONLY_CALLS = Unscored("the answer calls tools and has no text")


def measure(answer: Measurable) -> Mapping[str, Scored]:
    """Return every measure by the name it has in `driftwatch.domain.metric.MEASURED`.

    Numbers here have their unit, not the 0 to 1 of scorers. Never raises.
    """
    # An answer that only calls tools has no text: an empty one would be shorter and plainer than any.
    reason = unreadable(answer) or (ONLY_CALLS if only_calls(answer) else None)
    text = "" if reason else answer.text
    return {
        "refusal": refusal(answer),
        "cut-off": cut_off(answer),
        "length": reason or float(len(text)),
        "markdown": reason or markdown(text),
        "json-shape": reason or json_shape(text),
        "script": reason or script(text),
        "logprob": logprob(answer),
        "latency": _given(answer.latency_ms, "the latency was not measured"),
        "ttft": _given(answer.ttft_ms, "the answer was not streamed"),
        "tokens-per-s": tokens_per_s(answer),
        **{name: _given(read(answer), "the endpoint does not say") for name, read in _TOKENS.items()},
        "cost": _given(answer.cost_usd, "the price is not known"),
    }


def only_calls(answer: Measurable) -> bool:
    """Return whether an answer calls tools and says nothing."""
    return bool(answer.tool_calls) and not answer.text.strip()


_TOKENS: Mapping[str, Callable[[Measurable], int | None]] = {
    "input-tokens": lambda answer: answer.input_tokens,
    "output-tokens": lambda answer: answer.output_tokens,
    "reasoning-tokens": lambda answer: answer.reasoning_tokens,
    "cached-tokens": lambda answer: answer.cached_tokens,
}


def cut_off(answer: Measurable) -> Scored:
    """Return 1 if the answer was cut at `max_tokens`."""
    if not answer.finish_reason:
        return Unscored("the endpoint gave no finish reason")
    return float(answer.finish_reason in ("length", "max_tokens"))


def logprob(answer: Measurable) -> Scored:
    """Return the mean log-probability of the answer's tokens, in nat, to six decimals."""
    values = answer.token_logprobs
    if not values:
        return Unscored("the endpoint gave no log-probabilities")
    if not all(map(math.isfinite, values)):
        return Unscored("a log-probability is not finite")
    return round(math.fsum(value / len(values) for value in values), LOGPROB_DECIMALS)


def tokens_per_s(answer: Measurable) -> Scored:
    """Return output tokens per second of generation: after the first token, where that moment is known."""
    tokens, latency_ms, ttft_ms = answer.output_tokens, answer.latency_ms, answer.ttft_ms
    if tokens is None or latency_ms is None:
        return Unscored("tokens or latency are not known")
    counted, took_ms = (tokens, latency_ms) if ttft_ms is None else (tokens - 1, latency_ms - ttft_ms)
    if counted < 1 or not (took_ms > 0 and math.isfinite(took_ms)):
        return Unscored("too short to tell a rate")
    # An absurdly short time gives an infinite rate.
    return _given(counted / (took_ms / 1000), "too short to tell a rate")


def _given(value: float | None, without: str) -> Scored:
    # nan fails the comparison; a vendor's count may be absurd.
    if value is None or not 0 <= value < math.inf:
        return Unscored(without)
    return float(value)
