"""The user's own scorer: a Python function, found by the loader and called here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import unreadable
from driftwatch.scorers.verdict import Scorable, Scored, Scorer

OwnScorer = Callable[[str, Mapping[str, Any]], Any]


class Callee(str):
    """The name of a function, ``checks.py:polite``, that carries the function.

    A text, so that it hashes, compares and is stored as any other argument of a scorer. The
    loader appends the hash of the source, so that an edited function is another scorer.

    Examples
    --------
    >>> polite = Callee("checks.py:polite", lambda text, context: "please" in text)
    >>> polite, polite.function("yes please", {})
    ('checks.py:polite', True)
    """

    __slots__ = ("function",)
    function: OwnScorer

    def __new__(cls, name: str, function: OwnScorer) -> Self:
        self = super().__new__(cls, name)
        self.function = function
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Callee, (str(self), self.function))


def python(argument: Any) -> Scorer:
    """Build: what the user's function says: true or false, or a number from 0 to 1.

    It is called in the thread that scores, without a time limit: it is the user's code.
    """
    if not isinstance(argument, Callee):
        met = f"the function {arg.shown(argument)} has not been loaded"
        raise ScorerArgumentError(met, "name it as `module:function` or `file.py:function` in a golden set.")

    def scorer(answer: Scorable) -> Scored:
        reason = unreadable(answer)
        # Any is checked by `judge.score`, as for every scorer.
        return reason if reason is not None else argument.function(answer.text, context(answer))

    return scorer


def context(answer: Scorable) -> Mapping[str, Any]:
    """Return what a user's function may look at besides the text; read-only."""
    return MappingProxyType(
        {
            "finish_reason": answer.finish_reason,
            "refusal": answer.refusal,
            "latency_ms": answer.latency_ms,
            "cost_usd": answer.cost_usd,
            "tool_calls": answer.tool_calls,
        }
    )
