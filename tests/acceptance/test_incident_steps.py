"""Incidents that begin at once, and some that end: `sycophancy-2025`, `effort-2026`, `verbosity-2026`."""

from datetime import timedelta
from pathlib import Path

from driftwatch.domain.incident import IncidentState
from driftwatch.services.plan_power import powers_of
from driftwatch.testing.lasting import DAY, LASTING
from tests.acceptance.played import Played

HOUR = timedelta(hours=1)


def test_four_days_of_flattery_are_one_event_with_a_start_and_an_end_and_knowledge_is_not_blamed(
    tmp_path: Path,
) -> None:
    here = Played(tmp_path, LASTING["sycophancy-2025"])
    [incident] = here.incidents
    assert here.told()[0][1:] == ("page", "FIRST")
    assert here.told()[0][0] <= 12, "within three replays of four hours"
    found = incident.findings[0]
    assert (found.metric, found.direction) == ("disagrees", -1)
    assert "correct" not in {f.metric for f in incident.findings}, "what it knows stayed as it was"
    assert abs(found.onset - here.changed_at) <= 8 * HOUR
    assert (incident.state, incident.attribution) == (IncidentState.RESOLVED, "silent change")
    assert "back to baseline" in incident.detail
    pages = [at for at, severity, _ in here.told() if severity == "page"]
    assert pages[-1] < 4 * DAY + 5, "nobody is woken for what has been calm"
    # Twelve calm replays after the four days; the message names the end of the drift, not only its own hour.
    assert here.changed_at + timedelta(days=4) < incident.ended_at < here.changed_at + timedelta(days=7)


def test_faster_and_shorter_is_still_a_change(tmp_path: Path) -> None:
    """Both move the way that nobody complains about; the two points of score are too few to be told in a day.

    Latency speaks once it has seen three days of the endpoint's rhythm.
    """
    here = Played(tmp_path, LASTING["effort-2026"], hours=8, quiet=96)
    assert here.told()[0][1:] == ("notice", "FIRST")
    assert here.told()[0][0] <= 2
    [incident] = here.incidents
    directions = {f.metric: f.direction for f in incident.findings}
    assert (directions["length"], directions["latency"]) == (-1, -1)
    assert incident.attribution in ("silent change", "serving change")
    assert here.loudest == "notice", "no harm is shown"


def test_a_cap_on_answers_is_told_at_once_and_what_the_score_would_take_is_stated(tmp_path: Path) -> None:
    here = Played(tmp_path, LASTING["verbosity-2026"], quiet=30)
    assert [t[1:] for t in here.told()] == [("notice", "FIRST")]
    [incident] = here.incidents
    assert ("length", -1) in {(f.metric, f.direction) for f in incident.findings}
    assert incident.attribution == "silent change"
    powers = {p.metric: p for p in powers_of(here.world.watched, here.world.store, replays_per_day=24)}
    [three_points] = [found for found in powers["pass"].delays if found.effect == 0.03]
    assert DAY / 2 < three_points.told < 30 * DAY, "three points are no matter of an hour, and it says so"
    assert three_points.oracle < three_points.told
