"""The tables of faults and incidents name tests that exist, and leave no line of the catalogue out."""

import ast
import re
from pathlib import Path

import pytest

from driftwatch.domain.incident import Reason

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"`(test_\w+)`")


def functions() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text())
        found |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    return found


def rows(name: str) -> list[list[str]]:
    """Cells of the first table of a page, its head left out."""
    lines = (ROOT / "docs" / name).read_text().splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


@pytest.mark.parametrize("name", ["explanation/incidents.md", "reference/faults.md"])
def test_every_test_that_is_named_exists(name: str) -> None:
    known = functions()
    for row in rows(name):
        named = CODE.findall(row[-1])
        assert not [one for one in named if one not in known], row[0]
        assert named or row[-1].startswith("open: "), f"{row[0]}: neither a test nor a reason why there is none"


def test_every_line_of_the_catalogue_has_its_row() -> None:
    assert [row[0] for row in rows("reference/faults.md")] == [str(line) for line in range(1, 82)]


def test_every_reason_has_its_row() -> None:
    """Recurrences and flapping had none anywhere but in the code."""
    assert [row[0].strip("`") for row in rows("reference/reasons.md")] == [reason.value for reason in Reason]
