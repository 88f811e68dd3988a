"""What the dashboard asks a store: small pieces of a long history."""

from contextlib import closing
from dataclasses import replace

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.confirmation import Burst, Confirmation
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.incident import Incident, IncidentState, Reason, Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import SlotState
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.glance import Head
from driftwatch.services.history import replay_means
from driftwatch.services.ports import DecisionCommit
from tests.contract.observed import HOUR, NOON, answer, failed, replay, slot
from tests.contract.observed import score as observed_score
from tests.stores import BACKENDS, STORES

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True, scope="session")


@pytest.fixture
def store(backend, tmp_path):
    with closing(open_store(STORES.url(tmp_path))) as made:
        yield made


def score(probe, value, metric="pass"):
    return observed_score(value, metric=metric, probe=probe)


def incident(number: int, **more: object) -> Incident:
    given = {
        "id": number,
        "endpoint": "bot",
        "epoch": 1,
        "number": number,
        "state": IncidentState.FIRING,
        "severity": Severity.PAGE,
        "reason": Reason.FIRST,
        "opened_at": NOON,
        "updated_at": NOON,
    }
    return Incident(**(given | more))


def burst(seq: int, **more: object) -> Burst:
    given = {"endpoint": "bot", "seq": seq, "incident": 1, "started_at": NOON, "verdict": Confirmation.CHANGED}
    return Burst(**(given | {"answers": (), "values": {}, "said": ""} | more))


def test_a_period_with_few_replays_gives_them_all(store):
    for n in range(5):
        store.record_replay(replay(n), [])
    found = store.places("bot", since=NOON + HOUR, until=NOON + 4 * HOUR, most=10)
    assert [place.seq for place in found] == [2, 3, 4]
    assert {place.step for place in found} == {1}
    assert store.places("nobody", since=NOON, until=NOON + HOUR, most=10) == ()


def test_a_long_period_is_thinned_to_the_same_replays_again_and_keeps_the_last_one(store):
    for n in range(23):
        store.record_replay(replay(n), [])
    first = store.places("bot", since=NOON, until=NOON + 100 * HOUR, most=8)
    assert [place.seq for place in first] == [3, 6, 9, 12, 15, 18, 21, 23]
    assert first[0].step == 3
    store.record_replay(replay(23), [])
    again = store.places("bot", since=NOON, until=NOON + 100 * HOUR, most=8)
    assert [place.seq for place in again] == [3, 6, 9, 12, 15, 18, 21, 24]


def test_means_are_those_of_the_scores(store):
    scores = [
        score("a@1", 1.0),
        score("b@1", 0.0),
        score("c@1", Unscored("timeout")),
        score("a@1", 0.25, metric="length"),
    ]
    store.record_replay(replay(0, answers=[answer("a@1"), answer("b@1"), answer("c@1")]), scores)
    doubled = [replace(answer("a@1"), sample=n) for n in (0, 1)]
    two = [score("a@1", 1.0), score("a@1", 0.0)._replace(sample=1), score("b@1", 1.0)]
    store.record_replay(replay(1, answers=[*doubled, answer("b@1")]), two)
    expected = {read.seq: replay_means(read) for read in store.replays("bot")}
    assert store.means("bot", [1, 2, 9]) == {**expected, 9: {}}
    assert expected[2]["pass"] == 0.75


def test_levels_are_those_of_the_replays_asked_for(store):
    for n in range(3):
        seq = store.record_replay(replay(n), [])
        store.commit_decision(DecisionCommit(endpoint="bot", seq=seq, streams=(), levels={"pass": 0.25 * seq}))
    assert store.levels_at("bot", [1, 3, 9]) == {1: {"pass": 0.25}, 3: {"pass": 0.75}}
    assert store.levels_at("nobody", [1]) == {}


def test_a_probes_answers_come_newest_first_with_their_scores_and_reasons(store):
    store.record_replay(replay(0, answers=[answer("a@1"), answer("b@1")]), [score("a@1", 1.0)])
    store.record_replay(replay(1, answers=[failed("a@1"), answer("b@1")]), [score("a@1", Unscored("timeout"))])
    probe_id, _, _ = answer("a@1").probe_key.rpartition("@")
    newest, oldest = store.probe_answers("bot", probe_id, replays=5)
    assert (newest.seq, newest.text, newest.scores) == (2, None, {})
    assert newest.error == failed("a@1").error
    assert (oldest.text, oldest.scores) == (answer("a@1").reply.output, {"pass": 1.0})
    assert [one.seq for one in store.probe_answers("bot", probe_id, before_seq=2, replays=5)] == [1]
    assert [one.seq for one in store.probe_answers("bot", probe_id, replays=1)] == [2]


@pytest.mark.parametrize("name", ["100%", "a_b", "x' OR 1=1 --", "nul\x00", "lone\ud800", "back\\slash", "a@b"])
def test_a_probe_of_any_name_is_found_and_no_other(store, name):
    hostile = replace(answer("a@1"), probe_key=f"{name}@abc")
    store.record_replay(replay(0, answers=[hostile, replace(hostile, probe_key="axb@abc"), answer("b@1")]), [])
    assert [one.probe_key for one in store.probe_answers("bot", name, replays=5)] == [f"{name}@abc"]


def test_first_places_are_those_of_the_epoch(store):
    store.record_replay(replay(0, answers=[answer("a@1")]), [])
    store.start_epoch("bot", reason="accepted", now=NOON)
    store.record_replay(replay(1, answers=[failed("a@1")], epoch=2), [])
    store.record_replay(replay(2, answers=[answer("a@1")], epoch=2), [])
    assert [place.seq for place in store.first_places("bot", epoch=2, most=1)] == [2]


def test_incidents_come_in_leaves(store):
    for number in range(1, 6):
        state = IncidentState.FIRING if number == 4 else IncidentState.RESOLVED
        store.save_incident(incident(number, state=state, endpoint="bot" if number % 2 else "other"))
    assert [i.id for i in store.incidents_before(most=2)] == [5, 4]
    assert [i.id for i in store.incidents_before(4, most=2)] == [3, 2]
    assert [i.id for i in store.incidents_before(endpoint="bot", most=9)] == [5, 3, 1]
    assert [i.id for i in store.incidents_before(only_open=True, most=9)] == [4]


def test_the_pulse_beats_with_every_change_and_rests_without_one(store):
    def act_and_feel(act):
        before = store.pulse()
        assert store.pulse() == before
        act()
        return store.pulse() != before

    assert act_and_feel(lambda: store.claim(slot(0), now=NOON))
    assert act_and_feel(lambda: store.record_replay(replay(0), []))
    assert act_and_feel(lambda: store.end_slot(slot(1), SlotState.FAILED, reason="x", now=NOON + 2 * HOUR))
    assert act_and_feel(lambda: store.save_incident(incident(1)))
    taken = incident(1, state=IncidentState.ACKNOWLEDGED, by="ada")
    assert act_and_feel(lambda: store.save_incident(taken))
    assert act_and_feel(lambda: store.save_incident(replace(taken, by="bob")))
    assert act_and_feel(lambda: store.save_incident(replace(taken, state=IncidentState.RESOLVED)))
    night = Silence(endpoint="bot", starts_at=NOON, ends_at=NOON + HOUR, by="ada", comment="night")
    assert act_and_feel(lambda: store.add_silence(night))
    assert act_and_feel(lambda: store.add_silence(replace(night, ends_at=NOON + 2 * HOUR)))
    assert act_and_feel(lambda: store.end_silence(1, by="ada", now=NOON)), "the sooner of two"
    assert act_and_feel(lambda: store.start_epoch("bot", reason="reset", now=NOON))
    waiting = Delivery(key="k", route="oncall", severity=Severity.PAGE, payload={"incident": "inc-1"}, created_at=NOON)
    assert act_and_feel(lambda: store.enqueue([waiting]))
    sending = replace(waiting, state=DeliveryState.SENDING, attempts=1, started_at=NOON)
    assert act_and_feel(lambda: store.save_delivery(sending))
    tried = replace(sending, state=DeliveryState.AMBIGUOUS, error="timeout")
    assert act_and_feel(lambda: store.save_delivery(tried)), "an attempt that has failed is no new attempt"
    assert act_and_feel(lambda: store.save_delivery(replace(tried, state=DeliveryState.SENT, sent_at=NOON)))


def test_heads_are_what_each_endpoint_did_lately(store):
    """Twenty endpoints were asked ten questions each, and a fleet's page took twice what it may."""
    for n in range(3):
        store.record_replay(replay(n), [])
    store.commit_decision(DecisionCommit(endpoint="bot", seq=2, streams=()))
    store.end_slot(slot(3), SlotState.FAILED, reason="timeout", now=NOON + 3 * HOUR)
    store.save_incident(incident(1, state=IncidentState.RESOLVED))
    store.save_incident(incident(2))
    store.start_epoch("bot", reason="reset", now=NOON)
    for n, cost in ((1, 0.25), (2, 0.5)):
        store.record_burst(burst(n, finished_at=NOON + n * HOUR, cost_usd=cost))
    store.claim(replace(slot(0), endpoint="other"), now=NOON)
    found = store.heads(["bot", "other", "nobody"], since=NOON + 2 * HOUR, spent_since=NOON + 2 * HOUR)
    assert set(found) == {"bot", "other"}
    assert found["bot"] == Head(
        epoch=store.epoch("bot"),
        decided_seq=2,
        slots=store.slots("bot", since=NOON + 2 * HOUR),
        last_slot=store.last_slot("bot"),
        last_replay=NOON + HOUR,
        incident=incident(2),
        confirming_usd=0.5,
    )
    assert [record.slot.due for record in found["bot"].slots] == [NOON + 2 * HOUR, NOON + 3 * HOUR]
    other = found["other"]
    assert (other.slots, other.last_replay, other.incident) == ((), None, None)
    assert other.last_slot == store.last_slot("other") is not None
