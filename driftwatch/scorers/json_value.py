"""Reads JSON out of answers, whole or in passing, and compares it: bounded in depth and work."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from driftwatch.scorers.verdict import Unscored

MAX_BEGINNINGS = 1_000
MAX_READ = 5_000_000
MAX_DIGITS = 400
TOO_DEEP = Unscored("the JSON is nested too deeply")


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value that was read; None among them."""

    value: Any


def _refuse_constant(text: str) -> float:
    # Python's reader takes NaN and Infinity; RFC 8259 does not.
    raise ValueError(text)


def _whole_number(text: str) -> int | float:
    return int(text) if len(text) <= MAX_DIGITS else float(text)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_whole_number)
_STRICT = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_whole_number, object_pairs_hook=_each_key_once)


def read_json(text: str, *, each_key_once: bool = False) -> Json | Unscored | None:
    """Return the one JSON value that the whole text is; None if it is not one.

    Parameters
    ----------
    each_key_once : bool
        Whether an object with one key twice is none; else the last one counts, as most readers have it.

    Examples
    --------
    >>> read_json(' {"a": 1} '), read_json("NaN"), read_json("[" * 100_000)
    (Json(value={'a': 1}), None, Unscored(reason='the JSON is nested too deeply'))
    """
    try:
        return Json((_STRICT if each_key_once else _DECODER).decode(text.strip("\ufeff")))
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
