"""Phoenix's three exports: data set examples (JSON lines, CSV), spans, and the REST API's data sets."""

import json
from collections.abc import Mapping
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.data_sets import read_phoenix_examples
from driftwatch.adapters.probes.interop.losses import Kind
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.sample import Sample, rows, take, usable

NAMED = 80
# OpenInference: the attributes that a span of a model's call carries.
INPUT_MESSAGES = "llm.input_messages"
OUTPUT_MESSAGES = "llm.output_messages"


def is_span(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a span: nested attributes, or a table's columns `attributes.…`."""
    if isinstance(row.get("attributes"), Mapping):
        return "span_kind" in row or "context" in row or "name" in row
    return any(str(key).startswith("attributes.") for key in row)


def read_phoenix(top: Part, book: Book) -> None:
    """Put examples, or the model's calls among spans, into the book."""
    listed = rows(top, "data", "spans")
    if not any(isinstance(row.value, Mapping) and is_span(row.value) for row in listed):
        read_phoenix_examples(top, book)
        return
    for row in listed:
        if usable(row, book):
            _span(row, book)


def _span(row: Part, book: Book) -> None:
    attributes = _attributes(row.value)
    kind = str(row.value.get("span_kind") or _at(attributes, "openinference.span.kind") or "LLM").upper()
    name = str(row.value.get("name") or "span")[:NAMED]
    if kind != "LLM":
        book.report.dropped(
            row, Kind.CASE, name, f"it is a span of kind {kind}; only those of a model's calls are asked again"
        )
        return
    messages = _messages(_at(attributes, INPUT_MESSAGES))
    asked = messages or _plain(_at(attributes, "input.value"))
    answers = _messages(_at(attributes, OUTPUT_MESSAGES))
    answered = answers[-1] if answers else _plain(_at(attributes, "output.value"))
    take(Sample(part=row, asked=asked, answered=answered, tools=_tools(attributes)), book)


def _attributes(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a span's attributes as a tree, whichever way they were flattened."""
    given = row.get("attributes")
    flat = given if isinstance(given, Mapping) else {
        key.removeprefix("attributes."): value for key, value in row.items() if key.startswith("attributes.")
    }  # fmt: skip
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        _plant(tree, str(key).split("."), _read(value))
    return tree


def _plant(tree: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        inner = tree.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    there = tree.get(steps[-1])
    if isinstance(there, dict) and isinstance(value, Mapping):
        there.update(value)
    else:
        tree[steps[-1]] = dict(value) if isinstance(value, Mapping) else value


def _read(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _at(tree: Any, path: str) -> Any:
    for step in path.split("."):
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def _listed(value: Any) -> list[Any]:
    """Return a list that may have been flattened into ``0``, ``1``, …"""
    if isinstance(value, Mapping):
        return [value[key] for key in sorted(value, key=lambda key: (len(str(key)), str(key)))]
    return value if isinstance(value, list) else []


def _messages(value: Any) -> list[dict[str, Any]]:
    found = []
    for item in _listed(value):
        message = _unprefixed(item, "message")
        if isinstance(message, Mapping) and ("role" in message or "content" in message):
            content = message.get("content")
            if content is None and message.get("contents") is not None:
                content = [_content(part) for part in _listed(message["contents"])]
            calls = [_call(call) for call in _listed(message.get("tool_calls"))]
            found.append(
                {"role": message.get("role", "user"), "content": content, **({"tool_calls": calls} if calls else {})}
            )
    return found


def _content(part: Any) -> Any:
    inner = _unprefixed(part, "message_content")
    return {"type": inner.get("type"), "text": inner.get("text")} if isinstance(inner, Mapping) else part


def _call(call: Any) -> dict[str, Any]:
    inner = _unprefixed(call, "tool_call")
    function = inner.get("function") if isinstance(inner, Mapping) else None
    return {
        "id": str(inner.get("id", "")) if isinstance(inner, Mapping) else "",
        "type": "function",
        "function": dict(function) if isinstance(function, Mapping) else {},
    }


def _unprefixed(item: Any, prefix: str) -> Any:
    """Return ``{"message.role": …}`` and ``{"message": {"role": …}}`` alike as ``{"role": …}``."""
    if not isinstance(item, Mapping):
        return item
    tree: dict[str, Any] = {}
    for key, value in item.items():
        _plant(tree, str(key).split("."), value)
    return tree.get(prefix, tree)


def _tools(attributes: Mapping[str, Any]) -> list[Any]:
    found = []
    for item in _listed(_at(attributes, "llm.tools")):
        schema = _read(_at(_unprefixed(item, "tool"), "json_schema"))
        if isinstance(schema, Mapping):
            found.append(
                schema if "type" in schema and "function" in schema else {"type": "function", "function": dict(schema)}
            )
    return found


def _plain(value: Any) -> Any:
    """Return an input that a vendor's call wrote as JSON: its messages, if it has some."""
    read = _read(value)
    return read if isinstance(read, Mapping | list) else value
