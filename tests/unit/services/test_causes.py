"""What could explain a movement, from the replays around its onset and from what moved elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Finding, Incident, IncidentState, Reason, StateSeen, StateVerdict
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.services.causes import elsewhere, moved_on, own_causes, recurrence, transitions
from driftwatch.services.states import Shown

START = datetime(2026, 10, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def replay(n: int, *, code: str = "1.0", prints: tuple[str, ...] = ("fp_a",)) -> ReplayScores:
    return ReplayScores(
        slot=Slot(endpoint="bot", due=START + n * HOUR),
        seq=n + 1,
        epoch=1,
        fingerprint=Fingerprint(parts={"code": code, "probes": "3f2a"}),
        asked=40,
        answered=40,
        values={},
        system_fingerprints=frozenset(prints),
    )


def fall(hour: int, *, early: int | None = None) -> Finding:
    onset = START + hour * HOUR
    return Finding(
        metric="pass", severity=Severity.PAGE, chart="mixture", statistic=9, threshold=5, arl=8760, direction=-1,
        onset=onset, onset_early=START + early * HOUR if early is not None else onset, onset_late=onset,
    )  # fmt: skip


def drift(number: int, hour: int, **changes) -> Incident:
    facts = {
        "id": number, "number": number, "endpoint": f"bot-{number}", "epoch": 1, "state": IncidentState.FIRING,
        "severity": Severity.PAGE, "told": Severity.PAGE, "reason": Reason.FIRST, "opened_at": START + hour * HOUR,
        "updated_at": START + hour * HOUR, "findings": (fall(hour),),
    }  # fmt: skip
    return Incident(**(facts | changes))


@pytest.mark.parametrize(("changed_at", "explains"), [(18, False), (19, True), (20, True), (21, True), (22, False)])
def test_our_own_change_explains_what_began_with_it_give_or_take_a_replay(changed_at: int, explains: bool) -> None:
    log = [replay(n, code="1.1" if n >= changed_at else "1.0") for n in range(24)]
    causes = own_causes([fall(20)], announced="", log=log, states={})
    assert (causes.local == ("code",)) is explains


def test_a_change_of_ours_anywhere_in_the_onsets_interval_explains() -> None:
    log = [replay(n, code="1.1" if n >= 14 else "1.0") for n in range(24)]
    assert own_causes([fall(20, early=12)], announced="", log=log, states={}).local == ("code",)


def test_a_part_that_the_older_version_did_not_record_has_not_changed() -> None:
    log = [replay(n) for n in range(24)]
    log[:20] = [replace(one, fingerprint=Fingerprint(parts={"probes": "3f2a"})) for one in log[:20]]
    assert own_causes([fall(20)], announced="", log=log, states={}).local == ()


def test_a_system_fingerprint_that_came_with_the_movement_is_an_announcement() -> None:
    log = [replay(n, prints=("fp_b",) if n >= 20 else ("fp_a",)) for n in range(24)]
    said = own_causes([fall(20)], announced="", log=log, states={}).announced
    assert said == "system_fingerprint is now fp_b; before fp_a"


def test_a_vendor_that_rotates_its_fingerprints_announces_nothing_by_another_one() -> None:
    log = [replay(n, prints=(f"fp_{n}",)) for n in range(24)]
    assert own_causes([fall(20)], announced="", log=log, states={}).announced == ""


def test_only_watched_endpoints_that_began_to_move_at_the_same_time_are_neighbours() -> None:
    others = [drift(1, 20), drift(2, 21), drift(3, 5), drift(4, 20, told=Severity.NONE), drift(5, 20)]
    vendors = {f"bot-{n}": "openai" for n in range(1, 5)} | {"bot": "openai"}
    found = elsewhere(others, vendors, endpoint="bot", findings=[fall(20)])
    assert [(one.incident, one.paged) for one in found] == [(1, True), (2, True), (4, False)]


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": Reason.RECURRED},
        {"reason": Reason.FLAPPING},
        {"reason": Reason.REPEAT_DUE, "recurrence_of": 3},
        {"parent": 9},
        {"state": IncidentState.RESOLVED},
    ],
)
def test_only_what_woke_somebody_and_still_stands_covers_another_endpoint(changes: dict) -> None:
    """What had been told quietly counted as a page: a second endpoint's first page covered nothing and nobody woke."""
    (found,) = elsewhere([drift(1, 20, **changes)], {"bot-1": "openai"}, endpoint="bot", findings=[fall(20)])
    assert not found.paged


def seen(name: str | None) -> Shown:
    return Shown(since=StateSeen(verdict="known" if name else "undecided", name=name, replays=3))


def test_a_state_told_of_within_four_weeks_recurs() -> None:
    ended = {"state": IncidentState.RESOLVED, "ended_at": START + 30 * HOUR}
    past = [(drift(1, 2, **ended), seen("B")), (drift(2, 9, **ended), seen("C")), (drift(3, 20, **ended), seen("B"))]
    found = recurrence(drift(4, 40), seen("B"), past)
    assert found is not None
    assert (found.state, found.of, found.visits) == ("B", 3, 3)
    assert recurrence(drift(4, 30 + 28 * 24 + 1), seen("B"), past) is None
    assert recurrence(drift(4, 40), seen(None), past) is None
    assert recurrence(drift(4, 40), seen("C"), [(replace(past[1][0], told=Severity.NONE), seen("C"))]) is None
    assert recurrence(drift(4, 40), seen("B"), [(drift(3, 20, **ended, severity=Severity.NOTICE), seen("B"))]) is None


def visit(since: str | None, latest: str | None, verdict: StateVerdict = "known") -> Shown:
    return Shown(since=seen(since).since, latest=StateSeen(verdict=verdict, name=latest, replays=3))


@pytest.mark.parametrize(
    ("why", "now", "before", "moved"),
    [
        ("the state that was told of stands", visit("B", "B"), seen("B"), False),
        ("the last replays show another one", visit("B", "C"), seen("B"), True),
        ("a new one", visit("B", "D", "new"), seen("B"), True),
        ("the baseline is the way out", visit("B", "A", "baseline"), seen("B"), False),
        ("undecided, all since the onset decide: the same", visit("B", None, "undecided"), seen("B"), False),
        ("undecided, all since the onset decide: another", visit("C", None, "undecided"), seen("B"), True),
        ("nothing of its last replays", Shown(since=seen("B").since), seen("B"), False),
        ("too long ago to tell what was told", visit("B", "C"), None, False),
        ("what was told had no name", visit("B", "C"), seen(None), False),
        ("it shows nothing itself", None, seen("B"), False),
    ],
)
def test_a_recurrence_has_moved_on_where_another_state_shows(
    why: str, now: Shown | None, before: Shown | None, moved: bool
) -> None:
    assert moved_on(now, before) is moved, why


def test_a_state_whose_harm_a_silence_kept_back_does_not_recur_as_a_page() -> None:
    """Told of as a notice, it grew worse under a silence: nobody was woken, and its next visit woke nobody either."""
    ended = {"state": IncidentState.RESOLVED, "ended_at": START + 30 * HOUR}
    hushed = drift(1, 20, **ended, told=Severity.NOTICE)
    assert recurrence(drift(4, 40), seen("B"), [(hushed, seen("B"))]) is None
    assert recurrence(drift(4, 40, severity=Severity.NOTICE), seen("B"), [(hushed, seen("B"))]) is not None


def test_openings_and_endings_of_the_last_day_are_counted_and_not_what_people_ended() -> None:
    ended = {"state": IncidentState.RESOLVED, "reason": Reason.RESOLVED, "ended_at": START + 20 * HOUR}
    drifts = [drift(1, 2, **ended), drift(2, 10, **ended, by="ada"), drift(3, 30)]
    assert transitions(drifts, START + 30 * HOUR, severity=Severity.PAGE) == 3


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({}, 2),
        ({"told": Severity.NOTICE}, 0),
        ({"reason": Reason.LOCAL_CHANGE}, 1),
        ({"reason": Reason.JUDGE_DRIFT}, 1),
        ({"reason": Reason.ENDPOINT_REMOVED}, 1),
    ],
)
def test_a_page_flaps_only_by_pages_that_came_and_went_by_themselves(changes: dict, counted: int) -> None:
    """A notice that had come and gone made the first real page of a day a notice: "comes and goes"."""
    gone = {"state": IncidentState.RESOLVED, "reason": Reason.RESOLVED, "ended_at": START + 20 * HOUR} | changes
    assert transitions([drift(1, 10, **gone)], START + 30 * HOUR, severity=Severity.PAGE) == counted
