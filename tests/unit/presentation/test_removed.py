"""Incidents on endpoints that have left the configuration: named in every form, and never called over before they are."""

from dataclasses import replace

import pytest

from driftwatch.adapters.notify.render import render
from driftwatch.domain.incident import IncidentState
from driftwatch.presentation import words
from driftwatch.presentation.report_message import report_payload
from tests.unit.report.handmade import DRIFTED, INCIDENT, LEARNING, REPORT

OVER = replace(
    DRIFTED, incidents=[replace(DRIFTED.incidents[0], incident=replace(INCIDENT, state=IncidentState.RESOLVED))]
)
GONE = replace(INCIDENT, id=7, endpoint="renamed-since")


@pytest.mark.parametrize("endpoint", [OVER, LEARNING])
def test_a_report_that_names_an_open_incident_of_what_is_watched_no_more_does_not_say_that_all_is_calm(endpoint):
    """It said "Nothing is open." or "its silence says nothing", and the page of Tuesday was still firing further down."""
    report = replace(REPORT, endpoints=[endpoint], removed=[GONE])
    assert "Nothing is open." not in words.quiet(report)
    assert words.quiet(report).endswith("Endpoints that are watched no more had incidents, see below.")
    assert "watched no more" not in words.quiet(replace(report, removed=[]))


@pytest.mark.parametrize(("many", "left"), [(5, ""), (7, "and 2 more on what is watched no more: driftwatch report")])
def test_a_message_says_how_many_it_leaves_out(many, left):
    accounts = report_payload(replace(REPORT, removed=[GONE] * many))["accounts"]
    assert sum("Watched no more: inc-7 on renamed-since" in line for line in accounts) == 5
    assert [line for line in accounts if line.startswith("and ")] == ([left] if left else [])


def test_however_many_there_are_a_message_that_may_have_come_before_says_so():
    """The last line of a block is the first that Slack's limit takes."""
    silences = [replace(REPORT.silences[0], comment="y" * 300)] * 5
    report = replace(REPORT, removed=[replace(GONE, endpoint="x" * 90)] * 6, silences=silences)
    accounts = render(report_payload(report), possible_repeat=True).blocks[-1]["elements"][0]["text"]
    assert "possible repeat" in accounts
