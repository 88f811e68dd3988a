"""Regular expressions of the user's on text of the model's: bounded in time."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

if TYPE_CHECKING:
    import regex as engine  # type: ignore[import-untyped]

MAX_PATTERN = 5_000
TIMEOUT_S = 0.5


def matches(argument: Any) -> Scorer:
    """Build: the pattern is found somewhere in the answer."""
    compiled = compiled_pattern(arg.text(argument))
    return of_text(lambda text: found(compiled, text))


def found(compiled: "engine.Pattern[str]", text: str) -> Scored:
    """Return whether the pattern is in the text; unscored when half a second is not enough to say."""
    match = searched(compiled, text)
    return match if isinstance(match, Unscored) else float(match is not None)


def searched(compiled: "engine.Pattern[str]", text: str) -> "engine.Match[str] | Unscored | None":
    """Return where the pattern is in the text, or None; unscored when half a second is not enough to say."""
    try:
        return compiled.search(text, timeout=TIMEOUT_S)
    except TimeoutError:
        return Unscored(f"timeout: the regular expression took longer than {TIMEOUT_S:g} s on this answer")


@lru_cache(maxsize=1024)
def compiled_pattern(pattern: str) -> "engine.Pattern[str]":
    """Return a pattern of Python's syntax, compiled by the engine that has a timeout.

    Raises
    ------
    ScorerArgumentError
        If it cannot be compiled.
    """
    # Imported late: 50 ms that a golden set without patterns need not pay.
    import regex

    if len(pattern) > MAX_PATTERN:
        raise ScorerArgumentError(f"the pattern has {len(pattern)} characters", f"keep it below {MAX_PATTERN}.")
    try:
        return regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError, ValueError, MemoryError) as error:
        met = f"the pattern {arg.shown(pattern)} cannot be compiled ({error})"
        raise ScorerArgumentError(met, "give a regular expression in Python's syntax.") from None
