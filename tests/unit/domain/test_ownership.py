from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from driftwatch.domain.errors import DriftwatchError
from driftwatch.domain.incident import Incident, IncidentKind, IncidentState, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.ownership import accept, acknowledge, resolve

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)


def incident(state: IncidentState = IncidentState.FIRING, **changes: Any) -> Incident:
    facts: dict[str, Any] = {
        "id": 42, "endpoint": "bot", "epoch": 1, "number": 1, "state": state, "severity": Severity.PAGE,
        "reason": Reason.FIRST, "opened_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Incident(**(facts | changes))


@pytest.mark.parametrize("start", [IncidentState.FIRING, IncidentState.ACKNOWLEDGED])
def test_an_open_incident_can_be_accepted_or_resolved(start: IncidentState) -> None:
    accepted = accept(incident(start), by="ada", now=NOW, comment="new model")
    assert (accepted.state, accepted.reason, accepted.by, accepted.ended_at) == (
        IncidentState.ACCEPTED, Reason.ACCEPTED, "ada", NOW,
    )  # fmt: skip
    assert resolve(incident(start), by="ada", now=NOW).state is IncidentState.RESOLVED


def test_acknowledging_makes_it_somebodys() -> None:
    owned = acknowledge(incident(), by="ada", now=NOW)
    assert (owned.state, owned.by, owned.ended_at) == (IncidentState.ACKNOWLEDGED, "ada", None)


def test_what_is_taken_while_it_waits_for_its_confirmation_counts_as_told() -> None:
    """It paged with the next replay, as if a silence had ended: nobody had been told of it."""
    waiting = replace(incident(IncidentState.PENDING), told=Severity.NONE, told_at=None)
    owned = acknowledge(waiting, by="ada", now=NOW)
    assert (owned.state, owned.told, owned.told_at) == (IncidentState.ACKNOWLEDGED, waiting.severity, NOW)


def test_what_a_silence_kept_back_stays_untold_when_it_is_taken() -> None:
    silenced = replace(incident(), told=Severity.NONE, told_at=None)
    assert acknowledge(silenced, by="ada", now=NOW).told is Severity.NONE


@pytest.mark.parametrize("verb", [acknowledge, accept, resolve])
@pytest.mark.parametrize("end", [IncidentState.RESOLVED, IncidentState.ACCEPTED])
def test_what_has_ended_stays_ended(verb: Any, end: IncidentState) -> None:
    with pytest.raises(DriftwatchError, match=r"inc-42 was .* only an open incident") as caught:
        verb(incident(end, by="bob", ended_at=NOW), by="ada", now=NOW)
    assert caught.value.slug == "incident-state"


def test_acknowledging_twice_names_the_owner() -> None:
    with pytest.raises(DriftwatchError, match="already, by bob"):
        acknowledge(incident(IncidentState.ACKNOWLEDGED, by="bob"), by="ada", now=NOW)


def test_missing_data_cannot_become_a_baseline() -> None:
    with pytest.raises(DriftwatchError, match="no behaviour to accept"):
        accept(incident(kind=IncidentKind.NO_DATA), by="ada", now=NOW)
