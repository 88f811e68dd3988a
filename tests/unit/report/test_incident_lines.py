"""An incident in words, after the page: it says of our side what the page said."""

from dataclasses import replace

from driftwatch.domain.incident import StateSeen
from driftwatch.presentation.words import delivery_line, incident_lines, states_lines, step_line, told
from driftwatch.services.report_incident import IncidentReport
from driftwatch.services.states import Shown
from tests.unit.notify.examples import BLIND, INCIDENT, NOW, OURS, delivery, payload


def test_what_changed_on_our_side_is_said_after_the_page_too() -> None:
    """`show`, report and dashboard said "Our side unchanged" of every drift, whatever the page had said."""
    quiet = IncidentReport(incident=INCIDENT, fingerprint=OURS, deliveries=[delivery()])
    assert any("Our side unchanged: probes" in line for line in incident_lines(quiet, NOW))
    heard = replace(quiet, deliveries=[delivery(payload(changed=["code"]))])
    assert any("Our side changed since the baseline: code." in line for line in incident_lines(heard, NOW))


def test_what_changed_after_the_page_is_not_said_to_have_been_before_it() -> None:
    """Whoever upgraded driftwatch between a page and its repeat read in `show` that our side had changed."""
    repeat = delivery(payload(changed=["code"]))
    later = IncidentReport(incident=INCIDENT, fingerprint=OURS, deliveries=[delivery(), repeat])
    assert any("Our side unchanged: probes" in line for line in incident_lines(later, NOW))


def test_a_page_and_its_answers_in_the_thread_are_not_two_pages() -> None:
    """`show` listed the page twice, word for word, and counted "2 sent"."""
    page, answers = (
        delivery(),
        delivery(payload() | {"part": "details"}, key="gpt-x@vendor/1/42/FIRST/38@oncall+details"),
    )
    assert told([page, answers]) == told([page])
    assert "page to oncall" in delivery_line(page)
    assert "its answers, in its thread to oncall" in delivery_line(answers)


def test_each_stream_that_alarmed_is_listed_once() -> None:
    """`show` and report named them under "Also:" and again, with their numbers, below."""
    lines = list(incident_lines(IncidentReport(incident=INCIDENT, fingerprint=OURS), NOW))
    assert not any("length" in line for line in lines)


def test_a_state_that_goes_on_is_not_said_to_have_come_again() -> None:
    """An hour after the page `show` said "a new state (B)" and below it "state B again (first seen ...)"."""
    new = StateSeen(verdict="new", name="B", replays=3)
    again = StateSeen(verdict="known", name="B", first_seen="2026-10-14T06:00:00Z", replays=3)
    back = StateSeen(verdict="baseline", name="A", replays=3)
    assert list(states_lines(Shown(since=new, latest=again)))[-1] == "Latest replays: the same state."
    assert list(states_lines(Shown(since=new, latest=back)))[-1] == "Latest replays: back to baseline."


def test_an_outage_has_no_empty_line_where_a_drift_has_its_evidence() -> None:
    assert all(incident_lines(IncidentReport(incident=BLIND, fingerprint=None), NOW))


def test_the_timeline_of_an_outage_says_what_was_wrong() -> None:
    assert step_line(BLIND).endswith("(NO_DATA, notice): cannot be measured: rate limited, 2 in a row")
