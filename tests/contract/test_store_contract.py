"""What every store must do; a further back end is a further parameter of the fixture."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.confirmation import Burst, Confirmation
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import Outcome, StoreError
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Finding, Incident, IncidentState, Moved, Reason, Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import SlotState
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.history import replay_means
from driftwatch.services.ports import DecisionCommit, SavedStream
from tests.contract.observed import HOUR, NOON, answer, failed, replay, reply, rich_reply, score, slot
from tests.stores import BACKENDS, STORES

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True, scope="session")


@pytest.fixture
def store(backend, tmp_path):
    with closing(open_store(STORES.url(tmp_path))) as made:
        yield made


# -- slots -------------------------------------------------------------------------------------


def test_a_slot_is_ours_until_it_has_ended(store):
    assert store.claim(slot(), now=NOON)
    assert store.claim(slot(), now=NOON), "a running slot belonged to a dead process"
    store.record_replay(replay(), [])
    assert not store.claim(slot(), now=NOON)


@pytest.mark.parametrize("state", [SlotState.FAILED, SlotState.SKIPPED])
def test_a_slot_that_ended_without_a_replay_is_not_taken_again(store, state):
    store.end_slot(slot(), state, reason="no connectivity", now=NOON)
    assert not store.claim(slot(), now=NOON)
    assert store.last_slot("bot").reason == "no connectivity"


def test_a_slot_ends_once(store):
    store.record_replay(replay(), [])
    store.end_slot(slot(), SlotState.FAILED, reason="too late", now=NOON)
    assert store.last_slot("bot").state is SlotState.DONE
    store.end_slot(slot(1), SlotState.SKIPPED, reason="first", now=NOON)
    store.end_slot(slot(1), SlotState.FAILED, reason="second", now=NOON)
    assert (store.last_slot("bot").state, store.last_slot("bot").reason) == (SlotState.SKIPPED, "first")


def test_a_slot_that_was_given_up_takes_no_replay(store):
    store.end_slot(slot(), SlotState.FAILED, reason="rate limited", now=NOON)
    with pytest.raises(StoreError, match="has ended as failed"):
        store.record_replay(replay(), [])
    assert list(store.replays("bot")) == []


def test_ending_a_slot_as_done_needs_a_replay(store):
    with pytest.raises(ValueError, match="failed or skipped"):
        store.end_slot(slot(), SlotState.DONE, reason="", now=NOON)


def test_slots_come_in_order_of_due_time_from_since_up_to_until(store):
    for hours in (3, 1, 2, 0):
        store.claim(slot(hours), now=NOON)
    store.claim(slot(9, endpoint="other"), now=NOON)
    assert [s.slot.due for s in store.slots("bot")] == [NOON + h * HOUR for h in range(4)]
    assert [s.slot for s in store.slots("bot", since=NOON + HOUR, until=NOON + 3 * HOUR)] == [slot(1), slot(2)]
    assert store.last_slot("bot").slot == slot(3)
    assert store.last_slot("nobody") is None


def test_a_slot_is_the_same_in_every_time_zone(store):
    from zoneinfo import ZoneInfo

    berlin = replace(slot(), due=NOON.astimezone(ZoneInfo("Europe/Berlin")))
    store.record_replay(replay(), [])
    assert not store.claim(berlin, now=NOON)


def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(Exception, match="timezone"):
        store.claim(replace(slot(), due=NOON.replace(tzinfo=None)), now=NOON)


# -- replays -----------------------------------------------------------------------------------


def test_recording_a_replay_again_changes_nothing(store):
    first = store.record_replay(replay(), [score(1.0)])
    again = store.record_replay(replay(answers=[answer(reply=reply(b"Other."))]), [score(0.0)])
    assert again == first
    assert [r.values for r in store.replays("bot")] == [{"exact": {"hi@aaa": (1.0,)}}]
    assert store.answers("bot", slot())[0].text == "Yes."


def test_seq_counts_the_replays_of_each_endpoint(store):
    seqs = [store.record_replay(replay(hours, endpoint=name), []) for hours in (2, 0, 1) for name in ("a", "b")]
    assert seqs == [1, 1, 2, 2, 3, 3]
    assert [r.slot.due for r in store.replays("a")] == [NOON + h * HOUR for h in (2, 0, 1)]


def test_a_replay_comes_back_as_the_detectors_see_it(store):
    answers = [answer(), answer(sample=1), failed("no@bbb"), answer("solo@ccc", reply=rich_reply())]
    scores = [
        score(1.0),
        score(0.0, sample=1),
        score(Unscored("timeout"), probe="no@bbb"),
        score(0.1, probe="solo@ccc"),
        score(Unscored("no tokens"), metric="tokens", sample=1),
        score(Unscored("never"), metric="silent"),
        score(17.0, metric="tokens"),
    ]
    store.record_replay(replay(answers=answers), scores)
    (found,) = store.replays("bot")
    assert found.values == {"exact": {"hi@aaa": (1.0, 0.0), "solo@ccc": (0.1,)}, "tokens": {"hi@aaa": (17.0,)}}
    assert (found.asked, found.answered, found.epoch, found.seq) == (4, 3, 1, 1)
    assert found.fingerprint == Fingerprint(parts={"driver": "direct 0.1.0", "probes": "3f2a"})
    assert found.models == {"gpt-x"}
    assert found.system_fingerprints == {"fp_\x00"}


def test_replays_can_be_read_from_a_seq_on_and_by_metric(store):
    for hours in range(3):
        store.record_replay(replay(hours), [score(1.0), score(2.0, metric="length")])
    assert [r.seq for r in store.replays("bot", after_seq=1)] == [2, 3]
    assert [r.seq for r in store.replays("bot", after_seq=-1)] == [1, 2, 3]
    assert [set(r.values) for r in store.replays("bot", metrics=["length"])] == [{"length"}] * 3
    assert [r.values for r in store.replays("bot", metrics=[])] == [{}] * 3


def test_replays_written_while_reading_do_not_disturb_the_reader(store):
    for hours in range(300):
        store.record_replay(replay(hours), [score(1.0)])
    reading = store.replays("bot")
    next(reading)
    store.record_replay(replay(300), [score(0.0)])
    assert [r.seq for r in reading] == list(range(2, 302))


def test_two_scores_of_one_answer_are_refused(store):
    with pytest.raises(ValueError, match="two scores of exact"):
        store.record_replay(replay(), [score(1.0), score(0.0)])
    assert store.claim(slot(), now=NOON), "nothing was written"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_refused(store, value):
    with pytest.raises(ValueError, match="finite"):
        store.record_replay(replay(), [score(value)])


def test_answers_come_back_exactly_and_in_order(store):
    given = (answer("z@1", reply=rich_reply(), cost_usd=0.25, attempts=3), failed("a@2"), answer("m@3", sample=2))
    store.record_replay(replay(answers=given), [])
    assert store.answers("bot", slot()) == given
    assert store.answers("bot", slot(1)) == ()
    assert store.answers("nobody", slot()) == ()


def test_answers_are_counted_as_if_they_were_read(store):
    given = (answer("z@1", reply=reply(b""), cost_usd=0.25), failed("a@2"), answer("m@3", cost_usd=0.5), answer("n@4"))
    store.record_replay(replay(answers=given, grading_usd=3.0), [])
    store.record_replay(replay(endpoint="other", answers=[answer(cost_usd=7.0)]), [])
    assert store.count_answers("bot", slot()) == (4, 3, 0.75)
    assert store.count_answers("bot", slot(1)) == (0, 0, 0.0)
    assert store.count_answers("nobody", slot()) == (0, 0, 0.0)


def test_ten_megabytes_and_an_empty_answer_come_back(store):
    import random

    big = random.Random(7).randbytes(10_000_000)
    store.record_replay(replay(answers=[answer(reply=reply(big)), answer(sample=1, reply=reply(b""))]), [])
    assert [a.reply.output for a in store.answers("bot", slot())] == [big, b""]


def test_an_absurd_token_count_is_no_count_and_loses_nothing_else(store):
    from driftwatch.domain.answer import Usage

    store.record_replay(replay(answers=[answer(reply=reply(usage=Usage(input_tokens=2**80, output_tokens=3)))]), [])
    assert store.answers("bot", slot())[0].reply.usage == Usage(output_tokens=3)


def test_a_thousand_probes_in_a_replay(store):
    answers = [answer(f"p{n}@x", reply=reply(f"answer {n}".encode())) for n in range(1000)]
    store.record_replay(replay(answers=answers), [score(float(n), probe=f"p{n}@x") for n in range(1000)])
    (found,) = store.replays("bot")
    assert found.values["exact"]["p999@x"] == (999.0,)
    assert len(store.answers("bot", slot())) == 1000


# -- reference texts, epochs, money ---------------------------------------------------------------


def test_reference_texts_are_the_first_ones_of_the_epoch(store):
    for hours in range(5):
        answers = [answer(reply=reply(f"hi {hours}".encode())), failed("no@b") if hours < 4 else answer("no@b")]
        store.record_replay(replay(hours, answers=answers), [])
    store.record_replay(replay(5, answers=[answer(reply=reply(b"new"))], epoch=2), [])
    assert store.reference_texts("bot", epoch=1, limit=2) == {"hi@aaa": ("hi 0", "hi 1"), "no@b": ("Yes.",)}
    assert store.reference_texts("bot", epoch=2, limit=9) == {"hi@aaa": ("new",)}
    assert store.reference_texts("nobody", epoch=1, limit=9) == {}


def test_every_sample_is_a_reference_text(store):
    store.record_replay(replay(answers=[answer(), answer(sample=1, reply=reply(b"No."))]), [])
    assert store.reference_texts("bot", epoch=1, limit=9) == {"hi@aaa": ("Yes.", "No.")}


def test_first_answers_are_each_probes_own_whenever_it_came(store):
    for hours in range(40):
        answers = [answer("old@1", at=NOON + hours * HOUR), failed("broken@1")]
        if hours >= 30:
            answers.append(failed("late@1") if hours == 31 else answer("late@1", reply=reply(b"%d" % hours)))
        store.record_replay(replay(hours, answers=answers, epoch=1 if hours < 38 else 2), [])
    found = store.first_answers("bot", epoch=1, limits={"old@1": 3, "late@1": 2, "broken@1": 1, "nobody@1": 1})
    assert [one.at for one in found["old@1"]] == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert [one.text for one in found["late@1"]] == ["30", "32"]
    assert (found["broken@1"], found["nobody@1"]) == ((), ())
    assert [one.text for one in store.first_answers("bot", epoch=2, limits={"late@1": 9})["late@1"]] == ["38", "39"]
    assert store.first_answers("nobody", epoch=1, limits={"old@1": 1}) == {"old@1": ()}
    rich = answer("rich@1", reply=rich_reply())
    store.record_replay(replay(40, answers=[rich], epoch=3), [])
    assert store.first_answers("bot", epoch=3, limits={"rich@1": 1}) == {"rich@1": (rich,)}


def test_epochs_count_from_one(store):
    assert store.epoch("bot") == 1
    assert store.start_epoch("bot", reason="accepted inc-1", now=NOON) == 2
    assert store.start_epoch("bot", reason="local change", now=NOON) == 3
    assert (store.epoch("bot"), store.epoch("other")) == (3, 1)


def test_money_spent_is_answers_since_then_and_running_reservations(store):
    store.claim(slot(0), now=NOON, reserve_usd=9.0)
    assert store.spent_usd(since=NOON) == 9.0
    store.record_replay(replay(0, answers=[answer(cost_usd=0.25), failed("x@1", cost_usd=0.5)]), [])
    assert store.spent_usd(since=NOON) == 0.75
    store.end_slot(slot(1), SlotState.FAILED, reason="budget", now=NOON + HOUR, cost_usd=0.125)
    store.claim(slot(2, endpoint="other"), now=NOON + HOUR, reserve_usd=2.0)
    assert store.spent_usd(since=NOON) == 2.875
    assert store.spent_usd(since=NOON + HOUR) == 2.125
    assert store.spent_usd(since=NOON + 2 * HOUR) == 0.0


def test_endpoints_with_history_are_named_in_order(store):
    assert store.endpoints() == ()
    store.start_epoch("not-yet", reason="", now=NOON)
    store.claim(slot(endpoint="b"), now=NOON)
    store.record_replay(replay(endpoint="a\x00"), [])
    assert store.endpoints() == ("a\x00", "b")


# -- decisions ---------------------------------------------------------------------------------


def incident(number=1, **more):
    values = {
        "id": number,
        "endpoint": "bot",
        "epoch": 1,
        "number": number,
        "state": IncidentState.FIRING,
        "severity": Severity.PAGE,
        "told": Severity.PAGE,
        "reason": Reason.FIRST,
        "opened_at": NOON,
        "updated_at": NOON,
        "findings": (
            Finding(
                metric="exact",
                severity=Severity.PAGE,
                chart="cusum",
                statistic=6.1,
                threshold=4.8,
                arl=370.0,
                direction=-1,
                onset=NOON - HOUR,
                moved=(Moved(probe_id="dates-07", before=1.0, after=None),),
            ),
        ),
        "comment": "\ud800\x00",
    }
    return Incident(**(values | more))


def delivery(key="k", **more):
    values = {"key": key, "route": "oncall", "severity": Severity.PAGE, "payload": {"a": ["\x00"]}, "created_at": NOON}
    return Delivery(**(values | more))


SILENCE = Silence(endpoint="*", starts_at=NOON, ends_at=NOON + HOUR, by="eve", comment="moving")
BURST = Burst(
    endpoint="bot", seq=1, incident=1, started_at=NOON, finished_at=NOON, verdict=Confirmation.CHANGED, values={}
)


def decision(seq, **more):
    saved = SavedStream(metric="exact", seq=seq, epoch=1, state=bytes([seq]))
    return DecisionCommit(**({"endpoint": "bot", "seq": seq, "streams": (saved,)} | more))


def test_a_replay_is_decided_once(store):
    assert store.decided_seq("bot") == 0
    assert store.commit_decision(decision(2, incident=incident(), deliveries=[delivery()]))
    late = decision(2, incident=incident(2), deliveries=[delivery("late")])
    assert not store.commit_decision(late)
    assert not store.commit_decision(decision(1))
    assert store.decided_seq("bot") == 2
    assert store.streams("bot") == {"exact": SavedStream(metric="exact", seq=2, epoch=1, state=b"\x02")}
    assert store.incident(2) is None
    assert [d.key for d in store.deliveries()] == ["k"]


def test_what_a_decision_read_is_kept_for_each_replay(store):
    store.commit_decision(decision(1))
    store.commit_decision(decision(2, levels={"exact": 0.123456, "length": 12.5}))
    store.commit_decision(decision(3, levels={"exact": 1.0}))
    assert not store.commit_decision(decision(2, levels={"exact": 9.0}))
    assert store.levels("bot", first=1, last=2) == {1: {}, 2: {"exact": 0.1235, "length": 12.5}}
    assert store.levels("bot", first=3, last=9) == {3: {"exact": 1.0}}
    assert store.levels("nobody", first=1, last=9) == {}


def test_a_later_decision_replaces_the_states_it_has(store):
    other = SavedStream(metric="length", seq=1, epoch=1, state=b"old")
    store.commit_decision(decision(1, streams=(*decision(1).streams, other)))
    assert store.commit_decision(decision(2))
    assert {metric: saved.seq for metric, saved in store.streams("bot").items()} == {"exact": 2, "length": 1}


def test_a_decision_that_fails_half_way_leaves_nothing(store):
    broken = decision(1, deliveries=[delivery(payload={"a": object()})], incident=incident())
    with pytest.raises(Exception, match="not JSON serializable"):
        store.commit_decision(broken)
    assert (store.decided_seq("bot"), store.streams("bot"), store.incident(1)) == (0, {}, None)


def test_incidents_have_numbers_that_nobody_had(store):
    first = store.next_incident_id()
    assert store.next_incident_id() == first + 1
    store.save_incident(incident(40))
    assert store.next_incident_id() == 41


def test_an_incident_comes_back_whole(store):
    store.save_incident(incident(7), [delivery()])
    assert store.incident(7) == incident(7)
    assert store.incident(8) is None
    assert store.deliveries() == (delivery(),)


def test_what_a_person_makes_of_an_incident_is_written_with_all_that_follows(store):
    store.commit_decision(decision(4, incident=incident()))
    after = incident(state=IncidentState.ACCEPTED, updated_at=NOON + HOUR, ended_at=NOON + HOUR)
    assert store.change_incident(incident(), after, [delivery("end")], new_epoch="accepted by ada")
    assert (store.incident(1), store.epoch("bot")) == (replace(after, seq=4), 2)
    assert [d.key for d in store.deliveries()] == ["end"]


def test_an_incident_that_changed_meanwhile_is_not_overwritten(store):
    store.commit_decision(decision(4, incident=incident()))
    later = incident(updated_at=NOON + HOUR, detail="worse")
    store.commit_decision(decision(5, incident=later, before=incident()))
    ended = incident(state=IncidentState.RESOLVED, updated_at=NOON + 2 * HOUR)
    assert not store.change_incident(incident(), ended, [delivery("end")], new_epoch="accepted")
    assert (store.incident(1), store.epoch("bot"), store.deliveries()) == (later, 1, ())
    assert not store.change_incident(incident(77), ended)


def test_a_decision_on_an_incident_that_a_person_changed_meanwhile_is_not_taken(store):
    store.commit_decision(decision(4, incident=incident()))
    store.change_incident(incident(), incident(state=IncidentState.ACKNOWLEDGED, updated_at=NOON + HOUR, by="ada"))
    stale = decision(5, incident=incident(updated_at=NOON + 2 * HOUR), before=incident(), deliveries=[delivery()])
    assert not store.commit_decision(stale)
    assert (store.decided_seq("bot"), store.deliveries()) == (4, ())
    assert store.incident(1).state is IncidentState.ACKNOWLEDGED


def test_what_was_accepted_for_some_probes_goes_by_another_key_from_then_on(store):
    for hours in range(3):
        answers = [answer(reply=reply(f"hi {hours}".encode())), answer("no@b", reply=reply(f"no {hours}".encode()))]
        scores = [score(1.0), score(0.0, probe="no@b")]
        store.record_replay(replay(hours, answers=answers), scores)
    store.commit_decision(decision(1, incident=incident()))
    after = incident(state=IncidentState.ACCEPTED, updated_at=NOON + HOUR, accepted_probes=("hi",))
    assert store.change_incident(incident(), after)
    assert [(one.incident, one.seq, one.probes) for one in store.acceptances("bot")] == [(1, 1, frozenset({"hi"}))]
    assert store.acceptances("nobody") == ()
    assert [sorted(found.values["exact"]) for found in store.replays("bot")] == [
        ["hi@aaa", "no@b"],
        ["hi@aaa~1", "no@b"],
        ["hi@aaa~1", "no@b"],
    ]
    assert store.reference_texts("bot", epoch=1, limit=2) == {"hi@aaa": ("hi 1", "hi 2"), "no@b": ("no 0", "no 1")}
    assert store.reference_texts("bot", epoch=1, limit=1, seq=1)["hi@aaa"] == ("hi 0",)


def test_the_open_incident_is_the_one_that_has_not_ended(store):
    ended = incident(1, state=IncidentState.RESOLVED, ended_at=NOON + HOUR)
    store.save_incident(ended)
    assert store.open_incident("bot") is None
    acknowledged = incident(2, state=IncidentState.ACKNOWLEDGED)
    store.save_incident(acknowledged)
    assert store.open_incident("bot") == acknowledged
    assert store.open_incident("other") is None


def test_incidents_are_those_that_were_open_since_then_newest_first(store):
    store.save_incident(incident(1, state=IncidentState.RESOLVED, ended_at=NOON + HOUR))
    store.save_incident(incident(2, opened_at=NOON + 2 * HOUR))
    store.save_incident(incident(3, endpoint="other", opened_at=NOON + 3 * HOUR))
    assert [i.id for i in store.incidents()] == [3, 2, 1]
    assert [i.id for i in store.incidents(endpoint="bot")] == [2, 1]
    assert [i.id for i in store.incidents(since=NOON + HOUR)] == [3, 2, 1]
    assert [i.id for i in store.incidents(since=NOON + HOUR + timedelta(seconds=1))] == [3, 2]


def test_a_burst_comes_back_whole_and_is_kept_once(store):
    answers = (
        Answer(
            probe_key="p@1",
            at=NOON,
            outcome=Outcome.OK,
            reply=Reply(output=b"\xff\x00", latency_ms=12.0, model="gpt-x"),
            cost_usd=0.25,
        ),
        Answer(probe_key="q@1", at=NOON, outcome=Outcome.TIMEOUT, error="\ud800"),
    )
    burst = Burst(
        endpoint="bot", seq=3, incident=1, started_at=NOON, finished_at=NOON + HOUR, verdict=Confirmation.CHANGED,
        answers=answers, values={"pass": {"p@1": (0.0, 1.0)}}, cost_usd=0.25, said="",
    )  # fmt: skip
    assert (store.burst("bot", 3), store.bursts("bot")) == (None, ())
    store.record_burst(burst)
    store.record_burst(replace(burst, cost_usd=9.0))
    assert (store.burst("bot", 3), store.bursts("bot")) == (burst, (burst,))
    assert (store.spent_usd(since=NOON), store.spent_usd(since=NOON + 2 * HOUR)) == (0.25, 0.0)


def test_what_confirming_cost_is_each_endpoints_own_and_of_its_period(store):
    def burst(endpoint, seq, ended):
        return Burst(
            endpoint=endpoint, seq=seq, incident=1, started_at=NOON, finished_at=ended, verdict=Confirmation.CHANGED,
            answers=(), values={}, cost_usd=0.25 * seq,
        )  # fmt: skip

    for one in (burst("bot", 1, NOON), burst("bot", 2, NOON + HOUR), burst("bot", 4, NOON + 2 * HOUR)):
        store.record_burst(one)
    store.record_burst(burst("other", 8, NOON))
    assert store.confirming_usd("bot", since=NOON, until=NOON + 2 * HOUR) == 0.75
    assert store.confirming_usd("bot", since=NOON + HOUR, until=NOON + 3 * HOUR) == 1.5
    assert store.confirming_usd("nobody", since=NOON, until=NOON + HOUR) == 0.0


def test_silences_in_force_are_those_that_have_begun_and_not_ended(store):
    silence = Silence(endpoint="*", starts_at=NOON, ends_at=NOON + HOUR, by="eve", comment="moving")
    number = store.add_silence(silence)
    assert number > 0
    assert store.silences(now=NOON) == (replace(silence, id=number),)
    assert store.silences(now=NOON + HOUR) == ()
    assert store.silences(now=NOON - HOUR) == ()


# -- deliveries --------------------------------------------------------------------------------


def test_equal_keys_are_one_promise(store):
    store.enqueue([delivery(), delivery(route="other")])
    store.enqueue([delivery(route="third")])
    assert [d.route for d in store.deliveries()] == ["oncall"]


def test_due_are_ripe_pending_rows_and_those_a_crash_left_sending_oldest_first(store):
    store.enqueue(
        [
            delivery("later", not_before=NOON + HOUR),
            delivery("now", created_at=NOON + timedelta(seconds=2)),
            delivery("crashed", state=DeliveryState.SENDING, created_at=NOON + timedelta(seconds=1)),
            delivery("sent", state=DeliveryState.SENT),
            delivery("dead", state=DeliveryState.DEAD),
            delivery("asked later", state=DeliveryState.AMBIGUOUS, not_before=NOON + HOUR),
        ]
    )
    assert [d.key for d in store.due_deliveries(now=NOON)] == ["crashed", "now"]
    assert [d.key for d in store.due_deliveries(now=NOON + HOUR)] == ["asked later", "later", "crashed", "now"]


def test_a_delivery_is_saved_under_its_key(store):
    store.enqueue([delivery()])
    sent = delivery(state=DeliveryState.SENT, attempts=2, sent_at=NOON + HOUR, possible_repeat=True, error="\x00")
    store.save_delivery(sent)
    assert store.deliveries() == (sent,)
    assert store.deliveries(since=NOON + HOUR) == ()
    with pytest.raises(StoreError, match="no delivery unknown"):
        store.save_delivery(delivery("unknown"))


def test_a_thread_is_what_was_sent_about_an_incident_on_a_route_and_has_an_id_there(store):
    about = {"payload": {"key": "bot/1/1"}, "state": DeliveryState.SENT}
    store.enqueue(
        [
            delivery("news", created_at=NOON + HOUR, remote="C1:2", thread="C1:1", **about),
            delivery("first", remote="C1:1", **about),
            delivery("a webhook's", **about),
            delivery("on its way", **about | {"state": DeliveryState.SENDING}, remote="C1:3"),
            delivery("elsewhere", **about, route="quiet", remote="C2:1"),
            delivery("another's", payload={"key": "bot/1/10"}, state=DeliveryState.SENT, remote="C1:9"),
            delivery("about none", payload={}, state=DeliveryState.SENT, remote="C1:8"),
        ]
    )
    assert [(d.key, d.remote, d.thread) for d in store.thread("oncall", "bot/1/1")] == [
        ("first", "C1:1", None),
        ("news", "C1:2", "C1:1"),
    ]
    assert store.thread("oncall", "bot/2/1") == ()
    under = ["a webhook's", "elsewhere", "first", "on its way", "news"]
    assert [d.key for d in store.deliveries_under("bot/1/1", "bot/2/1")] == under
    assert store.delivery("elsewhere").remote == "C2:1"
    assert store.delivery("nowhere") is None


def test_what_follows_from_a_delivery_is_written_with_it_or_not_at_all(store):
    store.enqueue([delivery()])
    sent = delivery(state=DeliveryState.SENT)
    with pytest.raises(Exception, match="not JSON serializable"):
        store.save_delivery(sent, [delivery("then", payload={"a": object()})])
    assert [d.state for d in store.deliveries()] == [DeliveryState.PENDING]
    store.save_delivery(sent, [delivery("then")])
    assert {d.key: d.state for d in store.deliveries()} == {"k": DeliveryState.SENT, "then": DeliveryState.PENDING}


def test_an_outcome_survives_by_name(store):
    answers = [failed(f"p{n}@x", outcome=outcome) for n, outcome in enumerate(Outcome) if outcome is not Outcome.OK]
    store.record_replay(replay(answers=answers), [])
    assert [a.outcome for a in store.answers("bot", slot())] == [o for o in Outcome if o is not Outcome.OK]


def test_a_replay_summed_up_has_the_means_of_its_scores(store):
    first = replay(0, answers=[answer("a@1"), answer("a@1", sample=1), answer("b@1")])
    scored = [score(1.0, probe="a@1"), score(0.0, probe="a@1", sample=1), score(0.75, probe="b@1")]
    store.record_replay(first, [*scored, score(Unscored("timeout"), "length", "a@1"), score(3.0, "words", "b@1")])
    store.record_replay(replay(1), [score(0.25), score(Unscored("timeout"), "length")])
    samples, single = store.summed("bot", first=1, last=9)
    assert (samples.slot, samples.seq, samples.epoch, samples.asked, samples.answered) == (first.slot, 1, 1, 3, 3)
    assert samples.means == {"exact": 0.625, "words": 3.0}
    assert single.means == {"exact": 0.25}
    assert [one.means for one in (samples, single)] == [replay_means(whole) for whole in store.replays("bot")]
    assert [one.seq for one in store.summed("bot", first=2, last=9)] == [2]
    assert list(store.summed("nobody", first=1, last=9)) == []
