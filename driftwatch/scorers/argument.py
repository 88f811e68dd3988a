"""Reads what stands behind a scorer's name in a golden set, and refuses it in words."""

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from driftwatch.scorers.errors import ScorerArgumentError

MAX_SHOWN = 60


def shown(value: Any) -> str:
    """Return a value as a message may quote it, shortened."""
    quoted = f'"{value}"' if isinstance(value, str) else str(value)
    return quoted if len(quoted) <= MAX_SHOWN else f"{quoted[:MAX_SHOWN]}…"


def unwrap(argument: Any) -> Any:
    """Return the value of promptfoo's long form ``{value: x}``, anything else as it is."""
    if isinstance(argument, Mapping) and set(argument) == {"value"}:
        return argument["value"]
    return argument


def text(argument: Any, *, what: str = "the argument", blank: bool = False) -> str:
    """Return a text; a whole number is taken as its digits, as promptfoo does.

    Examples
    --------
    >>> text(14)
    '14'
    """
    value = unwrap(argument)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ScorerArgumentError(f"{what} is {shown(value)}", "it must be a text; quote it.")
    if not value and not blank:
        raise ScorerArgumentError(f"{what} is empty", "an empty text is in every answer; write what to look for.")
    return value


def texts(argument: Any) -> tuple[str, ...]:
    """Return a list of texts; one text is split at its commas, as promptfoo does.

    Examples
    --------
    >>> texts("red, green"), texts(["a, b", 7])
    (('red', 'green'), ('a, b', '7'))
    """
    value = unwrap(argument)
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, Sequence) or not value:
        raise ScorerArgumentError(f"the argument is {shown(value)}", "it must be a list of at least one text.")
    return tuple(text(item, what=f"item {number}") for number, item in enumerate(value, 1))


def number(value: Any, *, what: str, least: float = -math.inf) -> float:
    """Return a finite number not below `least`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ScorerArgumentError(f"{what} is {shown(value)}", "it must be a number.")
    # Written so that nan fails it.
    if not (abs(value) < 1e300 and value >= least):
        need = "it must be a finite number." if least == -math.inf else f"it must be {least:g} or more."
        raise ScorerArgumentError(f"{what} is {shown(value)}", need)
    return float(value)


def whole(value: Any, *, what: str) -> int:
    """Return a whole number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        raise ScorerArgumentError(f"{what} is {shown(value)}", "it must be a whole number of 0 or more.")
    return value


def options(argument: Any, *, known: Sequence[str], required: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return a mapping that has only `known` keys and all `required` ones."""
    listed = ", ".join(known)
    if not isinstance(argument, Mapping):
        raise ScorerArgumentError(f"the argument is {shown(argument)}", f"it must be a mapping with: {listed}.")
    for key in argument:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are: {listed}."
            raise ScorerArgumentError(f"the option `{key}` is not known", hint)
    for key in required:
        if key not in argument:
            raise ScorerArgumentError(f"the option `{key}` is missing", f"add `{key}:`.")
    return argument


def nothing(argument: Any) -> None:
    """Refuse an argument where none belongs; ``true`` and an empty one are taken as none."""
    if argument not in (None, True, "", {}):
        raise ScorerArgumentError(f"the argument is {shown(argument)}", "this scorer takes none.")
