"""Incidents that creep: `laziness-2023` (length and completeness) and `slow-decline-2026` (58 to 54 % in thirty days)."""

from datetime import timedelta
from pathlib import Path

from driftwatch.testing.lasting import DAY, LASTING, WEEK
from tests.acceptance.played import Played


def test_answers_that_get_lazier_for_weeks_are_found_before_the_ramp_ends(tmp_path: Path) -> None:
    """Daily replays. The shorter answers and the missing words are told in the first of the four weeks."""
    here = Played(tmp_path, LASTING["laziness-2023"], hours=2 * WEEK)
    first = next(at for at, severity, _ in here.told() if severity == "page")
    assert first < 2 * WEEK, "the ramp takes four"
    [incident] = here.incidents
    assert incident.attribution == "silent change"
    directions = {f.metric: f.direction for f in incident.findings}
    assert (directions["contains"], directions["length"]) == (-1, -1)


def test_four_points_in_thirty_days_are_found_and_the_beginning_is_dated(tmp_path: Path) -> None:
    """A hundred probes, three replays a day: no single day shows it.

    A ramp is dated by where a step fits best, which lies between its beginning and the alarm.
    """
    here = Played(tmp_path, LASTING["slow-decline-2026"])
    pages = [at for at, severity, reason in here.told() if (severity, reason) == ("page", "FIRST")]
    assert len(pages) == 1
    assert 3 * DAY < pages[0] < 30 * DAY
    [incident] = here.incidents
    assert incident.attribution == "silent change"
    found = incident.findings[0]
    assert (found.metric in ("pass", "contains"), found.direction) == (True, -1)
    assert found.onset is not None
    assert here.changed_at - timedelta(days=2) <= found.onset <= here.changed_at + timedelta(days=pages[0] / DAY)
    assert found.onset_early is not None
    assert found.onset_late is not None
