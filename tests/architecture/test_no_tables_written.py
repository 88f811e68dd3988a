"""Line 76 of the fault catalogue: a cell that begins with = + - @ is a formula to a spreadsheet. We write no spreadsheets."""

import ast
from pathlib import Path

CODE = Path(__file__).resolve().parents[2] / "driftwatch"
WRITERS = {
    "DictWriter",
    "to_csv",
    "to_excel",
    "to_parquet",
    "write_csv",
    "write_parquet",
    "write_table",
    "ParquetWriter",
}


def writes_tables(code: str) -> list[str]:
    """Return what a module uses to write CSV, Excel or Parquet."""
    names = (
        (node.attr, node.value.id if isinstance(node.value, ast.Name) else "")
        if isinstance(node, ast.Attribute)
        else (node.name, getattr(node, "module", ""))
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute | ast.alias)
    )
    return [name for name, whose in names if name in WRITERS or (name, whose) == ("writer", "csv")]


def test_fault_76_nothing_of_ours_writes_csv_or_parquet() -> None:
    """Whoever adds it prefixes such cells, quotes newlines, and tests it with tests/unit/notify/hostile.py instead of this."""
    found = {str(path): used for path in CODE.rglob("*.py") if (used := writes_tables(path.read_text()))}
    assert found == {}


def test_what_would_write_one_is_seen() -> None:
    assert writes_tables("import csv\ncsv.writer(file)") == ["writer"]
    assert writes_tables("from csv import DictWriter") == ["DictWriter"]
    assert writes_tables("frame.to_csv(path)") == ["to_csv"]
    assert writes_tables("stream.writer.write(line)") == []
