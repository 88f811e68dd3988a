"""Scorers of structure: JSON, whole or somewhere in the answer, and its schema."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

MAX_BEGINNINGS = 1_000
MAX_READ = 5_000_000
MAX_DIGITS = 400
TOO_DEEP = Unscored("the JSON is nested too deeply")

Fits = Callable[[Any], Scored]


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value that was read; None among them."""

    value: Any


def _refuse_constant(text: str) -> float:
    # Python's reader takes NaN and Infinity; RFC 8259 does not.
    raise ValueError(text)


def _whole_number(text: str) -> int | float:
    return int(text) if len(text) <= MAX_DIGITS else float(text)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_whole_number)


def read_json(text: str) -> Json | Unscored | None:
    """Return the one JSON value that the whole text is; None if it is not one.

    Examples
    --------
    >>> read_json(' {"a": 1} '), read_json("NaN"), read_json("[" * 100_000)
    (Json(value={'a': 1}), None, Unscored(reason='the JSON is nested too deeply'))
    """
    try:
        return Json(_DECODER.decode(text.strip("\ufeff")))
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        return None


def find_json(text: str) -> Iterator[Json | Unscored]:
    """Yield each outermost JSON object or list in the text, in order; an `Unscored` ends it."""
    read, at = 0, -1
    for _ in range(MAX_BEGINNINGS):
        at = min((i for i in (text.find("{", at + 1), text.find("[", at + 1)) if i >= 0), default=-1)
        if at < 0:
            return
        begun = at
        try:
            value, end = _DECODER.raw_decode(text, at)
            at = end - 1
            yield Json(value)
        except RecursionError:
            yield TOO_DEEP
            return
        except json.JSONDecodeError as error:
            read += error.pos - begun
        except ValueError:
            read += 1
        if read > MAX_READ:
            break
    else:
        at = min((i for i in (text.find("{", at + 1), text.find("[", at + 1)) if i >= 0), default=-1)
        if at < 0:
            return
    yield Unscored("there are too many places where JSON might begin")


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


def same_json(a: Any, b: Any) -> bool:
    """Return whether two JSON values are equal; 1 is 1.0 and is not true."""
    return bool(frozen_json(a) == frozen_json(b))


def frozen_json(value: Any) -> Any:
    """Return a hashable stand-in for a JSON value: equal ones have equal stand-ins.

    Examples
    --------
    >>> frozen_json({"a": [1], "b": True}) == frozen_json({"b": True, "a": [1.0]}) != frozen_json({"a": [1], "b": 1})
    True
    """
    if isinstance(value, Mapping):
        return ("map", frozenset((key, frozen_json(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(map(frozen_json, value)))
    if isinstance(value, bool):
        return ("bool", value)
    return value
