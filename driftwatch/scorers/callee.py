"""The user's own scorer: a Python function, found by the loader and called here."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import unreadable
from driftwatch.scorers.overlap import compared
from driftwatch.scorers.verdict import Scorable, Scored, Scorer

LIMIT_S = 2.0
"""For one answer, of a scorer of ours that may run away."""
OWN_LIMIT_S = 10.0
"""For one answer, of a function of the user's, unless its `timeout:` says otherwise: it may ask the network."""
MAX_LIMIT_S = 600.0
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s?(ms|s|m)\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}

OwnScorer = Callable[[str, Mapping[str, Any]], Any]


class Callee(str):
    """The name of a function, ``checks.py:polite``, that carries the function.

    A text, so that it hashes, compares and is stored as any other argument of a scorer. The
    loader appends the hash of the source, so that an edited function is another scorer.

    Parameters
    ----------
    folder : str, optional
        Where the loader looked for the file; None for a function that no other process can load.

    Examples
    --------
    >>> polite = Callee("checks.py:polite", lambda text, context: "please" in text)
    >>> polite, polite.function("yes please", {})
    ('checks.py:polite', True)
    """

    __slots__ = ("folder", "function")
    function: OwnScorer
    folder: str | None

    def __new__(cls, name: str, function: OwnScorer, folder: str | None = None) -> Self:
        self = super().__new__(cls, name)
        self.function = function
        self.folder = folder
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Callee, (str(self), self.function, self.folder))


def python(argument: Any) -> Scorer:
    """Build: what the user's function says: true or false, or a number from 0 to 1."""
    function = callee_of(argument)
    if function is None:
        met = f"the function {arg.shown(argument)} has not been loaded"
        raise ScorerArgumentError(met, "name it as `module:function` or `file.py:function` in a golden set.")
    if isinstance(argument, Mapping):
        # Checked here, read by `limit_of` and `ScorerKind.enough_of`.
        compared({key: item for key, item in argument.items() if key != "timeout"})
        limit_of(argument)

    def scorer(answer: Scorable) -> Scored:
        reason = unreadable(answer)
        # Any is checked by `judge.score`, as for every scorer.
        return reason if reason is not None else function.function(answer.text, context(answer))

    return scorer


def callee_of(argument: Any) -> Callee | None:
    """Return the function in a scorer's argument, if there is one."""
    value = argument.get("value") if isinstance(argument, Mapping) else argument
    return value if isinstance(value, Callee) else None


def limit_of(argument: Any) -> float:
    """Return how many seconds a scorer that may run away has for one answer.

    Examples
    --------
    >>> polite = Callee("checks.py:polite", lambda text, context: True)
    >>> limit_of(polite), limit_of({"value": polite, "timeout": "30s"}), limit_of({"databaseType": "SQLite"})
    (10.0, 30.0, 2.0)
    """
    if callee_of(argument) is None:
        return LIMIT_S
    written = argument.get("timeout") if isinstance(argument, Mapping) else None
    if written is None:
        return OWN_LIMIT_S
    match = _DURATION.match(written) if isinstance(written, str) else None
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= MAX_LIMIT_S:
        raise ScorerArgumentError(f"timeout is {arg.shown(written)}", "write how long: 500ms, 30s or 2m, at most 10m.")
    return seconds


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
