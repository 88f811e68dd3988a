"""Charts are plain dicts: what is in them, and that no moment is handed over as a bare string."""

import json
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from driftwatch.presentation.charts import (
    Marks,
    course_chart,
    fleet_chart,
    incidents_chart,
    level_chart,
    marks_of,
)
from driftwatch.presentation.charts.palette import DARK
from driftwatch.presentation.charts.parts import milliseconds
from driftwatch.services.bands import Band
from tests.unit.report.handmade import DRIFTED, INCIDENT, OPENED, SINCE, UNTIL

SNAPSHOTS = Path(__file__).parent / "charts.json"
PASS = DRIFTED.streams[0]
MARKS = marks_of("pass", [INCIDENT])
PEAKS = [Band(at=SINCE + i * timedelta(days=1), mean=1, low=1, high=1, replays=1, peak=p) for i, p in enumerate((0.2, None, 3.9))]  # fmt: skip
CHARTS = {
    "course": course_chart("pass", PASS.bands, since=SINCE, until=UNTIL, normal=PASS.normal, marks=MARKS),
    "course without a baseline": course_chart("latency", PASS.bands[:1], since=SINCE, until=UNTIL, unit="ms"),
    "level": level_chart("pass", PEAKS, since=SINCE, until=UNTIL, marks=MARKS),
    "fleet": fleet_chart({"support-bot": 3.9, "summaries": 0.3, "new": None}),
    "incidents": incidents_chart({"support-bot": [INCIDENT], "summaries": []}, since=SINCE, until=UNTIL),
}


def parts(value):
    yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(one)


def test_the_charts_are_these():
    """Look at every chart that changed (`driftwatch report --format html`), then delete charts.json and run twice."""
    if not SNAPSHOTS.exists():
        SNAPSHOTS.write_text(json.dumps(CHARTS, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        pytest.fail("the snapshot was written; look at the charts")
    assert json.loads(SNAPSHOTS.read_text(encoding="utf-8")) == CHARTS


@pytest.mark.parametrize("name", CHARTS)
def test_every_moment_is_a_number(name):
    """A temporal rule that was given a bare ISO string was drawn at the left edge."""
    texts = [part for part in parts(CHARTS[name]) if isinstance(part, str)]
    assert not [text for text in texts if text.startswith("20") or "T00" in text]
    for part in parts(CHARTS[name]):
        if isinstance(part, dict) and "at" in part:
            assert isinstance(part["at"], int)


def test_the_marks_stand_where_the_incident_says():
    marked = [part for part in parts(CHARTS["course"]) if isinstance(part, dict) and "values" in part]
    finding = INCIDENT.findings[0]
    assert {"values": [{"at": milliseconds(finding.onset_early), "to": milliseconds(finding.onset_late)}]} in marked
    assert {"values": [{"at": milliseconds(finding.onset)}]} in marked
    assert {"values": [{"at": milliseconds(OPENED), "incident": "inc-42"}]} in marked
    assert {"values": [{"at": milliseconds(OPENED)}]} in marked


def test_what_lies_outside_of_the_period_is_not_marked():
    later = {"since": UNTIL, "until": UNTIL + timedelta(days=7)}
    chart = course_chart("pass", (), **later, marks=MARKS)
    assert [layer["mark"]["type"] for layer in chart["layer"]] == ["point", "area", "line"]


def test_an_incident_of_other_streams_marks_nothing():
    assert marks_of("length", [INCIDENT]) == ()


def test_a_gap_is_no_value():
    drawn = CHARTS["course"]["datasets"]["measured"]
    assert [row["mean"] is None for row in drawn] == [False] * 4 + [True] + [False] * 2


def test_milliseconds_count_from_the_epoch_whatever_the_zone():
    assert milliseconds(OPENED) == milliseconds(OPENED.astimezone(UTC)) == int(OPENED.timestamp()) * 1000


def test_every_colour_of_a_chart_has_its_dark_counterpart():
    used = {part for chart in CHARTS.values() for part in parts(chart) if isinstance(part, str) and part[:1] == "#"}
    assert used == set(DARK)


@pytest.mark.parametrize(("after", "stands"), [(None, 0), (0.02, 0.02), (0.3, 0)])
@pytest.mark.parametrize("opened", [0.5, 0.95])
def test_an_incidents_name_does_not_stand_on_an_onset_that_was_found_after_it_was_opened(opened, after, stands):
    """A change within a replay opens an incident before the first replay that shows it whole: the name was crossed out."""
    span = UNTIL - SINCE
    alarm = SINCE + opened * span
    mark = Marks(name="inc-1", onset=alarm + after * span if after else None, alarm=alarm)
    chart = level_chart("pass", PEAKS, since=SINCE, until=UNTIL, marks=[mark])
    (name,) = (part for part in parts(chart) if isinstance(part, dict) and part.get("mark", {}).get("type") == "text")
    at_the_end = opened == 0.95
    assert name["mark"]["align"] == ("right" if at_the_end else "left")
    (row,) = name["data"]["values"]
    assert row["at"] == milliseconds(alarm if at_the_end else alarm + stands * span)


def test_an_onset_before_the_period_does_not_stretch_its_axis_of_time():
    """The name of an incident that has just begun stood there, and what is shown decides how long the axis is."""
    mark = Marks(name="inc-1", onset=SINCE - (UNTIL - SINCE), alarm=UNTIL - 0.01 * (UNTIL - SINCE))
    chart = level_chart("pass", PEAKS, since=SINCE, until=UNTIL, marks=[mark])
    moments = [row["at"] for part in parts(chart) if isinstance(part, dict) for row in named_rows(part)]
    assert milliseconds(SINCE) <= min(moments) < max(moments) <= milliseconds(UNTIL)


def named_rows(part):
    values = part.get("values", ())
    return [row for row in values if isinstance(row, dict) and "at" in row]
