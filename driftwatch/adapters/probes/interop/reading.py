"""Reads a foreign file into parts with lines: YAML, JSON, JSON lines, CSV; junk is noted, the rest is kept."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.interop.json_nodes import JsonBrokenError, json_nodes
from driftwatch.adapters.probes.interop.losses import Fate, Kind, LossReport
from driftwatch.adapters.probes.interop.part import Part, on_line
from driftwatch.adapters.yaml_strict import Node, parse, read_text
from driftwatch.domain.errors import ConfigError, Problem

MAX_BYTES = 50_000_000
JSON_LINES = (".jsonl", ".ndjson")
YAML = (".yaml", ".yml")
TABLES = (".csv", ".tsv")
KNOWN = (*YAML, ".json", *JSON_LINES, *TABLES)
MAX_QUOTED = 60

# A cell of a table may be as long as a prompt.
csv.field_size_limit(MAX_BYTES)


def read_part(path: Path, report: LossReport, *, shown: str | None = None, folder: Path | None = None) -> Part:
    """Return what stands in a file; of JSON lines and tables, a list with one item for each line or row.

    Parameters
    ----------
    report : LossReport
        Takes the lines that cannot be read.
    folder : Path, optional
        Where paths in the file start; its own folder by default.

    Raises
    ------
    ConfigError
        If nothing in the file can be read.
    """
    name, suffix = shown or str(path), path.suffix.lower()
    text = read_text(path, shown=name, max_bytes=MAX_BYTES)
    return part_of(text, suffix, report, file=name, folder=folder or path.parent)


def part_of(text: str, suffix: str, report: LossReport, *, file: str, folder: Path) -> Part:
    """Return what a text in the format of that suffix holds."""
    foreign = _Foreign(report=report, file=file, folder=folder)
    if suffix in JSON_LINES:
        node = _lines(text, foreign)
    elif suffix in TABLES:
        node = _table(text, foreign, "\t" if suffix == ".tsv" else None)
    elif suffix == ".json":
        node = _json(text, foreign)
    else:
        node = _yaml(text, foreign)
    return Part(file=file, folder=folder, node=node)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Foreign:
    """The file that is read, and who is told of junk in it."""

    report: LossReport
    file: str
    folder: Path

    def junk(self, line: int, why: str, text: str = "") -> None:
        self.report.dropped(self._place(line), Kind.LINE, _quoted(text), why)

    def short(self, line: int, cells: int, columns: int, text: str) -> None:
        why = f"it has {cells} of {columns} cells"
        became = "a row whose other cells are empty"
        self.report.note(self._place(line), Kind.LINE, _quoted(text), Fate.CHANGED, became=became, why=why)

    def _place(self, line: int) -> Part:
        return Part(file=self.file, folder=self.folder, node=Node(None, line), steps=(f"line {line}",))


def _quoted(text: str) -> str:
    return f"`{text.strip()[:MAX_QUOTED]}`" if text.strip() else "line"


def _yaml(text: str, foreign: _Foreign) -> Node:
    noted: list[Problem] = []
    parsed = parse(text, file=foreign.file, noted=noted, merge=True)
    for problem in noted:
        foreign.junk(problem.line or 1, problem.met)
    return parsed.root


def _json(text: str, foreign: _Foreign) -> Node:
    try:
        return json_nodes(text)
    except JsonBrokenError as error:
        rows = _as_lines(text, error)
        if rows:
            return _lines(text, foreign)
        if error.whole is None:
            need = "mend it there; nothing before it is complete."
            problem = Problem(
                file=foreign.file, line=error.line, met=f"not JSON: {error}", need=need, slug="import-unreadable"
            )
            raise ConfigError((problem,)) from None
        foreign.junk(error.line, f"not JSON from here on: {error}")
        return error.whole


def _as_lines(text: str, error: JsonBrokenError) -> bool:
    """Return whether a broken JSON file is JSON lines under another name."""
    lines = [line for line in text.split("\n") if line.strip()]
    if error.whole is not None or len(lines) < 2:
        return False
    try:
        return isinstance(json_nodes(lines[0]).value, dict)
    except JsonBrokenError:
        return False


def _lines(text: str, foreign: _Foreign) -> Node:
    children: dict[str | int, Node] = {}
    # Not splitlines(): U+2028 may stand inside a JSON text.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json_nodes(line).value
        except JsonBrokenError as error:
            foreign.junk(number, f"not JSON: {error}", line)
        else:
            children[len(children)] = on_line(value, number)
    return Node([child.value for child in children.values()], 1, 1, children)


def _table(text: str, foreign: _Foreign, delimiter: str | None) -> Node:
    head = text.partition("\n")[0]
    separator = delimiter or (
        ";" if ";" in head and "," not in head else "\t" if "\t" in head and "," not in head else ","
    )
    children: dict[str | int, Node] = {}
    names: list[str] = []
    for line, row in _rows(text, separator, foreign):
        if not names:
            names = [name.strip() for name in row]
        elif len(row) > len(names):
            met = f"{len(row)} cells under {len(names)} columns"
            foreign.junk(line, met, separator.join(row))
        elif any(cell.strip() for cell in row):
            if len(row) < len(names):
                foreign.short(line, len(row), len(names), separator.join(row))
            cells: dict[str, Any] = dict(zip(names, (*row, *[""] * (len(names) - len(row))), strict=True))
            children[len(children)] = on_line(cells, line)
    return Node([child.value for child in children.values()], 1, 1, children)


def _rows(text: str, separator: str, foreign: _Foreign) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            foreign.junk(line, f"not a row of a table: {error}")
        else:
            yield line, row
