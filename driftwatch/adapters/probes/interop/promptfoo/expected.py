"""promptfoo's short form of assertions, and its tables of test cases that use it."""

import re
from collections.abc import Mapping
from typing import Any

from driftwatch.adapters.probes.interop.part import Part

# `type(threshold): value`, https://www.promptfoo.dev/docs/configuration/expected-outputs/#assertion-string-syntax
_SHORT = re.compile(
    r"(?P<type>(?:not-)?[a-z][a-z0-9-]*(?::[a-z][a-z-]*)?)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?(?::(?P<value>.*))?\Z",
    re.DOTALL,
)
_LEGACY = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
_LISTS = ("contains-any", "contains-all", "icontains-any", "icontains-all")
_CONFIG = re.compile(r"__config:__expected(?P<number>\d*):(?P<key>\w+)\Z")


def assertion_of(text: str, known: frozenset[str]) -> dict[str, Any]:
    """Return the assertion that promptfoo's short form stands for; a text without a type means `equals`.

    Examples
    --------
    >>> assertion_of("similar(0.8): Hello", frozenset({"similar"}))
    {'type': 'similar', 'value': 'Hello', 'threshold': 0.8}
    >>> assertion_of("Paris", frozenset({"similar"}))
    {'type': 'equals', 'value': 'Paris'}
    """
    match = _SHORT.match(text.strip())
    if match is None:
        return {"type": "equals", "value": text}
    name = _LEGACY.get(match["type"], match["type"])
    bare = name.removeprefix("not-")
    if bare not in known and match["type"] not in _LEGACY:
        head = match["type"].partition(":")[0]
        if ":" in match["type"] and head.removeprefix("not-") in known:
            # `contains:paris` reads like `trajectory:tool-used`.
            return _typed(head, text.strip().partition(":")[2], None)
        return {"type": "equals", "value": text}
    return _typed(name, match["value"], match["threshold"])


def _typed(name: str, value: str | None, threshold: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": name}
    written = (value or "").strip()
    if name.removeprefix("not-") in _LISTS:
        found["value"] = [part.strip() for part in written.split(",") if part.strip()]
    elif written:
        found["value"] = written
    if threshold is not None:
        found["threshold"] = float(threshold) if "." in threshold else int(threshold)
    if name.removeprefix("not-") in ("latency", "cost") and written and threshold is None:
        found["threshold"] = _number(found.pop("value"))
    return found


def case_of_row(row: Part, known: frozenset[str]) -> Part:
    """Return a row of a table as the test case it stands for."""
    values: dict[str, Any] = {}
    case: dict[str, Any] = {"vars": values, "assert": [], "metadata": {}, "options": {}}
    numbers: list[str] = []
    configs: list[tuple[str, str, str]] = []
    for name, cell in row.value.items():
        if re.fullmatch(r"__expected\d*", name):
            if cell.strip():
                case["assert"].append(assertion_of(cell, known))
                numbers.append(name.removeprefix("__expected") or "1")
        elif match := _CONFIG.match(name):
            configs.append((match["number"], match["key"], cell))
        elif name.startswith("__metadata:"):
            _metadata(case["metadata"], name.removeprefix("__metadata:"), cell)
        elif name in ("__prefix", "__suffix"):
            case["options"][name.removeprefix("__")] = cell
        elif name.startswith("__"):
            _special(case, name, cell)
        else:
            values[name] = cell
    _configured(case["assert"], numbers, configs)
    _shared(case)
    return row.stand_in({key: value for key, value in case.items() if value not in ({}, [])})


def _metadata(into: dict[str, Any], key: str, cell: str) -> None:
    if key.endswith("[]"):
        into[key.removesuffix("[]")] = [part.strip().replace("\\,", ",") for part in re.split(r"(?<!\\),", cell)]
    elif cell.strip():
        into[key] = cell


def _special(case: dict[str, Any], name: str, cell: str) -> None:
    if not cell.strip():
        return
    if name == "__tags":
        case["metadata"]["tags"] = [part.strip() for part in cell.split(",") if part.strip()]
    else:
        case[name.removeprefix("__")] = cell


def _configured(found: list[dict[str, Any]], numbers: list[str], configs: list[tuple[str, str, str]]) -> None:
    for number, key, cell in configs:
        for own, assertion in zip(numbers, found, strict=True):
            if cell.strip() and number in ("", own):
                assertion[key] = _number(cell)


def _shared(case: dict[str, Any]) -> None:
    metric, threshold = case.pop("metric", None), case.pop("threshold", None)
    for assertion in case["assert"]:
        if metric:
            assertion["metric"] = metric
    if threshold is not None:
        case["threshold"] = _number(threshold)


def _number(text: Any) -> Any:
    try:
        number = float(text)
    except (TypeError, ValueError):
        return text
    return int(number) if number.is_integer() else number


def is_table_row(value: Any) -> bool:
    """Return whether this row has a column that only promptfoo writes.

    Examples
    --------
    >>> is_table_row({"q": "Hi", "__expected": "contains: Hi"}), is_table_row({"input": "Hi"})
    (True, False)
    """
    return isinstance(value, Mapping) and any(str(key).startswith("__") for key in value)
