"""The lines of a file of records that could not be used, or not as they were, for a terminal."""

import re
from typing import TYPE_CHECKING

from driftwatch.cli.terminal import say
from driftwatch.domain.listing import counted, listed

if TYPE_CHECKING:
    from driftwatch.adapters.records import ImportReport
    from driftwatch.domain.errors import Problem

KINDS = 20
_LINES = 10
_GIVEN = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d.e+-]*")
"""What differs between two lines with the same trouble."""


def tell_naive(report: "ImportReport", *, err: bool = False) -> None:
    """Say how many lines have a time without offset."""
    if report.naive:
        have = "line has" if report.naive == 1 else "lines have"
        say(f"{report.naive} {have} a time without offset; it was taken as UTC.", err=err)


def tell_skipped(report: "ImportReport", *, err: bool = False) -> None:
    """Say how many lines could not be used; of each kind of trouble the first in full, and where the others are."""
    if not report.skipped_lines:
        return
    say(f"{counted(report.skipped_lines, 'line')} could not be used:", err=err)
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for problem in report.skipped:
        kinds.setdefault((_GIVEN.sub("", problem.met), problem.need), []).append(problem)
    for first, *others in list(kinds.values())[:KINDS]:
        say(f"  {first}", err=err)
        if others:
            where = listed([str(problem.line) for problem in others], _LINES)
            say(f"    {len(others)} more like it, in line{'s' * (len(others) != 1)} {where}", err=err)
    if (more := len(kinds) - KINDS) > 0:
        say(f"  ... and {counted(more, 'other kind')}.", err=err)
    if report.skipped_lines > len(report.skipped):
        say(f"  The last {report.skipped_lines - len(report.skipped)} of them are not listed.", err=err)
