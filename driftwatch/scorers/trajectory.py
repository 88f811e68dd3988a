"""Which tools an answer calls, how often, in which order and with what: over all turns of the probe's conversation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.calls import ToolCall, named, of_calls
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.json_value import same_json
from driftwatch.scorers.overlap import compared
from driftwatch.scorers.verdict import Scorer


def tool_used(argument: Any) -> Scorer:
    """Build: this tool is called, or each of these, or so often."""
    given = arg.unwrap(argument)
    if isinstance(given, Mapping):
        pattern, low, high = _counted(given)
        return of_calls(lambda calls: float(low <= sum(_named(call, pattern) for call in calls) <= high))
    names = arg.texts(given if isinstance(given, list) else [given])
    return of_calls(lambda calls: float(all(any(_named(call, name) for call in calls) for name in names)))


def step_count(argument: Any) -> Scorer:
    """Build: so many tool calls, of any name or of those that the pattern takes."""
    given = arg.unwrap(argument)
    if isinstance(given, Mapping) and given.get("type", "tool") != "tool":
        need = "only steps of the type `tool` can be seen from outside."
        raise ScorerArgumentError(f"type is {arg.shown(given['type'])}", need)
    wanted = {k: v for k, v in given.items() if k != "type"} if isinstance(given, Mapping) else given
    if isinstance(wanted, Mapping) and not {"min", "max"} & set(wanted):
        raise ScorerArgumentError("neither `min` nor `max` is given", "add one of them, or both.")
    if not isinstance(wanted, Mapping):
        count = arg.whole(wanted, what="the number of steps")
        wanted = {"min": count, "max": count}
    pattern, low, high = _counted({"pattern": "*", **wanted})
    return of_calls(lambda calls: float(low <= sum(_named(call, pattern) for call in calls) <= high))


def _counted(given: Mapping[str, Any]) -> tuple[str, int, int]:
    given = arg.options(given, known=("pattern", "name", "min", "max"))
    pattern = arg.text(given.get("pattern", given.get("name")), what="pattern")
    low = arg.whole(given.get("min", 0 if "max" in given else 1), what="min")
    high = arg.whole(given.get("max", 10**9 - 1), what="max")
    if low > high:
        raise ScorerArgumentError(f"min {low} is above max {high}", "exchange them.")
    return pattern, low, high


def _named(call: ToolCall, pattern: str) -> bool:
    return named(pattern, call.name)


def tool_sequence(argument: Any) -> Scorer:
    """Build: these tools are called in this order; others may stand between them unless the mode is `exact`."""
    given = arg.unwrap(argument)
    given = given if isinstance(given, Mapping) else {"steps": given}
    given = arg.options(given, known=("steps", "mode"), required=("steps",))
    steps, mode = arg.texts(given["steps"]), given.get("mode", "in_order")
    if mode not in ("in_order", "exact"):
        raise ScorerArgumentError(f"mode is {arg.shown(mode)}", "it must be `in_order` or `exact`.")
    return of_calls(lambda calls: float(_exactly(calls, steps) if mode == "exact" else _in_order(calls, steps)))


def _exactly(calls: Sequence[ToolCall], steps: Sequence[str]) -> bool:
    return len(calls) == len(steps) and all(map(_named, calls, steps))


def _in_order(calls: Sequence[ToolCall], steps: Sequence[str]) -> bool:
    left = iter(calls)
    return all(any(_named(call, step) for call in left) for step in steps)


def tool_args_match(argument: Any) -> Scorer:
    """Build: this tool is called with these arguments; or more, or with texts around them, as the mode says."""
    known = ("name", "pattern", "args", "arguments", "mode", "defaults", "ignore")
    given = arg.options(arg.unwrap(argument), known=known)
    pattern = arg.text(given.get("name", given.get("pattern")), what="name")
    mode, defaults = given.get("mode", "partial"), given.get("defaults", {})
    wanted = given.get("args", given.get("arguments"))
    if not isinstance(wanted, Mapping) or not isinstance(defaults, Mapping):
        raise ScorerArgumentError("`args` or `defaults` is no mapping", "write each argument as `name: value`.")
    if mode not in ("partial", "exact", "contains"):
        raise ScorerArgumentError(f"mode is {arg.shown(mode)}", "it must be `partial`, `exact` or `contains`.")
    ignore = arg.texts(_list(given["ignore"])) if "ignore" in given else ()
    expected = _kept(wanted, {}, ignore)

    def fits(call: ToolCall) -> bool:
        if not _named(call, pattern) or call.arguments is None or not isinstance(call.arguments.value, Mapping):
            return False
        found = _kept(call.arguments.value, defaults, ignore)
        same = _contained if mode == "contains" else same_json
        return same_json(found, expected) if mode == "exact" else _part_of(expected, found, same)

    return of_calls(lambda calls: float(any(map(fits, calls))))


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _kept(given: Mapping[str, Any], defaults: Mapping[str, Any], ignore: Sequence[str]) -> dict[str, Any]:
    """Return the arguments that count: not ignored, and not what the tool would take anyway."""
    return {
        key: value
        for key, value in given.items()
        if not any(named(pattern, key) for pattern in ignore)
        and not (key in defaults and same_json(value, defaults[key]))
    }


def _part_of(wanted: Any, found: Any, same: Callable[[Any, Any], bool]) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(k in found and _part_of(v, found[k], same) for k, v in wanted.items())
    return same(wanted, found)


def _contained(wanted: Any, found: Any) -> bool:
    """Return whether a text stands in the other one, in upper or lower case; anything else must be the same."""
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted.casefold() in found.casefold()
    return same_json(wanted, found)


def tool_call_f1(argument: Any) -> Scorer:
    """Build: F1 of the names of the tools called and of those expected; order and number do not count."""
    expected = frozenset(arg.texts(compared(argument)["value"]))

    def judge(calls: tuple[ToolCall, ...]) -> float:
        called = {call.name for call in calls}
        return 2 * len(called & expected) / (len(called) + len(expected))

    return of_calls(judge)
