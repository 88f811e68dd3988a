"""One assertion of promptfoo as an item of `scorers:`; whatever cannot be one is said to be lost, and why."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.files import FileRefusedError, static_value
from driftwatch.adapters.probes.interop.losses import Fate, Kind
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.promptfoo.reasons import ALIASES, EMBEDDED, REASONS, UNKNOWN
from driftwatch.adapters.probes.interop.template import TemplateError, fill_all
from driftwatch.scorers.registry import NOT, SCORERS, split_name

MAX_DEPTH = 5
PASSED_ON = ("type", "value", "threshold", "metric", "weight", "assert")
CODE = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".py", ".rb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an assertion is read with.

    Parameters
    ----------
    values : mapping
        The test case's vars, for ``{{name}}`` in values and metrics.
    top : Part
        The configuration, where ``$ref`` looks.
    tools : sequence
        What the probe offers.
    transformed : bool
        True where code rewrites the answer before assertions see it.
    """

    book: Book
    values: Mapping[str, Any]
    top: Part
    transformed: bool = False
    tools: Sequence[Any] = ()


class _LostError(Exception):
    """The assertion cannot be carried."""


def carry(assertion: Part, context: Context, depth: int = 0) -> list[str | dict[str, Any]]:
    """Return the items that stand for an assertion, none if it is lost; the book's report is told."""
    report = context.book.report
    what = type_of(assertion)
    try:
        meant = _dereferenced(assertion, context)
        if isinstance(meant.value, Mapping) and meant.value.get("type") == "assert-set":
            return _set(assertion, meant, context, depth)
        item, changes = _carried(meant, context)
    except (_LostError, TemplateError, FileRefusedError) as error:
        report.dropped(assertion, Kind.ASSERTION, what, str(error))
        return []
    fate = Fate.CHANGED if changes else Fate.KEPT
    report.note(assertion, Kind.ASSERTION, what, fate, became=_shown(item), why="; ".join(changes) or None)
    return [item]


def assertions_in(listed: Part | None) -> Iterator[Part]:
    """Yield every assertion of an `assert:` list, sets and what is in them."""
    for item in listed.items() if listed is not None else ():
        yield item
        if isinstance(item.value, Mapping) and item.value.get("type") == "assert-set":
            yield from assertions_in(item.get("assert"))


def type_of(assertion: Part) -> str:
    """Return what a report calls an assertion."""
    value = assertion.value
    if isinstance(value, Mapping):
        return str(value.get("type") or value.get("$ref") or "without a type")
    return json.dumps(value, ensure_ascii=False)[:60]


def _dereferenced(assertion: Part, context: Context) -> Part:
    reference = assertion.text("$ref")
    if reference is None:
        return assertion
    if not reference.startswith("#/"):
        raise _LostError("only references into the same file (`#/…`) are followed")
    found = context.top.at(*reference.removeprefix("#/").split("/"))
    if found is None:
        raise _LostError(f"`{reference}` refers to nothing in this file")
    own = {key: value for key, value in assertion.value.items() if key != "$ref"}
    return found.stand_in({**found.value, **own}) if isinstance(found.value, Mapping) else found


def _set(assertion: Part, meant: Part, context: Context, depth: int) -> list[str | dict[str, Any]]:
    report = context.book.report
    members = meant.get("assert")
    if depth >= MAX_DEPTH or members is None or not members.items():
        report.dropped(assertion, Kind.ASSERTION, "assert-set", "there is no assertion in it")
        return []
    items = [item for member in members.items() for item in carry(member, context, depth + 1)]
    why = "a probe has one list of scorers, all of which must pass"
    if meant.get("threshold") is not None:
        why = f"its threshold of {meant.value['threshold']} is dropped: a probe passes when every scorer does"
    if items:
        report.note(assertion, Kind.ASSERTION, "assert-set", Fate.CHANGED, became=f"its {len(items)} members", why=why)
    else:
        report.dropped(assertion, Kind.ASSERTION, "assert-set", "none of its members could be carried")
    return items


def _carried(assertion: Part, context: Context) -> tuple[str | dict[str, Any], list[str]]:
    if not isinstance(assertion.value, Mapping):
        raise _LostError("an assertion is a mapping with `type:`")
    written = assertion.value.get("type")
    if not isinstance(written, str):
        raise _LostError("it has no `type:`")
    name, changes = _name(written)
    for key in ("transform", "contextTransform"):
        if assertion.value.get(key) is not None:
            raise _LostError(f"its `{key}` runs code on the answer first, and driftwatch scores answers as they are")
    if context.transformed:
        raise _LostError("the test case's `transform` runs code on the answer first")
    value = _value(assertion, context, changes)
    item = _accepted(name, value, assertion, context, changes)
    changes += _modifiers(assertion)
    if split_name(name)[0].partition(":")[0] == "similar":
        changes.append(EMBEDDED)
    return item, changes


def _name(written: str) -> tuple[str, list[str]]:
    """Return the scorer's name here, with its `not-`."""
    bare, negate = split_name(written)
    if bare == "python":
        raise _LostError(REASONS["python"])
    if bare in SCORERS:
        return written, []
    alias = next((name for name in ALIASES.get(bare, ()) if name in SCORERS), None)
    if alias is None:
        raise _LostError(REASONS.get(bare, UNKNOWN))
    prefix = NOT if negate else ""
    return f"{prefix}{alias}", [f"it is called `{alias}` here"]


def _value(assertion: Part, context: Context, changes: list[str]) -> Any:
    value = assertion.value.get("value")
    if isinstance(value, str) and value.startswith("file://"):
        if value.lower().rpartition(":")[0].endswith(CODE) or value.lower().endswith(CODE):
            raise _LostError("its value comes from code, which is never run")
        value = static_value(value, assertion.folder, context.book.root)
        changes.append("the file it names is written out")
    filled, missing = fill_all(value, context.values)
    if missing:
        changes.append(f"`{missing[0]}` has no value and became empty")
    return filled


def _accepted(name: str, value: Any, assertion: Part, context: Context, changes: list[str]) -> str | dict[str, Any]:
    """Return the first way of writing it that the loader takes."""
    refused = None
    metric, lost_metric = _metric(assertion, context)
    for argument, lost in _arguments(split_name(name)[0], value, assertion, context.values.get("context")):
        for label, more in ((metric, []), (None, ["its metric's name is dropped"] if metric else [])):
            item = _item(name, argument, label)
            problem = context.book.scorer_refusal(item, context.tools)
            if problem is None:
                changes += [*lost, *more, *lost_metric]
                return item
            refused = refused or problem
    raise _LostError(refused or UNKNOWN)


def _metric(assertion: Part, context: Context) -> tuple[str | None, list[str]]:
    written = assertion.value.get("metric")
    if written is None:
        return None, []
    if not isinstance(written, str):
        return None, ["its metric's name is not a text"]
    return fill_all(written, context.values)[0], []


def _item(name: str, argument: Any, metric: str | None) -> str | dict[str, Any]:
    if argument is None and metric is None:
        return name
    return {name: argument, "metric": metric} if metric is not None else {name: argument}


def _arguments(name: str, value: Any, assertion: Part, passages: Any) -> Iterator[tuple[Any, list[str]]]:
    """Yield arguments from the most to the least faithful, each with what it leaves out."""
    threshold = assertion.value.get("threshold")
    if name.startswith("context-") and passages not in (None, "", []):
        # promptfoo takes the passages from the var of this name; without them the answer itself would be graded.
        limit = {} if threshold is None else {"threshold": threshold}
        yield {**_named(value), "context": passages, **limit}, []
        return
    if name in ("is-json", "contains-json"):
        if isinstance(value, str) and value.strip():
            value = _json_or_text(value)
        yield (None if value in (None, "") else {"schema": value}), _lost_threshold(threshold)
        return
    if name in ("latency", "cost"):
        yield {"threshold": threshold if threshold is not None else value}, []
        return
    if name == "levenshtein" and threshold is not None:
        yield {"value": value, "max": threshold}, []
    if isinstance(value, bool | float) and name in ("equals", "contains", "icontains", "starts-with"):
        yield _plain(json.dumps(value)), [f"{json.dumps(value)} is compared as text", *_lost_threshold(threshold)]
        return
    config = assertion.value.get("config")
    if threshold is not None and config:
        yield {**_named(value), "threshold": threshold, **(config if isinstance(config, Mapping) else {})}, []
    if threshold is not None:
        yield {**_named(value), "threshold": threshold}, []
    yield _plain(value), _lost_threshold(threshold)


def _plain(value: Any) -> Any:
    # `{value: x}` stands for x, and `metric` in a mapping names the metric: a value that looks like these is wrapped.
    return {"value": value} if isinstance(value, Mapping) and ({"value", "metric"} & set(value)) else value


def _named(value: Any) -> dict[str, Any]:
    return {} if value is None else {"value": value}


def _lost_threshold(threshold: Any) -> list[str]:
    return [] if threshold is None else [f"its threshold of {threshold} is dropped: the scorer takes none"]


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _modifiers(assertion: Part) -> list[str]:
    """Return what is said of what an assertion carries beside its type, value, threshold and metric."""
    weight = assertion.value.get("weight")
    changes = []
    if weight == 0:
        changes.append("its weight of 0 is dropped: it counts for `pass` like any other")
    elif weight not in (None, 1):
        changes.append(f"its weight of {weight} is dropped: scorers count alike")
    others = sorted(key for key in assertion.value if key not in PASSED_ON and key != "$ref")
    if others:
        changes.append(f"{', '.join(f'`{key}`' for key in others)} of it {'are' if len(others) > 1 else 'is'} dropped")
    return changes


def _shown(item: str | dict[str, Any]) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)[1:-1]
