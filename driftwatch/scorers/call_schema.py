"""Tool calls against the tools that the probe offers: known by name, arguments as their schema wants them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.calls import ToolCall, calls_or_text
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.verdict import Scorable, Scored, Scorer, Unscored

Fits = Callable[[Any], Scored]


def valid_calls(argument: Any) -> Scorer:
    """Build: the answer calls tools, each one that is offered, with arguments that fit its schema."""
    given = arg.options(argument, known=("tools",), required=("tools",))
    schemas = _schemas(given["tools"])

    def scorer(answer: Scorable) -> Scored:
        calls = calls_or_text(answer)
        if isinstance(calls, Unscored):
            return calls
        verdicts = [_fits(call, schemas) for call in calls]
        if not verdicts or 0.0 in verdicts:
            return 0.0
        return next((verdict for verdict in verdicts if isinstance(verdict, Unscored)), 1.0)

    return scorer


def _fits(call: ToolCall, schemas: Mapping[str, Fits]) -> Scored:
    if call.name not in schemas or call.arguments is None or not isinstance(call.arguments.value, Mapping):
        return 0.0
    return schemas[call.name](call.arguments.value)


def _schemas(tools: Any) -> Mapping[str, Fits]:
    # Imported late, as for `is-json`: 60 ms.
    from driftwatch.scorers.schema import compiled_schema

    listed: Sequence[Any] = tools if isinstance(tools, list | tuple) else ()
    functions = [tool.get("function", tool) for tool in listed if isinstance(tool, Mapping)]
    named = [f for f in functions if isinstance(f, Mapping) and isinstance(f.get("name"), str)]
    if not named:
        need = "list them under the probe's `tools:`, or here as `tools:`."
        raise ScorerArgumentError("there are no tools to compare with", need)
    return {f["name"]: compiled_schema(f.get("parameters", {"type": "object"})) for f in named}
