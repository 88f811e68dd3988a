"""What is forgotten, and what is kept for ever."""

from contextlib import closing
from datetime import timedelta

import pytest

from driftwatch.adapters.store import open_store, retention
from driftwatch.domain.incident import IncidentState
from tests.contract.observed import HOUR, NOON, answer, replay, reply, rich_reply, score, slot
from tests.contract.test_store_contract import incident


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "KEPT_FIRST", 2)
    with closing(open_store(f"sqlite:///{tmp_path}/driftwatch.db")) as made:
        yield made


def record(store, hours, output=None, **more):
    text = output or f"text {hours}".encode()
    store.record_replay(replay(hours, answers=[answer(reply=reply(text))], **more), [score(float(hours))])


def texts(store, hours):
    return [answer.reply and answer.text for hour in hours for answer in store.answers("bot", slot(hour))]


def test_old_answers_are_forgotten_and_their_scores_stay(store):
    for hour in range(6):
        record(store, hour)
    assert store.prune_answers(NOON + 4 * HOUR) == 2
    assert texts(store, range(6)) == ["text 0", "text 1", None, None, "text 4", "text 5"]
    assert [r.values["exact"]["hi@aaa"] for r in store.replays("bot")] == [(float(n),) for n in range(6)]
    assert store.prune_answers(NOON + 4 * HOUR) == 0


def test_the_reference_texts_of_the_epoch_are_kept(store):
    for hour in range(3):
        record(store, hour)
    store.start_epoch("bot", reason="accepted", now=NOON)
    for hour in range(3, 6):
        record(store, hour, epoch=2)
    store.prune_answers(NOON + 100 * HOUR)
    assert texts(store, range(6)) == [None, None, None, "text 3", "text 4", None]
    assert store.reference_texts("bot", epoch=2, limit=2) == {"hi@aaa": ("text 3", "text 4")}


def test_the_first_answers_of_a_probe_that_came_later_are_kept(store):
    """They were forgotten, and after a restart the probe was compared with whatever answers were left."""
    for hour in range(6):
        answers = [answer("old@1", reply=reply(b"old %d" % hour))]
        answers += [answer("new@1", reply=reply(b"new %d" % hour))] if hour >= 3 else []
        store.record_replay(replay(hour, answers=answers), [])
    store.prune_answers(NOON + 100 * HOUR)
    assert store.reference_texts("bot", epoch=1, limit=2) == {"old@1": ("old 0", "old 1"), "new@1": ("new 3", "new 4")}
    assert texts(store, range(6)) == ["old 0", "old 1", None, "old 3", "new 3", "old 4", "new 4", None, None]


def test_answers_around_an_incident_are_kept(store):
    for hour in range(0, 24 * 20, 24):
        record(store, hour)
    ended = NOON + timedelta(days=11)
    store.save_incident(
        incident(opened_at=NOON + timedelta(days=10), findings=(), state=IncidentState.RESOLVED, ended_at=ended)
    )
    store.prune_answers(NOON + timedelta(days=100))
    days = [day for day in range(20) if texts(store, [24 * day]) != [None]]
    assert days == [0, 1, *range(7, 14)]


def test_an_open_incident_keeps_all_that_follows(store):
    for hour in range(0, 24 * 20, 24):
        record(store, hour)
    store.save_incident(incident(opened_at=NOON + timedelta(days=10), findings=()))
    store.prune_answers(NOON + timedelta(days=100))
    assert texts(store, [24 * 6, 24 * 7, 24 * 19]) == [None, f"text {24 * 7}", f"text {24 * 19}"]


def test_a_text_that_a_kept_answer_shares_stays(store):
    for hour in range(5):
        record(store, hour, output=b"the same")
    store.prune_answers(NOON + 4 * HOUR)
    assert texts(store, [0, 3, 4]) == ["the same", None, "the same"]


def test_nothing_that_was_forgotten_is_left_in_the_file(store):
    for hour in range(3):
        store.record_replay(replay(hour, answers=[answer(reply=rich_reply())]), [])
    store.start_epoch("bot", reason="", now=NOON)
    store.prune_answers(NOON + 100 * HOUR)
    with store._db.reading() as connection:
        for count in ("text", "logprobs", "answer WHERE refusal IS NOT NULL", "answer WHERE headers IS NOT NULL"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {count}").scalar_one() == 0
