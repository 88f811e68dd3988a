"""What the two processes say to each other: JSON, so that neither runs what the other sends."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from driftwatch.domain.probe import ScorerSpec
from driftwatch.scorers.callee import Callee, callee_of
from driftwatch.scorers.seen import Seen
from driftwatch.scorers.similar import embedder_of
from driftwatch.scorers.verdict import Scored, Unscored


def order_of(spec: ScorerSpec) -> dict[str, Any] | None:
    """Return a scorer as the other process can build it; None for a function that only this one has."""
    function = callee_of(spec.argument)
    if function is not None and function.folder is None:
        return None
    order: dict[str, Any] = {"name": spec.name, "negate": spec.negate, "extract": spec.extract}
    if (embedder := embedder_of(spec.argument)) is not None:
        return order | {"argument": dict(spec.argument), "embedder": str(embedder), "folder": embedder.folder}
    if function is None:
        return order | {"argument": spec.argument}
    return order | {"function": str(function), "folder": function.folder}


def callee_in(order: Mapping[str, Any], load: Any) -> Callee:
    """Return the order's function, loaded anew; refuse one that was edited since, as its probe has the old hash.

    Raises
    ------
    ValueError
        If the source is another one by now.
    """
    named, _, _ = str(order["function"]).rpartition("#")
    found: Callee = load(named, order["folder"])
    if str(found) != order["function"]:
        raise ValueError("the function's source was edited while driftwatch runs: restart it")
    return found


def encoded(message: Any) -> bytes:
    """Return a message as bytes; half a surrogate pair survives."""
    return json.dumps(message).encode()


def decoded(message: bytes) -> Any:
    """Return the message."""
    return json.loads(message)


def answer_out(answer: Seen) -> dict[str, Any]:
    """Return an answer as JSON takes it."""
    return {**asdict(answer), "tool_calls": [dict(call) for call in answer.tool_calls]}


def score_out(value: Scored) -> dict[str, Any]:
    """Return a score, or why there is none, as JSON takes it."""
    return {"unscored": value.reason} if isinstance(value, Unscored) else {"score": value}


def score_in(message: Mapping[str, Any]) -> Scored:
    """Return what `score_out` wrote."""
    return Unscored(str(message["unscored"])) if "unscored" in message else float(message["score"])
