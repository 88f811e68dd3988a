"""Tells by its shape which tool a file comes from."""

from collections.abc import Callable, Mapping
from typing import Any

from driftwatch.adapters.probes.interop.chat import is_chat
from driftwatch.adapters.probes.interop.inspect_ai import is_log, is_sample
from driftwatch.adapters.probes.interop.openai_evals import is_eval, is_eval_row
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.phoenix import is_span
from driftwatch.adapters.probes.interop.promptfoo.expected import is_table_row

SAMPLED = 20

_PROMPTFOO = {"prompts", "tests", "defaultTest", "scenarios", "providers", "targets", "assertionTemplates"}


def detect(top: Part) -> str | None:
    """Return the format's name, None if it is none that is known."""
    found = next((name for name, fits in FORMATS.items() if fits(top)), None)
    return "phoenix" if found == "phoenix-rows" else found


def _rows(top: Part) -> list[Mapping[str, Any]]:
    value = top.value if isinstance(top.value, list) else []
    return [row for row in value if isinstance(row, Mapping)][:SAMPLED]


def _most(top: Part, fits: Callable[[Mapping[str, Any]], bool]) -> bool:
    rows = _rows(top)
    return bool(rows) and sum(map(fits, rows)) * 2 > len(rows)


def _promptfoo(top: Part) -> bool:
    if isinstance(top.value, Mapping):
        return bool(
            {"tests", "scenarios", "defaultTest"} & set(top.value) or {"prompts", "providers"} <= set(top.value)
        )
    return _most(top, lambda row: isinstance(row.get("vars"), Mapping) or "assert" in row or is_table_row(row))


def _driftwatch(top: Part) -> bool:
    return (isinstance(top.value, Mapping) and "probes" in top.value) or _most(
        top, lambda row: {"id", "scorers"} <= set(row) and bool({"prompt", "messages"} & set(row))
    )


def _phoenix(top: Part) -> bool:
    rest = isinstance(top.value_at("data", "examples"), list) and "dataset_id" in top.value["data"]
    listed = top.get("data") if isinstance(top.value, Mapping) else top
    spans = listed is not None and _most(listed, is_span)
    table = _most(top, lambda row: any(str(key).startswith("input.") for key in row) and "node_id" in row)
    return rest or spans or table


def _langfuse(top: Part) -> bool:
    listed = top.get("data") if isinstance(top.value, Mapping) else top
    return listed is not None and _most(
        listed, lambda row: bool({"expectedOutput", "datasetName", "expected_output"} & set(row)) and "input" in row
    )


def _langsmith(top: Part) -> bool:
    listed = top.get("examples") if isinstance(top.value, Mapping) else top
    return listed is not None and _most(
        listed,
        lambda row: (
            "inputs" in row
            or (any(str(key).startswith("inputs.") for key in row))
            or ("source_run_id" in row and "input" in str(sorted(row)))
        ),
    )


def _braintrust(top: Part) -> bool:
    listed = next((found for key in ("events", "data") if (found := top.get(key)) is not None), top)
    return _most(listed, lambda row: "input" in row and bool({"expected", "_xact_id"} & set(row)))


def _phoenix_rows(top: Part) -> bool:
    return _most(top, lambda row: "input" in row and bool({"output", "reference"} & set(row))) or _most(
        top, lambda row: {"input", "metadata"} <= set(row)
    )


FORMATS: dict[str, Callable[[Part], bool]] = {
    "driftwatch": _driftwatch,
    "promptfoo": _promptfoo,
    "inspect": lambda top: is_log(top.value) or _most(top, is_sample),
    "openai-evals": lambda top: is_eval(top.value) or _most(top, is_eval_row),
    "phoenix": _phoenix,
    "langfuse": _langfuse,
    "langsmith": _langsmith,
    "braintrust": _braintrust,
    "chat": lambda top: _most(top, is_chat),
    "phoenix-rows": _phoenix_rows,
}
"""Each format's test, from the surest to the vaguest."""
