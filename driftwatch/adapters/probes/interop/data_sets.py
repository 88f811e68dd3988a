"""Data sets of Langfuse, LangSmith, Braintrust and Phoenix: rows with an input, a reference and metadata."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.losses import Kind
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.sample import Sample, rows, tags_of, take, usable


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where a tool's data set keeps things.

    Parameters
    ----------
    asked, answered : tuple of str
        Keys of the input and of the reference, the first that is there counts.
    ignored : tuple of str
        Keys that only the tool itself needs: ids, times, versions.
    under : tuple of str
        Where the rows are if the file is not a list.
    """

    asked: tuple[str, ...]
    answered: tuple[str, ...]
    ignored: tuple[str, ...]
    under: tuple[str, ...] = ()


LANGFUSE = Shape(
    asked=("input",),
    answered=("expectedOutput", "expected_output"),
    ignored=(
        *("id", "status", "createdAt", "updatedAt", "datasetId", "datasetName", "projectId", "sourceTraceId"),
        *("sourceObservationId", "validFrom", "created_at", "updated_at", "dataset_id", "dataset_name"),
        *("source_trace_id", "source_observation_id"),
    ),
    under=("data", "items"),
)
LANGSMITH = Shape(
    asked=("inputs", "input"),
    answered=("outputs", "reference_outputs", "output"),
    ignored=(
        *("id", "name", "created_at", "modified_at", "dataset_id", "source_run_id", "attachments", "attachment_urls"),
        *("example_id", "split"),
    ),
    under=("examples",),
)
BRAINTRUST = Shape(
    asked=("input",),
    answered=("expected",),
    ignored=(
        *("id", "_xact_id", "_pagination_key", "created", "dataset_id", "project_id", "root_span_id", "span_id"),
        *("is_root", "origin", "_async_scoring_state", "comments", "audit_data", "facets", "classifications"),
    ),
    under=("events", "data", "rows"),
)
PHOENIX = Shape(
    asked=("input", "inputs"),
    answered=("output", "outputs", "expected", "reference"),
    ignored=("id", "example_id", "node_id", "updated_at", "created_at", "splits", "span_id", "source_span_id"),
    under=("data.examples", "examples", "data"),
)
_KNOWN = ("metadata", "tags")


def read_langfuse(top: Part, book: Book) -> None:
    """Put Langfuse's data set items into the book."""
    _read(top, LANGFUSE, book)


def read_langsmith(top: Part, book: Book) -> None:
    """Put LangSmith's examples into the book."""
    _read(top, LANGSMITH, book)


def read_braintrust(top: Part, book: Book) -> None:
    """Put Braintrust's records into the book."""
    _read(top, BRAINTRUST, book)


def read_phoenix_examples(top: Part, book: Book) -> None:
    """Put Phoenix's data set examples into the book."""
    _read(top, PHOENIX, book)


def _read(top: Part, shape: Shape, book: Book) -> None:
    for row in rows(top, *shape.under):
        if usable(row, book):
            _row(row, shape, book)


def _row(row: Part, shape: Shape, book: Book) -> None:
    value = unfolded(row.value, (*shape.asked, *shape.answered, *_KNOWN))
    if str(value.get("status", "")).upper() == "ARCHIVED":
        book.report.dropped(row, Kind.CASE, str(value.get("id"))[:60], "it is archived")
        return
    asked = _first(value, shape.asked)
    if asked is not None and any(isinstance(value.get(key), str) and not value[key].strip() for key in shape.answered):
        value = {key: item for key, item in value.items() if key not in shape.answered}
    metadata = value.get("metadata")
    own = metadata if isinstance(metadata, Mapping) else {}
    known = (*shape.asked, *shape.answered, *shape.ignored, *_KNOWN)
    take(
        Sample(
            part=row,
            asked=asked,
            answered=_first(value, shape.answered),
            named=_named(own, value),
            tags=tags_of({key: item for key, item in own.items() if key != "driftwatch"}, value.get("tags")),
            lost=[key for key in value if key not in known],
            restored=own.get("driftwatch"),
        ),
        book,
    )


def _named(metadata: Mapping[str, Any], value: Mapping[str, Any]) -> str | None:
    name = metadata.get("name") or value.get("name")
    return name if isinstance(name, str) and name.strip() else None


def _first(value: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((value[key] for key in keys if value.get(key) not in (None, "", {}, [])), None)


def unfolded(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Return a row of a table with its cells of JSON read and its columns like `input_question` put together.

    Examples
    --------
    >>> unfolded({"input": '{"q": 1}', "output_a": "x", "id": "7"}, ("input", "output"))
    {'input': {'q': 1}, 'id': '7', 'output': {'a': 'x'}}
    """
    # Only a table writes a plain text as JSON, in quotes.
    starts = '{["' if all(isinstance(value, str) for value in row.values()) else "{["
    found: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for key, value in row.items():
        head = next((k for k in keys for mark in "_." if key.startswith(k + mark) and key not in keys), None)
        if head is None:
            found[key] = _json(value, starts) if key in keys else value
        elif value not in ("", None):
            parts.setdefault(head, {})[key[len(head) + 1 :]] = _json(value, starts)
    for head, values in parts.items():
        found.setdefault(head, values)
    return found


def _json(value: Any, starts: str) -> Any:
    if not isinstance(value, str) or not value.strip() or value.lstrip()[0] not in starts:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
