"""PagerDuty's Events API v2: one alert an incident, whatever is sent twice."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from driftwatch.adapters.notify.pagerduty import PagerDuty, event
from driftwatch.domain.delivery import Arrived, Delivery
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.incident import IncidentState, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import budget_payload, trial_payload
from driftwatch.domain.secret import Secret
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.pagerduty import FakePagerDuty

from .examples import ENDED, INCIDENT, NOW, delivery, payload
from .hostile import HOSTILE, everywhere

FIRST = delivery()
ACKNOWLEDGED = delivery(
    payload(replace(INCIDENT, state=IncidentState.ACKNOWLEDGED, by="ada"), reason=Reason.ACKNOWLEDGED)
)
RESOLVED = delivery(payload(ENDED))
WORSE = delivery(payload(reason=Reason.WORSE))
REPEAT = delivery(payload(reason=Reason.REPEAT_DUE))
NOTICE = delivery(severity=Severity.NOTICE)
BUDGET = delivery(budget_payload(endpoint="bot", now=NOW, spent_usd=5.0, limit_usd=5.0), key="BUDGET/2026-10-14@duty")


def sent(*rows: Delivery, key: str = "0" * 32, then: tuple[Any, ...] = ()) -> tuple[FakePagerDuty, list[Any]]:
    """Send one after the other and return the service and what each send returned or raised."""

    async def scenario() -> tuple[FakePagerDuty, list[Any]]:
        async with FakePagerDuty() as duty:
            if then:
                duty.then(*then)
            sink = PagerDuty(Secret(key), clock=ManualClock(NOW), url=duty.url)
            told = [(await asyncio.gather(sink.send(row), return_exceptions=True))[0] for row in rows]
            return duty, told

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ((FIRST,), "triggered"),
        ((FIRST, FIRST), "triggered"),
        ((FIRST, ACKNOWLEDGED), "acknowledged"),
        ((FIRST, ACKNOWLEDGED, RESOLVED), "resolved"),
        ((FIRST, RESOLVED, RESOLVED), "resolved"),
        ((FIRST, WORSE, REPEAT), "triggered"),
        ((FIRST, WORSE, REPEAT, RESOLVED), "resolved"),
    ],
)
def test_an_incident_is_one_alert_that_follows_it(rows: tuple[Delivery, ...], state: str) -> None:
    duty, told = sent(*rows)
    assert duty.alerts == {INCIDENT.key: state}
    assert told == [INCIDENT.key] * len(rows)


@pytest.mark.parametrize("reason", [Reason.RESOLVED, Reason.ACKNOWLEDGED])
def test_what_another_page_covers_ends_without_ending_that_ones_alert(reason: Reason) -> None:
    """The alert was the thread's, the other incident's: the first of two to recover closed a page that still stood."""
    guest = replace(INCIDENT, id=43, number=43, endpoint="bot-2", parent=42, parent_key=INCIDENT.key)
    state = IncidentState.RESOLVED if reason is Reason.RESOLVED else IncidentState.ACKNOWLEDGED
    quiet = {"severity": Severity.NOTICE}
    rows = [payload(guest, **quiet), payload(replace(guest, state=state), reason=reason, **quiet)]
    covered = [delivery(said, severity=Severity.NOTICE) for said in rows]
    duty, _ = sent(FIRST, *covered)
    assert duty.alerts == {INCIDENT.key: "triggered", guest.key: state.value}
    assert [e["payload"]["severity"] for e in duty.events if "payload" in e] == ["critical", "warning"]


def test_what_is_about_no_incident_has_an_alert_of_its_own() -> None:
    duty, _ = sent(BUDGET)
    assert duty.alerts == {BUDGET.key: "triggered"}


@pytest.mark.parametrize(
    ("row", "severity"),
    [(FIRST, "critical"), (NOTICE, "warning"), (delivery(trial_payload(route="duty", now=NOW)), "info")],
)
def test_a_page_is_critical_a_notice_a_warning_a_trial_neither(row: Delivery, severity: str) -> None:
    assert event(row)["payload"]["severity"] == severity


def test_fault_55_what_may_have_arrived_is_simply_sent_again() -> None:
    """The same event under the same dedup_key is the same alert."""
    sink = PagerDuty(Secret("0" * 32), clock=ManualClock(NOW))
    assert asyncio.run(sink.arrived(FIRST)).arrived is Arrived.NO


@pytest.mark.parametrize(
    ("then", "permanent", "ambiguous", "wait_s"),
    [
        ((429, "", {"Retry-After": "20"}), False, False, 20.0),
        ((500,), False, False, None),
        ((202, "<html>"), False, True, None),
        ((200, "{}"), False, True, None),
        ((400, '{"status": "invalid event"}'), True, False, None),
        ((307, "", {"Location": "/elsewhere"}), True, False, None),
    ],
)
def test_each_trouble_has_its_meaning(
    then: tuple[Any, ...], permanent: bool, ambiguous: bool, wait_s: float | None
) -> None:
    _, [error] = sent(FIRST, then=then)
    assert isinstance(error, DeliveryError)
    assert (error.permanent, error.ambiguous, error.retry_after_s) == (permanent, ambiguous, wait_s)


def test_a_wrong_key_is_refused_for_good_and_not_repeated() -> None:
    _, [error] = sent(FIRST, key="f" * 31 + "e")
    assert error.permanent
    assert "f" * 31 not in str(error)


def test_fault_73_no_hostile_string_breaks_an_event() -> None:
    rows = [delivery(everywhere(text)) for text in HOSTILE[::12]]
    duty, told = sent(*rows)
    assert not [error for error in told if isinstance(error, Exception)]
    assert len(duty.events) == len(rows)
