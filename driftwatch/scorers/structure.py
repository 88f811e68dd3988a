"""Scorers of structure: JSON, whole or somewhere in the answer, and its schema."""

from collections.abc import Callable, Mapping
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.json_value import find_json, read_json
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

Fits = Callable[[Any], Scored]


def is_json(argument: Any) -> Scorer:
    """Build: the whole answer is JSON, and fits the schema if there is one."""
    fits = _fits(argument)

    def judge(text: str) -> Scored:
        found = read_json(text)
        if isinstance(found, Unscored):
            return found
        return fits(found.value) if found is not None else 0.0

    return of_text(judge)


def contains_json(argument: Any) -> Scorer:
    """Build: somewhere in the answer, in prose or a code fence, is a JSON object or list that fits."""
    fits = _fits(argument)

    def judge(text: str) -> Scored:
        doubt: Unscored | None = None
        for found in find_json(text):
            verdict = found if isinstance(found, Unscored) else fits(found.value)
            if isinstance(verdict, Unscored):
                doubt = doubt or verdict
            elif verdict == 1.0:
                return 1.0
        return doubt or 0.0

    return of_text(judge)


def schema_path(argument: Any) -> str | None:
    """Return the file that an argument names as its schema; None if it names none.

    Examples
    --------
    >>> schema_path({"schema": "schemas/refund.json"}), schema_path({"type": "object"})
    ('schemas/refund.json', None)
    """
    schema = schema_of(argument)
    return schema.removeprefix("file://") if isinstance(schema, str) else None


def schema_of(argument: Any) -> Any:
    """Return the schema, or its path, or None: ``{schema: x}``, ``{value: x}`` and promptfoo's plain ``x`` alike."""
    for key in ("schema", "value"):
        if isinstance(argument, Mapping) and set(argument) == {key}:
            return argument[key]
    return argument


def _fits(argument: Any) -> Fits:
    schema = schema_of(argument)
    if schema is None or schema == "":
        return lambda _: 1.0
    if isinstance(schema, str):
        raise ScorerArgumentError(f"the schema {arg.shown(schema)} is a path", "it must be read from its file before.")
    # Imported late: jsonschema takes 60 ms that a golden set without schemas need not pay.
    from driftwatch.scorers.schema import compiled_schema

    return compiled_schema(schema)
