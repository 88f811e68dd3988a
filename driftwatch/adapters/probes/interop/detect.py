"""Tells by its shape which tool a file comes from."""

from collections.abc import Callable, Mapping
from typing import Any

from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.promptfoo.expected import is_table_row

SAMPLED = 20

_PROMPTFOO = {"prompts", "tests", "defaultTest", "scenarios", "providers", "targets", "assertionTemplates"}


def detect(top: Part) -> str | None:
    """Return the format's name, None if it is none that is known."""
    return next((name for name, fits in FORMATS.items() if fits(top)), None)


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


FORMATS: dict[str, Callable[[Part], bool]] = {
    "driftwatch": _driftwatch,
    "promptfoo": _promptfoo,
}
"""Each format's test, from the surest to the vaguest."""
