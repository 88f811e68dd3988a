"""What a terminal hears of lines that could not be used."""

import pytest

from driftwatch.adapters.records import ImportReport
from driftwatch.cli.skipped import KINDS, tell_skipped
from driftwatch.domain.errors import Problem


@pytest.mark.parametrize(("more", "told"), [(1, "and 1 other kind."), (2, "and 2 other kinds.")])
def test_kinds_of_trouble_beyond_those_that_are_listed_are_counted(
    capsys: pytest.CaptureFixture[str], more: int, told: str
) -> None:
    """It said "and 1 other kinds"."""
    report = ImportReport()
    for line in range(1, KINDS + more + 1):
        report.skip(Problem(file="h.jsonl", line=line, met=f"trouble {chr(64 + line)}", need="", slug="records-line"))
    tell_skipped(report)
    assert told in capsys.readouterr().out
