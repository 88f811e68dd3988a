"""The decision as a table: one English sentence a row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.domain.alarms import Alarms
from driftwatch.domain.causes import Attribution, Causes, Elsewhere, Recurrence
from driftwatch.domain.confirmation import Burst, Confirmation, decide_confirmed
from driftwatch.domain.decide import CALM_REPLAYS, Audience, Decision, decide, decide_unmeasured
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Reason, Silence
from driftwatch.domain.metric import Severity

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)
SILENCE = Silence(
    endpoint="bot", starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(hours=1), by="ada", comment=""
)
OTHER_SILENCE = replace(SILENCE, endpoint="another")
OLD_SILENCE = replace(SILENCE, ends_at=NOW)


def finding(metric: str = "pass", severity: Severity = Severity.PAGE, direction: int = -1, **more: Any) -> Finding:
    facts = {"chart": "cusum", "statistic": 6.1, "threshold": 4.8, "arl": 370.0} | more
    return Finding(metric=metric, severity=severity, direction=direction, **facts)


ANNOUNCED = Causes(announced="now gpt-b")
FALL = finding()
RISE = finding(direction=1)
REFUSALS = finding("refusal", direction=1)
NOVELTY = finding("novelty", Severity.NOTICE, 1)
SILENT_STREAM = finding("latency", Severity.NONE, 1)
KS_FALL = finding(chart="ks", direction=0, before=0.9, after=0.7)
KS_BLIND = finding(chart="ks", direction=0)


def incident(**changes: Any) -> Incident:
    facts = {
        "id": 7,
        "endpoint": "bot",
        "epoch": 1,
        "number": 7,
        "state": IncidentState.FIRING,
        "severity": Severity.PAGE,
        "told": Severity.PAGE,
        "told_at": NOW - timedelta(hours=1),
        "reason": Reason.FIRST,
        "opened_at": NOW - timedelta(hours=1),
        "updated_at": NOW - timedelta(hours=1),
        "findings": (FALL,),
    }
    return Incident(**(facts | changes))


PAGED = incident()
NOTICED = incident(severity=Severity.NOTICE, told=Severity.NOTICE, findings=(NOVELTY,))
HUSHED = incident(told=Severity.NONE, told_at=None, reason=Reason.SILENCED)
ACKED = incident(state=IncidentState.ACKNOWLEDGED, by="ada")
BLIND = incident(
    kind=IncidentKind.NO_DATA, severity=Severity.NOTICE, told=Severity.NOTICE, findings=(), attribution="no data"
)


RUBRIC = finding("llm-rubric")
LOCAL = Causes(local=("code",))
JUDGE = Causes(judge="frozen answers score 0.2 lower than in May", judged=frozenset({"llm-rubric"}))
NEXT_DOOR = Elsewhere(incident=3, endpoint="bot-2", vendor="openai", paged=True)
SIBLING = Causes(vendor="openai", elsewhere=[NEXT_DOOR], others=4)
COMMON = Causes(vendor="mistral", elsewhere=[NEXT_DOOR], others=2)
SERVED = Causes(unharmed="pass moved by +0.00 (-0.01 to +0.01)")
SEEN = Causes(recurrence=Recurrence(state="B", of=4, visits=3))
OURS = incident(severity=Severity.NOTICE, told=Severity.NOTICE, attribution="local change")
FLAPS = incident(flapping=True)
RECURRING = incident(reason=Reason.RECURRED, recurrence_of=3, visits=2)
WAITS = incident(state=IncidentState.PENDING, told=Severity.NONE, told_at=None)
NONE_STANDS = Alarms()
ALARMED = Alarms(stand=True)
RETURNING = Alarms(stand=True, returning=True)


def calm(replays: int) -> Alarms:
    return Alarms(stand=True, returning=replays > 0, calm=replays)


def decided(**given: Any) -> Decision:
    facts: dict[str, Any] = {"findings": (), "alarms": ALARMED, "incident": None, "silences": (), "now": NOW} | given
    return decide(endpoint="bot", epoch=1, seq=38, incident_id=42, **facts)


def told(decision: Decision) -> str:
    return " ".join(f"{tell.severity.value}@{tell.audience.value}" for tell in decision.tell)


# fmt: off
TABLE = [
    ("nothing found and nothing open is no news", {}, "NONE", ""),
    ("the first alarm opens an incident and pages", {"findings": [FALL]}, "FIRST", "page@pages"),
    ("more refusals hurt, so they page", {"findings": [REFUSALS]}, "FIRST", "page@pages"),
    ("a page stream that got better is a notice", {"findings": [RISE]}, "FIRST", "notice@notices"),
    ("a stream that only tells identity is a notice", {"findings": [NOVELTY]}, "FIRST", "notice@notices"),
    ("a stream that must not alarm opens nothing", {"findings": [SILENT_STREAM]}, "NONE", ""),
    ("a chart without direction pages when the means show harm", {"findings": [KS_FALL]}, "FIRST", "page@pages"),
    ("a chart without direction or means shows no harm", {"findings": [KS_BLIND]}, "FIRST", "notice@notices"),
    ("two streams in one replay are one page", {"findings": [FALL, REFUSALS, NOVELTY]}, "FIRST", "page@pages"),
    ("a second alarm joins the open incident", {"findings": [REFUSALS], "incident": PAGED}, "NONE", ""),
    ("the same alarm again is no news", {"findings": [FALL], "incident": PAGED}, "NONE", ""),
    ("a notice that starts to hurt pages once", {"findings": [FALL], "incident": NOTICED}, "WORSE", "page@pages"),
    ("a page does not become a notice again", {"findings": [NOVELTY], "incident": PAGED}, "NONE", ""),
    ("an alarm after the end is a new incident", {"findings": [FALL], "incident": replace(PAGED, state=IncidentState.RESOLVED)}, "FIRST", "page@pages"),
    ("our own change pages nobody", {"findings": [FALL], "changed": ["driver"]}, "LOCAL_CHANGE", ""),
    ("our own change ends the incident, and those who were paged hear it", {"incident": PAGED, "changed": ["driver"]}, "LOCAL_CHANGE", "notice@pages"),
    ("an announced change is told though nothing moved", {"causes": ANNOUNCED}, "FIRST", "notice@notices"),
    ("an announced change that hurts pages", {"findings": [FALL], "causes": ANNOUNCED}, "FIRST", "page@pages"),
    ("a silence keeps the first page back", {"findings": [FALL], "silences": [SILENCE]}, "SILENCED", ""),
    ("another endpoint's silence does not", {"findings": [FALL], "silences": [OTHER_SILENCE]}, "FIRST", "page@pages"),
    ("a silence that has just ended does not", {"findings": [FALL], "silences": [OLD_SILENCE]}, "FIRST", "page@pages"),
    ("worse under a silence waits too", {"findings": [FALL], "incident": NOTICED, "silences": [SILENCE]}, "SILENCED", ""),
    ("still firing when the silence ends is one page", {"findings": [FALL], "incident": HUSHED}, "SILENCE_ENDED", "page@pages"),
    ("below the threshold but not calm still fires", {"incident": HUSHED}, "SILENCE_ENDED", "page@pages"),
    ("calm when the silence ends is no news", {"incident": HUSHED, "alarms": calm(3)}, "NONE", ""),
    ("one replay short of calm is still open", {"incident": PAGED, "alarms": calm(CALM_REPLAYS - 1)}, "NONE", ""),
    ("calm for twelve replays is the end, told to those who were paged", {"incident": PAGED, "alarms": calm(CALM_REPLAYS)}, "RESOLVED", "notice@pages"),
    ("a drift that no stream knows of any more ends, told to those who were paged", {"incident": PAGED, "alarms": NONE_STANDS}, "RESOLVED", "notice@pages"),
    ("and so does one that a silence kept back, unheard", {"incident": HUSHED, "alarms": NONE_STANDS}, "RESOLVED", ""),
    ("what waits for its rerun then too", {"incident": WAITS, "alarms": NONE_STANDS}, "RESOLVED", ""),
    ("an announced change that moved nothing waits for a person", {"incident": replace(NOTICED, findings=()), "alarms": NONE_STANDS}, "NONE", ""),
    ("a notice's end is told to those who had the notice", {"incident": NOTICED, "alarms": calm(CALM_REPLAYS)}, "RESOLVED", "notice@notices"),
    ("what nobody heard of ends unheard", {"incident": HUSHED, "alarms": calm(CALM_REPLAYS)}, "RESOLVED", ""),
    ("an end under a silence is silent", {"incident": PAGED, "alarms": calm(CALM_REPLAYS), "silences": [SILENCE]}, "RESOLVED", ""),
    ("unacknowledged for a day repeats", {"findings": [FALL], "incident": replace(PAGED, told_at=NOW - timedelta(hours=24))}, "REPEAT_DUE", "page@pages"),
    ("acknowledged for a day does not", {"findings": [FALL], "incident": replace(ACKED, told_at=NOW - timedelta(days=6))}, "NONE", ""),
    ("what has been calm lately is not repeated", {"findings": [FALL], "alarms": calm(3), "incident": replace(PAGED, told_at=NOW - timedelta(hours=24))}, "NONE", ""),
    ("what may be on its way back waits for what comes of it", {"findings": [FALL], "alarms": RETURNING, "incident": replace(PAGED, told_at=NOW - timedelta(hours=24))}, "NONE", ""),
    ("acknowledged for a week repeats", {"findings": [FALL], "incident": replace(ACKED, told_at=NOW - timedelta(days=7))}, "REPEAT_DUE", "page@pages"),
    ("a repeat under a silence waits", {"findings": [FALL], "incident": replace(PAGED, told_at=NOW - timedelta(hours=24)), "silences": [SILENCE]}, "NONE", ""),
    ("a drift from a baseline that was given up ends with the next one", {"incident": replace(PAGED, epoch=0)}, "LOCAL_CHANGE", "notice@pages"),
    ("the first good replay ends no_data", {"incident": BLIND}, "RESOLVED", "notice@ops"),
    ("what began with a change of our code is a notice", {"findings": [FALL], "causes": LOCAL}, "FIRST", "notice@notices"),
    ("and stays one however long it stands", {"findings": [FALL], "incident": OURS}, "NONE", ""),
    ("harm that comes after it is explained afresh, and pages", {"findings": [FALL, REFUSALS], "incident": OURS}, "WORSE", "page@pages"),
    ("unless we changed something again", {"findings": [FALL, REFUSALS], "incident": OURS, "causes": LOCAL}, "NONE", ""),
    ("our change explains though the vendor announced another", {"findings": [FALL], "causes": replace(LOCAL, announced="now gpt-b")}, "FIRST", "notice@notices"),
    ("a judge that drifted blames no endpoint", {"findings": [RUBRIC], "causes": JUDGE}, "FIRST", "notice@notices"),
    ("a judge that drifted explains no other scorer", {"findings": [RUBRIC, FALL], "causes": JUDGE}, "FIRST", "page@pages"),
    ("a second endpoint of the vendor is told to those who were paged, and wakes nobody", {"findings": [FALL], "causes": SIBLING}, "FIRST", "notice@pages"),
    ("an endpoint whose vendor's first drift was only a notice pages", {"findings": [FALL], "causes": replace(SIBLING, elsewhere=[replace(NEXT_DOOR, paged=False)])}, "FIRST", "page@pages"),
    ("unrelated vendors that move together are one page", {"findings": [FALL], "causes": COMMON}, "FIRST", "notice@pages"),
    ("one stranger of a hundred that moved is chance", {"findings": [FALL], "causes": replace(COMMON, others=100)}, "FIRST", "page@pages"),
    ("what a page covers is repeated to the same people, and wakes nobody", {"findings": [FALL], "causes": SIBLING, "incident": replace(PAGED, parent=3, told_at=NOW - timedelta(hours=24))}, "REPEAT_DUE", "notice@pages"),
    ("once that page's incident has ended, the repeat wakes somebody", {"findings": [FALL], "incident": replace(PAGED, parent=3, told_at=NOW - timedelta(hours=24))}, "REPEAT_DUE", "page@pages"),
    ("new texts with quality unchanged are a notice", {"findings": [NOVELTY], "causes": SERVED}, "FIRST", "notice@notices"),
    ("a state that was paged before is told again, and wakes nobody", {"findings": [FALL], "causes": SEEN}, "RECURRED", "notice@pages"),
    ("a recurrence that stands for a day is told again and wakes nobody", {"findings": [FALL], "incident": replace(RECURRING, opened_at=NOW - timedelta(days=1), told_at=NOW - timedelta(days=1))}, "REPEAT_DUE", "notice@pages"),
    ("one that stands for a week pages", {"findings": [FALL], "incident": replace(RECURRING, opened_at=NOW - timedelta(days=7), told_at=NOW - timedelta(days=1))}, "REPEAT_DUE", "page@pages"),
    ("and not again on the day after that", {"findings": [FALL], "incident": replace(RECURRING, opened_at=NOW - timedelta(days=8), told_at=NOW - timedelta(days=1))}, "REPEAT_DUE", "notice@pages"),
    ("but one that shows another state by then pages", {"findings": [FALL], "causes": Causes(moved_on=True), "incident": replace(RECURRING, opened_at=NOW - timedelta(days=1), told_at=NOW - timedelta(days=1))}, "REPEAT_DUE", "page@pages"),
    ("the third opening or ending in a day is one notice", {"findings": [FALL], "transitions": 2}, "FLAPPING", "notice@pages"),
    ("the second is not", {"findings": [FALL], "transitions": 1}, "FIRST", "page@pages"),
    ("flapping goes before recurrence", {"findings": [FALL], "transitions": 2, "causes": SEEN}, "FLAPPING", "notice@pages"),
    ("flapping is held for six calm replays more than another drift", {"incident": FLAPS, "alarms": calm(CALM_REPLAYS + 5)}, "NONE", ""),
    ("a fresh alarm that would wake somebody waits for a rerun", {"findings": [FALL], "confirm": True}, "FIRST", ""),
    ("a notice waits for nothing", {"findings": [NOVELTY], "confirm": True}, "FIRST", "notice@notices"),
    ("what is explained waits for nothing", {"findings": [FALL], "confirm": True, "causes": ANNOUNCED}, "FIRST", "page@pages"),
    ("a notice that starts to hurt has confirmed itself", {"findings": [FALL], "confirm": True, "incident": NOTICED}, "WORSE", "page@pages"),
    ("what waits and shows again is confirmed by the replay", {"findings": [FALL], "confirm": True, "incident": WAITS}, "CONFIRMED", "page@pages"),
    ("so is what vanished in the rerun and shows again", {"findings": [FALL], "incident": replace(WAITS, reason=Reason.TRANSIENT)}, "CONFIRMED", "page@pages"),
    ("but no louder than what shows", {"findings": [NOVELTY], "incident": replace(WAITS, reason=Reason.TRANSIENT)}, "CONFIRMED", "notice@notices"),
    ("under a silence it waits for its end", {"findings": [FALL], "incident": WAITS, "silences": [SILENCE]}, "SILENCED", ""),
    ("what vanished and stays away is no news", {"incident": WAITS, "alarms": calm(3)}, "NONE", ""),
    ("and ends unheard", {"incident": WAITS, "alarms": calm(CALM_REPLAYS)}, "RESOLVED", ""),
    ("then it ends", {"incident": FLAPS, "alarms": calm(CALM_REPLAYS + 6)}, "RESOLVED", "notice@pages"),
]
# fmt: on


@pytest.mark.parametrize(("given_", "reason", "tell"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_decision(given_: dict[str, Any], reason: str, tell: str) -> None:
    decision = decided(**given_)
    assert (decision.reason.value, told(decision)) == (reason, tell)


# fmt: off
UNMEASURED = [
    ("one failed replay is no news", {"failed": 1}, "NONE", ""),
    ("two in a row are told to operations", {"failed": 2}, "NO_DATA", "notice@ops"),
    ("a refused key is told at once", {"failed": 1, "outcome": Outcome.AUTH}, "NO_DATA", "notice@ops"),
    ("a model that is gone is told at once", {"failed": 1, "outcome": Outcome.NOT_FOUND}, "NO_DATA", "notice@ops"),
    ("a request that is refused is told with the second", {"failed": 1, "outcome": Outcome.BAD_REQUEST}, "NONE", ""),
    ("missing data that turns out to be an error is told again", {"failed": 3, "outcome": Outcome.AUTH, "incident": BLIND}, "NO_DATA", "notice@ops"),
    ("and once", {"failed": 4, "outcome": Outcome.AUTH, "incident": replace(BLIND, kind=IncidentKind.ERROR)}, "NONE", ""),
    ("an error that times out is the same news", {"failed": 5, "incident": replace(BLIND, kind=IncidentKind.ERROR)}, "NONE", ""),
    ("a third failure joins", {"failed": 3, "incident": BLIND}, "NONE", ""),
    ("a day without data repeats", {"failed": 30, "incident": replace(BLIND, told_at=NOW - timedelta(days=1))}, "REPEAT_DUE", "notice@ops"),
    ("a silence keeps it back", {"failed": 2, "silences": [SILENCE]}, "SILENCED", ""),
    ("a silence that ends lets it through", {"failed": 9, "incident": replace(BLIND, told=Severity.NONE, told_at=None, reason=Reason.SILENCED)}, "SILENCE_ENDED", "notice@ops"),
    ("a drifted endpoint that falls silent is told to operations once", {"failed": 2, "incident": PAGED}, "NO_DATA", "notice@ops"),
    ("and only once", {"failed": 3, "incident": replace(PAGED, detail="cannot be measured: timeout, 2 in a row")}, "NONE", ""),
    ("no money left is told to operations", {"failed": 1, "outcome": Outcome.BUDGET}, "BUDGET_EXHAUSTED", "notice@ops"),
]
# fmt: on


@pytest.mark.parametrize(
    ("given_", "reason", "tell"), [row[1:] for row in UNMEASURED], ids=[row[0] for row in UNMEASURED]
)
def test_decision_without_data(given_: dict[str, Any], reason: str, tell: str) -> None:
    facts: dict[str, Any] = {"outcome": Outcome.TIMEOUT, "incident": None, "silences": (), "now": NOW} | given_
    decision = decide_unmeasured(endpoint="bot", epoch=1, seq=38, incident_id=42, **facts)
    assert (decision.reason.value, told(decision)) == (reason, tell)


@pytest.mark.parametrize(
    ("incident", "given_"),
    [
        (ACKED, {"alarms": calm(CALM_REPLAYS)}),
        (ACKED, {"alarms": NONE_STANDS}),
        (ACKED, {"changed": ["driver"]}),
        (replace(BLIND, state=IncidentState.ACKNOWLEDGED, by="ada"), {}),
    ],
    ids=["calm", "found no more", "our side changed", "measured again"],
)
def test_what_ends_by_itself_was_ended_by_nobody(incident: Incident, given_: dict[str, Any]) -> None:
    """Whoever had acknowledged it was said to have resolved it, with their comment on the page for a reason."""
    asking = replace(incident, comment="asking the vendor")
    over = decided(incident=asking, **given_).incident
    assert over is not None
    assert (over.state, over.by, over.comment) == (IncidentState.RESOLVED, None, None)


def test_an_incident_keeps_the_latest_finding_of_each_stream_and_names_the_worst_first() -> None:
    again = replace(FALL, statistic=9.0)
    joined = decided(findings=[NOVELTY, again], incident=PAGED).incident
    assert joined is not None
    assert [(f.metric, f.statistic) for f in joined.findings] == [("pass", 9.0), ("novelty", 6.1)]


def test_what_is_louder_than_the_state_that_was_told_of_before_is_no_repeat_of_it() -> None:
    """The page of a notice's recurrence that became harmful was repeated by notices, for a week."""
    noticed = replace(RECURRING, severity=Severity.NOTICE, told=Severity.NOTICE, findings=(NOVELTY,))
    louder = decided(findings=[FALL], incident=noticed)
    assert (louder.reason, told(louder)) == (Reason.WORSE, "page@pages")
    again = decided(findings=[FALL], incident=louder.incident, now=NOW + timedelta(days=1))
    assert (again.reason, told(again)) == (Reason.REPEAT_DUE, "page@pages")


def test_our_own_change_asks_for_a_new_epoch_and_closes_with_its_cause() -> None:
    decision = decided(incident=PAGED, changed=["driver", "sampling"])
    assert decision.new_epoch
    assert decision.incident is not None
    assert decision.incident.state is IncidentState.RESOLVED
    assert decision.incident.attribution == "local change"
    assert "driver, sampling" in decision.incident.detail


def test_the_vendors_announcement_is_the_attribution() -> None:
    opened = decided(findings=[FALL], causes=ANNOUNCED).incident
    assert opened is not None
    assert (opened.attribution, opened.detail) == ("announced change", "now gpt-b")


def test_a_dedup_key_leaves_room_for_reason_and_route_and_tells_long_names_apart() -> None:
    first, second = incident(endpoint="x" * 300 + "a"), incident(endpoint="x" * 300 + "b")
    assert first.key != second.key
    assert max(len(first.key), len(second.key)) <= 128


# fmt: off
BURSTS = [
    ("a change that stays pages", "changed", (), "CONFIRMED", "page@pages", "firing"),
    ("what the rerun does not decide pages", "undecided", (), "CONFIRMED", "page@pages", "firing"),
    ("what could not be asked again pages", "not run", (), "FIRST", "page@pages", "firing"),
    ("a change that vanished stays a transient", "vanished", (), "TRANSIENT", "", "pending"),
    ("a silence that began meanwhile keeps the page back", "changed", [SILENCE], "SILENCED", "", "firing"),
]
# fmt: on


@pytest.mark.parametrize(
    ("verdict", "silences", "reason", "tell", "state"), [r[1:] for r in BURSTS], ids=[r[0] for r in BURSTS]
)
def test_decision_after_a_rerun(verdict: str, silences: list[Silence], reason: str, tell: str, state: str) -> None:
    burst = Burst(
        endpoint="bot", seq=38, incident=7, started_at=NOW, finished_at=NOW, values={}, verdict=Confirmation(verdict)
    )
    decision = decide_confirmed(WAITS, burst, silences=silences, now=NOW)
    assert decision.incident is not None
    assert (decision.reason.value, told(decision), decision.incident.state.value) == (reason, tell, state)


# fmt: off
ATTRIBUTIONS = [
    ("nothing known is a silent change", [FALL], Causes(), "silent change"),
    ("what we changed ourselves goes before all", [FALL], replace(SIBLING, local=("git",), announced="now gpt-b"), "local change"),
    ("a judge goes before an announcement", [RUBRIC], replace(JUDGE, announced="now gpt-b"), "judge drift"),
    ("an announcement goes before what moved elsewhere", [FALL], replace(SIBLING, announced="now gpt-b"), "announced change"),
    ("strangers go before siblings", [FALL], replace(COMMON, elsewhere=[NEXT_DOOR, replace(NEXT_DOOR, incident=5, vendor="mistral")]), "common cause"),
    ("siblings alone are provider-wide", [FALL], SIBLING, "provider-wide"),
    ("texts that moved while quality did not are a serving change", [NOVELTY], SERVED, "serving change"),
    ("a length that moved alone is not", [finding("length", Severity.NOTICE, 1)], SERVED, "silent change"),
    ("neither is what a scorer saw", [NOVELTY, RISE], SERVED, "silent change"),
]
# fmt: on


@pytest.mark.parametrize(("found", "causes", "name"), [r[1:] for r in ATTRIBUTIONS], ids=[r[0] for r in ATTRIBUTIONS])
def test_attribution(found: list[Finding], causes: Causes, name: str) -> None:
    opened = decided(findings=found, causes=causes).incident
    assert opened is not None
    assert opened.attribution == name


def test_an_explanation_stays_when_its_evidence_is_no_longer_news() -> None:
    opened = decided(findings=[FALL], causes=ANNOUNCED).incident
    later = decided(findings=[FALL], incident=opened).incident
    assert later is not None
    assert (later.attribution, later.detail) == ("announced change", "now gpt-b")


def test_a_better_explanation_that_comes_later_replaces_a_silent_change_without_a_word() -> None:
    opened = decided(findings=[FALL]).incident
    decision = decided(findings=[FALL], incident=opened, causes=SIBLING)
    assert decision.incident is not None
    assert (decision.incident.attribution, decision.incident.elsewhere, decision.tell) == (
        "provider-wide",
        ("bot-2",),
        (),
    )


def test_quality_is_called_unchanged_only_as_long_as_it_is() -> None:
    opened = decided(findings=[NOVELTY], causes=SERVED).incident
    assert opened is not None
    assert opened.attribution == Attribution.SERVING_CHANGE.value
    harmed = decided(findings=[NOVELTY, FALL], incident=opened)
    assert harmed.incident is not None
    assert (harmed.incident.attribution, harmed.incident.detail, told(harmed)) == ("silent change", "", "page@pages")


findings = st.lists(st.sampled_from([FALL, RISE, REFUSALS, NOVELTY, SILENT_STREAM, KS_FALL]), max_size=4)


@given(st.lists(st.tuples(findings, st.integers(0, 14), st.booleans(), st.integers(0, 30)), max_size=40))
def test_nobody_is_paged_twice_for_one_incident_within_a_day(steps: list[Any]) -> None:
    """However alarms, calm and silences follow each other: one page per incident and day, none while silenced."""
    now, current, pages = NOW, None, []
    for seq, (found, still, silenced, hours) in enumerate(steps, start=1):
        now += timedelta(hours=hours)
        silence = replace(SILENCE, starts_at=now, ends_at=now + timedelta(minutes=1))
        decision = decide(
            endpoint="bot", epoch=1, seq=seq, incident_id=seq, findings=found, alarms=ALARMED if found else calm(still),
            incident=current, silences=[silence] if silenced else [], now=now,
        )  # fmt: skip
        paged = [tell for tell in decision.tell if tell.severity is Severity.PAGE]
        assert len(paged) <= 1
        assert not (silenced and decision.tell)
        if paged:
            assert decision.incident is not None
            pages.append((decision.incident.id, now))
            assert paged[0].audience is Audience.PAGES
        current = decision.incident or current
        current = current if current and current.state.open else None
    for number in {n for n, _ in pages}:
        times = [at for n, at in pages if n == number]
        assert all(later - earlier >= timedelta(hours=24) for earlier, later in pairwise(times))


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.TIMEOUT, IncidentKind.NO_DATA),
        (Outcome.UNAVAILABLE, IncidentKind.NO_DATA),
        (Outcome.AUTH, IncidentKind.ERROR),
        (Outcome.NOT_FOUND, IncidentKind.ERROR),
        (Outcome.BAD_REQUEST, IncidentKind.ERROR),
    ],
)
def test_what_somebody_has_to_put_right_is_an_error_and_what_may_pass_is_missing_data(
    outcome: Outcome, kind: IncidentKind
) -> None:
    decision = decide_unmeasured(
        endpoint="bot", epoch=1, seq=38, incident_id=42, failed=2, outcome=outcome, incident=None, silences=(), now=NOW
    )
    assert decision.incident is not None
    assert decision.incident.kind is kind


@pytest.mark.parametrize("kind", [IncidentKind.NO_DATA, IncidentKind.ERROR])
def test_the_first_good_replay_ends_either(kind: IncidentKind) -> None:
    decision = decided(incident=replace(BLIND, kind=kind))
    assert (decision.reason, told(decision)) == (Reason.RESOLVED, "notice@ops")
