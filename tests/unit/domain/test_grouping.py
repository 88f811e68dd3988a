"""Who is told together, and when: a sentence each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from driftwatch.adapters.notify.wording import render_text
from driftwatch.domain.delivery import DETAILS, Delivery, DeliveryState
from driftwatch.domain.grouping import ALSO_MEASURED, ALSO_SHOWN, Grouping, family_of, told_together
from driftwatch.domain.incident import Incident, IncidentKind, IncidentState, Reason
from driftwatch.domain.metric import Severity

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GROUP = Grouping(name="openai gpt", wait=MINUTE)
DRIFT = Incident(
    id=1, endpoint="bot", epoch=1, number=1, state=IncidentState.FIRING, severity=Severity.PAGE, reason=Reason.FIRST,
    opened_at=NOW, updated_at=NOW,
)  # fmt: skip


@pytest.mark.parametrize("reason", [Reason.FIRST, Reason.CONFIRMED, Reason.WORSE, Reason.RECURRED, Reason.FLAPPING])
def test_an_opening_waits_from_its_alarm_not_from_the_end_of_its_confirmation(reason: Reason) -> None:
    confirmed = replace(DRIFT, updated_at=NOW + MINUTE / 2)
    assert GROUP.due(confirmed, reason) == NOW + MINUTE


@pytest.mark.parametrize("reason", [Reason.RESOLVED, Reason.ACKNOWLEDGED, Reason.REPEAT_DUE, Reason.SILENCE_ENDED])
def test_what_is_about_a_known_incident_waits_for_nobody(reason: Reason) -> None:
    assert GROUP.due(DRIFT, reason) is None


def test_an_endpoint_that_cannot_be_measured_waits_for_nobody() -> None:
    assert GROUP.due(replace(DRIFT, kind=IncidentKind.NO_DATA), Reason.FIRST) is None


def test_a_wait_of_nothing_is_none() -> None:
    assert Grouping(name="openai gpt", wait=timedelta(0)).due(DRIFT, Reason.FIRST) is None


@pytest.mark.parametrize(
    ("model", "family"),
    [("openai/gpt-4o-2024-08-06", "gpt"), ("openai/o3", "o"), ("mistral-large-2407", "mistral"), ("x/42", "42")],
)
def test_a_family_is_the_first_word_of_a_models_name(model: str, family: str) -> None:
    assert family_of(model) == family


def row(number: int, severity: Severity = Severity.PAGE, **more: Any) -> Delivery:
    payload = {
        "endpoint": f"bot-{number}", "incident": f"inc-{number}", "reason": "FIRST", "group": "openai gpt",
        "findings": [{"metric": "pass", "before": 0.9, "after": 0.7, "chart": "cusum", "direction": -1}],
    }  # fmt: skip
    created = NOW + timedelta(seconds=number)
    return Delivery(key=f"{number}", route="oncall", severity=severity, payload=payload | more, created_at=created)


def test_the_loudest_message_leads_and_among_these_the_oldest() -> None:
    lead, others = told_together([row(1, Severity.NOTICE), row(3), row(2)])
    assert (lead.key, [other.key for other in others]) == ("2", ["3", "1"])
    assert [told["endpoint"] for told in lead.payload["also"]] == ["bot-3", "bot-1"]


def test_many_are_named_and_the_first_are_told_with_what_moved() -> None:
    lead, others = told_together([row(number) for number in range(ALSO_SHOWN + 4)])
    told = lead.payload["also"]
    assert (len(others), len(told), lead.payload["more_also"]) == (ALSO_SHOWN + 3, ALSO_SHOWN, 3)
    assert sum("findings" in one for one in told) == ALSO_MEASURED


def test_what_joined_before_a_sink_took_the_message_stays_told() -> None:
    first, _ = told_together([row(1), row(2)])
    louder, _ = told_together([replace(first, severity=Severity.NOTICE), row(3)])
    again, _ = told_together([first, row(4)])
    assert [one["endpoint"] for one in louder.payload["also"]] == ["bot-1", "bot-2"]
    assert [one["endpoint"] for one in again.payload["also"]] == ["bot-2", "bot-4"]


def test_what_was_tried_goes_elsewhere_or_only_adds_details_joins_nothing() -> None:
    assert row(1).joins
    assert not replace(row(1), attempts=1).joins
    assert not replace(row(1), state=DeliveryState.AMBIGUOUS).joins
    assert not row(1, instead_of="oncall").joins
    assert not row(1, part=DETAILS).joins


def test_what_waits_for_its_group_is_late_only_after_that() -> None:
    assert replace(row(1), not_before=NOW + MINUTE).begins == NOW + MINUTE
    assert replace(row(1), not_before=NOW + MINUTE, attempts=1).begins == row(1).created_at


def test_the_message_names_all_of_them() -> None:
    lead, _ = told_together(
        [row(1, kind="drift", state="firing", at=NOW.isoformat(), opened_at=NOW.isoformat()), row(2)]
    )
    text = render_text(lead.payload)
    assert "With it: bot-2" in text
    assert "(inc-2)" in text
