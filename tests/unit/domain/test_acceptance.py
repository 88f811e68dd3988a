"""Which probes an acceptance covers, and by what names their scores go afterwards: a sentence each."""

from dataclasses import replace
from datetime import UTC, datetime

from driftwatch.domain.acceptance import (
    Acceptance,
    acceptances,
    affected,
    as_accepted,
    rekeyed,
    since_accepted,
    watches_anew,
)
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Moved, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.ownership import accept
from driftwatch.domain.replay import ReplayScores, Slot

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)


def finding(*moved: tuple[str, float], rest_moved: bool = False, metric: str = "pass") -> Finding:
    return Finding(
        metric=metric,
        severity=Severity.PAGE,
        chart="mixture",
        statistic=9.5,
        threshold=9.0,
        arl=8760.0,
        direction=-1,
        moved=[Moved(probe_id=name, before=1.0, after=0.0, q=q) for name, q in moved],
        rest_moved=rest_moved,
    )


def drift(*findings: Finding) -> Incident:
    return Incident(
        id=42,
        endpoint="bot",
        epoch=3,
        number=42,
        state=IncidentState.FIRING,
        severity=Severity.PAGE,
        reason=Reason.FIRST,
        opened_at=NOW,
        updated_at=NOW,
        seq=38,
        findings=findings,
    )


def test_a_drift_is_confined_to_the_probes_that_surely_moved() -> None:
    assert affected(drift(finding(("b", 0.01), ("a", 0.1), ("c", 0.4)))) == ("a", "b")


def test_streams_that_alarmed_together_join_their_probes() -> None:
    assert affected(drift(finding(("a", 0.01)), finding(("b", 0.01), metric="length"))) == ("a", "b")


def test_a_drift_in_which_the_rest_moved_too_is_not_confined() -> None:
    assert affected(drift(finding(("a", 0.01)), finding(("b", 0.01), rest_moved=True))) == ()


def test_a_stream_in_which_no_probe_surely_moved_leaves_the_drift_with_all_of_them() -> None:
    assert affected(drift(finding(("a", 0.01)), finding(("b", 0.2)))) == ()


def test_an_announcement_that_moved_nothing_is_about_every_probe() -> None:
    assert affected(drift()) == ()


def test_a_confined_drift_is_accepted_for_its_probes_and_with_all_for_every_one() -> None:
    confined = drift(finding(("a", 0.01)))
    assert accept(confined, by="ada", now=NOW).accepted_probes == ("a",)
    assert accept(confined, by="ada", now=NOW, every=True).accepted_probes == ()


def test_only_what_was_accepted_for_some_probes_is_an_acceptance_of_theirs() -> None:
    some = accept(drift(finding(("a", 0.01))), by="ada", now=NOW)
    whole = replace(accept(drift(), by="ada", now=NOW), id=43)
    assert acceptances([whole, some, drift()]) == (Acceptance(incident=42, seq=38, epoch=3, probes=frozenset({"a"})),)


def test_streams_watch_anew_after_a_resolution_and_after_an_acceptance_of_some_probes() -> None:
    some = accept(drift(finding(("a", 0.01))), by="ada", now=NOW)
    assert watches_anew(some)
    assert watches_anew(replace(some, state=IncidentState.RESOLVED, accepted_probes=()))
    assert not watches_anew(replace(some, accepted_probes=()))
    assert not watches_anew(replace(some, kind=IncidentKind.NO_DATA))


FIRST = Acceptance(incident=7, seq=10, epoch=3, probes=frozenset({"a", "b"}))
SECOND = Acceptance(incident=9, seq=20, epoch=3, probes=frozenset({"a"}))


def test_the_last_acceptance_before_a_replay_names_its_scores() -> None:
    names = [rekeyed("a@1", [FIRST, SECOND], epoch=3, seq=seq) for seq in (10, 11, 20, 21)]
    assert names == ["a@1", "a@1~7", "a@1~7", "a@1~9"]
    assert rekeyed("b@1", [FIRST, SECOND], epoch=3, seq=21) == "b@1~7"
    assert rekeyed("c@1", [FIRST, SECOND], epoch=3, seq=21) == "c@1"


def test_a_later_epoch_begins_everything_anew() -> None:
    assert rekeyed("a@1", [FIRST, SECOND], epoch=4, seq=30) == "a@1"


def test_what_is_accepted_later_is_not_known_yet() -> None:
    assert since_accepted("a", [FIRST, SECOND], epoch=3, seq=20) == FIRST
    assert since_accepted("a", [FIRST, SECOND], epoch=3) == SECOND


def test_every_metric_of_a_replay_goes_by_the_new_names() -> None:
    replay = ReplayScores(
        slot=Slot(endpoint="bot", due=NOW), seq=11, epoch=3, fingerprint=Fingerprint(parts={}), asked=2, answered=2,
        values={"pass": {"a@1": (1.0,), "c@1": (0.0,)}, "length": {"a@1": (4.0, 5.0)}},
    )  # fmt: skip
    assert as_accepted(replay, [FIRST]).values == {
        "pass": {"a@1~7": (1.0,), "c@1": (0.0,)},
        "length": {"a@1~7": (4.0, 5.0)},
    }
    assert as_accepted(replace(replay, seq=10), [FIRST]) == replace(replay, seq=10)
