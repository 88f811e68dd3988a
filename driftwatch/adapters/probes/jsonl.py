"""JSON lines read strictly: one probe a line, the same keys as in YAML."""

import json
from typing import Any

from driftwatch.adapters.yaml_strict import MAX_DEPTH, Node, Parsed
from driftwatch.domain.errors import ConfigError, Problem

MAX_DIGITS = 400


class _RefusedError(ValueError):
    """The line is JSON, but not as we take it."""


def parse_jsonl(text: str, *, file: str) -> Parsed:
    r"""Return the lines as a golden set; a line that has only `name` names the set.

    Raises
    ------
    ConfigError
        With every line that is no JSON object.

    Examples
    --------
    >>> parsed = parse_jsonl('{"name": "greetings"}\n\n{"id": "hi", "prompt": "Say hi."}', file="a.jsonl")
    >>> parsed.value
    {'name': 'greetings', 'probes': [{'id': 'hi', 'prompt': 'Say hi.'}]}
    >>> parsed.line_of(("probes", 0, "prompt"))
    3
    """
    problems: list[Problem] = []
    head: dict[str | int, Node] = {}
    probes: list[Node] = []
    # Not splitlines(): U+2028 may stand inside a JSON text.
    for line, written in enumerate(text.split("\n"), 1):
        if not written.strip():
            continue
        try:
            value = _value(written)
        except _RefusedError as error:
            problems.append(_problem(file, line, str(error)))
        except (ValueError, RecursionError) as error:
            problems.append(_problem(file, line, f"this line is not JSON ({str(error)[:80]})"))
        else:
            if set(value) == {"name"} and not probes:
                head["name"] = Node(value["name"], line)
            else:
                probes.append(Node(value, line))
    if problems:
        raise ConfigError(tuple(problems))
    return _set(head, probes, file)


def _set(head: dict[str | int, Node], probes: list[Node], file: str) -> Parsed:
    children: dict[str | int, Node] = dict(enumerate(probes))
    lines = {index: node.line for index, node in children.items()}
    listed = Node([node.value for node in probes], 1, children=children, key_lines=lines)
    parts: dict[str | int, Node] = {**head, "probes": listed}
    value = {key: node.value for key, node in parts.items()}
    root = Node(value, 1, children=parts, key_lines={key: node.line for key, node in parts.items()})
    return Parsed(file=file, value=value, root=root)


def _problem(file: str, line: int, met: str) -> Problem:
    need = 'each line must be one probe: {"id": "…", "prompt": "…"}.'
    return Problem(file=file, line=line, met=met, need=need, slug="invalid-jsonl")


def _value(written: str) -> dict[str, Any]:
    value = json.loads(written, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_integer)
    if not isinstance(value, dict):
        raise _RefusedError("this line is JSON, but not an object")
    _check(value, 0)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RefusedError(f"the key `{key}` stands twice in this line")
        found[key] = value
    return found


def _refuse(constant: str) -> float:
    raise _RefusedError(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _RefusedError(f"a number has {len(digits)} digits")
    return int(digits)


def _check(value: Any, depth: int) -> None:
    """Refuse what no store or hash can take: NUL, lone surrogates, infinity, a thousand brackets."""
    if depth > MAX_DEPTH:
        raise _RefusedError(f"values are nested deeper than {MAX_DEPTH}")
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise _RefusedError("a text contains NUL or half of a surrogate pair")
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise _RefusedError("a number is too large")
    for part in (
        (*value.keys(), *value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        _check(part, depth + 1)
