import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.domain.decide import Audience, Decision, Tell
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Finding, Incident, IncidentState, Moved, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import EXCERPT, budget_payload, payload_for, promises

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)
FALL = Finding(
    metric="pass", severity=Severity.PAGE, chart="cusum", statistic=inf, threshold=4.8, arl=nan, direction=-1,
    moved=(Moved(probe_id="p", before=nan, after=0.5),),
)  # fmt: skip
INCIDENT = Incident(
    id=42, endpoint="bot", epoch=3, number=42, state=IncidentState.FIRING, severity=Severity.PAGE, reason=Reason.FIRST,
    opened_at=NOW, updated_at=NOW, seq=38, findings=(FALL,),
)  # fmt: skip
PAGES = Tell(audience=Audience.PAGES, severity=Severity.PAGE)
ROUTES = {Audience.PAGES: "oncall", Audience.NOTICES: "quiet", Audience.OPS: "quiet"}


def payload(incident: Incident = INCIDENT, **more: Any) -> dict[str, Any]:
    return payload_for(incident, reason=Reason.FIRST, severity=Severity.PAGE, now=NOW, **more)


def promised(reason: Reason, incident: Incident | None = INCIDENT, now: datetime = NOW) -> Delivery:
    decision = Decision(reason=reason, incident=incident, tell=(PAGES,))
    return promises(decision, payloads={Severity.PAGE: {}}, routes=ROUTES, now=now)[0]


def test_a_number_that_is_none_is_left_out() -> None:
    said = payload()
    assert "statistic" not in said["findings"][0]
    assert "arl" not in said["findings"][0]
    assert "before" not in said["moved"][0]


@given(st.text(st.characters(codec=None), max_size=2_000))
def test_any_text_from_outside_is_frozen_as_short_clean_json(text: str) -> None:
    incident = replace(INCIDENT, endpoint=text, detail=text, by=text, comment=text)
    said = payload(incident, excerpts={"p": (text, text)}, model=text)
    kept = json.dumps(said, ensure_ascii=False, allow_nan=False).encode("utf-8")
    assert json.loads(kept) == said
    assert b"\\u0000" not in kept
    assert len(said["moved"][0].get("old_answer", "")) <= EXCERPT


def test_the_three_probes_that_moved_most_are_shown_and_the_rest_counted() -> None:
    many = replace(FALL, moved=tuple(Moved(probe_id=f"p{n}", before=1.0, after=0.0) for n in range(9)))
    said = payload(replace(INCIDENT, findings=tuple(replace(many, metric=f"m{n}") for n in range(9))))
    assert [moved["probe"] for moved in said["moved"]] == ["p0", "p1", "p2"]
    assert (len(said["findings"]), said["more_findings"]) == (6, 3)


def test_one_transition_is_one_promise_on_one_route_however_often_it_is_decided() -> None:
    assert promised(Reason.FIRST).key == promised(Reason.FIRST).key == "bot/3/42/FIRST/38@oncall"
    assert promised(Reason.WORSE).key != promised(Reason.FIRST).key


def test_a_later_outage_is_news_though_no_replay_came_between() -> None:
    later = replace(INCIDENT, updated_at=NOW + timedelta(hours=2))
    assert promised(Reason.NO_DATA).key != promised(Reason.NO_DATA, later).key


@pytest.mark.parametrize(("hours", "same"), [(0, True), (14, True), (15, False)])
def test_the_money_is_told_of_once_a_day(hours: int, same: bool) -> None:
    """NOW is 09:00 UTC; the money's day ends at midnight UTC."""
    later = promised(Reason.BUDGET_EXHAUSTED, None, NOW + timedelta(hours=hours))
    assert (later.key == promised(Reason.BUDGET_EXHAUSTED, None).key) is same


def test_a_key_fits_255_characters_however_long_the_endpoints_name_is() -> None:
    long = promised(Reason.BUDGET_EXHAUSTED, replace(INCIDENT, endpoint="x" * 400))
    assert len(long.key) <= 255


def test_spent_money_needs_no_incident() -> None:
    said = budget_payload(endpoint="bot", now=NOW, spent_usd=5.0000001, limit_usd=5)
    assert (said["kind"], said["spent_usd"], "incident" in said) == ("budget", 5.0, False)


def test_an_audience_without_a_route_is_not_told() -> None:
    decision = Decision(reason=Reason.NO_DATA, incident=INCIDENT, tell=(PAGES,))
    assert promises(decision, payloads={Severity.PAGE: {}}, routes={}, now=NOW) == ()
