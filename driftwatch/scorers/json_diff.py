"""How much of a JSON value agrees with the right one: the share of its leaves."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.json_value import read_json, same_json
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.overlap import compared
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

MAX_LEAVES = 20_000


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every leaf with the way to it; positions in lists are steps as keys are.

    Examples
    --------
    >>> list(leaves({"a": [1, {"b": None}]}))
    [(('a', '0'), 1), (('a', '1', 'b'), None)]
    """
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if parts is None:
        yield path, value
    elif not value:
        yield path, [] if isinstance(value, list) else {}
    else:
        for key, part in parts:
            yield from leaves(part, (*path, str(key)))


def agreement(
    found: Any, wanted: Any, *, ignore: Sequence[str] = (), tolerances: Mapping[str, float] | None = None
) -> float | None:
    """Return the share of leaves, of both together, that stand in both and agree; None if there are too many.

    Parameters
    ----------
    ignore : sequence of str
        Paths that do not count, with all below them: ``items.*.id``.
    tolerances : mapping
        Path -> how far numbers there may be apart.

    Examples
    --------
    >>> agreement({"city": "Oslo", "temp": 4.2}, {"city": "Oslo", "temp": 4, "unit": "C"}, tolerances={"**": 0.5})
    0.6666666666666666
    """
    ours = _counted(wanted, ignore)
    theirs = _counted(found, ignore)
    if ours is None or theirs is None:
        return None
    paths = ours.keys() | theirs.keys()
    near = tolerances or {}
    alike = sum(path in ours and path in theirs and _agree(path, theirs[path], ours[path], near) for path in paths)
    return alike / len(paths) if paths else 1.0


def _counted(value: Any, ignore: Sequence[str]) -> dict[tuple[str, ...], Any] | None:
    found: dict[tuple[str, ...], Any] = {}
    for number, (path, leaf) in enumerate(leaves(value)):
        if number >= MAX_LEAVES:
            return None
        if not any(matches(pattern, path) for pattern in ignore):
            found[path] = leaf
    return found


def _agree(path: tuple[str, ...], found: Any, wanted: Any, tolerances: Mapping[str, float]) -> bool:
    if _is_number(found) and _is_number(wanted):
        near = max((t for pattern, t in tolerances.items() if matches(pattern, path)), default=0.0)
        if near:
            # An integer may be larger than any float.
            return math.isfinite(float_of(found)) and abs(float_of(found) - float_of(wanted)) <= near
    return same_json(found, wanted)


def float_of(value: float) -> float:
    """Return a number as a float; infinity where it is too large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def matches(pattern: str, path: tuple[str, ...]) -> bool:
    """Return whether a path begins with the pattern: `*` is any one step, `**` any number of them.

    Examples
    --------
    >>> matches("items.*.id", ("items", "3", "id")), matches("items", ("items", "3")), matches("id", ("items",))
    (True, True, False)
    """
    return _compiled(pattern).match("\0".join(path) + "\0") is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    steps = {"*": "[^\0]*\0", "**": "(?:[^\0]*\0)*"}
    return re.compile("".join(steps.get(step, re.escape(step) + "\0") for step in pattern.split(".")))


def json_diff(argument: Any) -> Scorer:
    """Build: the share of the JSON's leaves that agree with the right one's."""
    given = compared(argument, known=("ignore", "tolerance"))
    wanted = given["value"]
    if not isinstance(wanted, Mapping | list):
        raise ScorerArgumentError(f"value is {arg.shown(wanted)}", "it must be a mapping or a list.")
    ignore = arg.texts(given["ignore"]) if "ignore" in given else ()
    tolerances = _tolerances(given.get("tolerance", {}))
    if not _counted(wanted, ignore):
        raise ScorerArgumentError("nothing is left to compare", f"keep 1 to {MAX_LEAVES:,} values that count.")

    def judge(text: str) -> Scored:
        found = read_json(text)
        if found is None or isinstance(found, Unscored):
            return found or 0.0
        share = agreement(found.value, wanted, ignore=ignore, tolerances=tolerances)
        return share if share is not None else Unscored(f"the JSON has more than {MAX_LEAVES:,} values")

    return of_text(judge)


def _tolerances(given: Any) -> Mapping[str, float]:
    if not isinstance(given, Mapping):
        return {"**": arg.number(given, what="tolerance", least=0)}
    return {str(path): arg.number(t, what=f"tolerance of {path}", least=0) for path, t in given.items()}
