"""Tool calls of an answer, read from what the vendor sent: names, arguments, order."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any

from driftwatch.scorers.json_value import Json, find_json, read_json
from driftwatch.scorers.judge import CONTENT_FILTER, unreadable
from driftwatch.scorers.verdict import Scorable, Scored, Scorer, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call: the tool's name, and its arguments where they are JSON.

    Parameters
    ----------
    arguments : Json, optional
        None if what was sent is not JSON.
    """

    name: str
    arguments: Json | None


def tool_calls(answer: Scorable) -> tuple[ToolCall, ...] | Unscored:
    """Return the answer's calls in their order; none is a finding, too. Unscored if nothing can be said."""
    if answer.finish_reason == CONTENT_FILTER:
        return Unscored("stopped by the content filter")
    calls = [_call(call) for call in answer.tool_calls]
    unread = next((call for call in calls if isinstance(call, Unscored)), None)
    return unread or tuple(call for call in calls if isinstance(call, ToolCall))


def _call(sent: Mapping[str, Any]) -> ToolCall | Unscored:
    function = sent.get("function", sent)
    function = function if isinstance(function, Mapping) else {}
    given = function.get("arguments", function.get("input"))
    # A call without parameters is often sent with an empty text.
    read = read_json(given or "{}") if isinstance(given, str) else Json(given if given is not None else {})
    return read if isinstance(read, Unscored) else ToolCall(name=str(function.get("name") or ""), arguments=read)


def calls_or_text(answer: Scorable) -> tuple[ToolCall, ...] | Unscored:
    """Return the answer's calls; where it has none, those written as JSON in its text."""
    found = tool_calls(answer)
    if found or isinstance(found, Unscored):
        return found
    reason = unreadable(answer)
    if reason is not None:
        return reason
    written = [item for value in find_json(answer.text) if isinstance(value, Json) for item in _listed(value.value)]
    calls = [_call(item) for item in written if _is_call(item)]
    return tuple(call for call in calls if isinstance(call, ToolCall))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _is_call(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    function = value.get("function", value)
    return isinstance(function, Mapping) and isinstance(function.get("name"), str) and "arguments" in function


def of_calls(judge: Callable[[tuple[ToolCall, ...]], Scored]) -> Scorer:
    """Return the scorer that judges an answer's tool calls."""

    def scorer(answer: Scorable) -> Scored:
        found = tool_calls(answer)
        return found if isinstance(found, Unscored) else judge(found)

    return scorer


def named(pattern: str, name: str) -> bool:
    """Return whether a name is this one, or fits a pattern with ``*`` or ``?``, in upper or lower case.

    Examples
    --------
    >>> named("search_*", "Search_orders"), named("search", "search_orders")
    (True, False)
    """
    return name == pattern or (bool({"*", "?"} & set(pattern)) and _glob(pattern).match(name) is not None)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    # Brackets stand for themselves: tools are not called after sets of letters.
    return re.compile(translate(pattern.replace("[", "[[]")), re.IGNORECASE)
