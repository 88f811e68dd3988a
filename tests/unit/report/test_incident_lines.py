"""An incident in words, after the page: it says of our side what the page said."""

from dataclasses import replace

from driftwatch.presentation.words import incident_lines
from driftwatch.services.report_incident import IncidentReport
from tests.unit.notify.examples import INCIDENT, NOW, OURS, delivery, payload


def test_what_changed_on_our_side_is_said_after_the_page_too() -> None:
    """`show`, report and dashboard said "Our side unchanged" of every drift, whatever the page had said."""
    quiet = IncidentReport(incident=INCIDENT, fingerprint=OURS, deliveries=[delivery()])
    assert any("Our side unchanged: probes" in line for line in incident_lines(quiet, NOW))
    told = replace(quiet, deliveries=[delivery(payload(changed=["code"]))])
    assert any("Our side changed since the baseline: code." in line for line in incident_lines(told, NOW))


def test_what_changed_after_the_page_is_not_said_to_have_been_before_it() -> None:
    """Whoever upgraded driftwatch between a page and its repeat read in `show` that our side had changed."""
    repeat = delivery(payload(changed=["code"]))
    later = IncidentReport(incident=INCIDENT, fingerprint=OURS, deliveries=[delivery(), repeat])
    assert any("Our side unchanged: probes" in line for line in incident_lines(later, NOW))
