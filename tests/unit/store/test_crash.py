"""kill -9 at every statement of both commits: reopened, the store has all of it or nothing, and goes on."""

import os
import signal
import warnings
from contextlib import closing

import pytest
from sqlalchemy import Engine, event

from driftwatch.adapters.store import check, open_store
from driftwatch.domain.replay import SlotState
from tests.contract.observed import NOON, answer, replay, reply, score, slot
from tests.contract.test_store_contract import decision, delivery, incident


def commit_1(store):
    store.record_replay(replay(1, answers=[answer(reply=reply(b"new text"))]), [score(1.0)])


def commit_2(store):
    store.commit_decision(decision(1, incident=incident(), deliveries=[delivery("a"), delivery("b")]))


def kill_in_child(work, url, at):
    """Run `work` in a child that dies by SIGKILL before its statement number `at`; return whether it died."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        left = [at]

        def count(*_args):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        store = open_store(url)
        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        work(store)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    with closing(open_store(url)) as store:
        store.record_replay(replay(0), [score(1.0)])
        store.claim(slot(1), now=NOON)
    return url


def test_a_replay_cut_short_anywhere_is_taken_again_and_stored_once(url):
    died = 0
    while kill_in_child(commit_1, url, died):
        died += 1
        assert check(url) == ()
        with closing(open_store(url)) as store:
            assert [r.seq for r in store.replays("bot")] == [1]
            assert store.last_slot("bot").state is SlotState.RUNNING
            assert store.claim(slot(1), now=NOON)
    assert died > 8, "every statement was a place to die"
    with closing(open_store(url)) as store:
        commit_1(store)
        assert [r.seq for r in store.replays("bot")] == [1, 2]
        assert store.answers("bot", slot(1))[0].text == "new text"


def test_a_decision_cut_short_anywhere_is_made_again_and_promised_once(url):
    died = 0
    while kill_in_child(commit_2, url, died):
        died += 1
        with closing(open_store(url)) as store:
            assert (store.decided_seq("bot"), store.streams("bot"), store.deliveries()) == (0, {}, ())
            assert store.incidents() == ()
    assert died > 6, "every statement was a place to die"
    with closing(open_store(url)) as store:
        assert store.decided_seq("bot") == 1
        assert not store.commit_decision(decision(1, deliveries=[delivery("again")]))
        assert [d.key for d in store.deliveries()] == ["a", "b"]


def test_a_store_whose_making_was_cut_short_anywhere_is_made_again(tmp_path):
    url = f"sqlite:///{tmp_path}/new.db"

    def make(_store):
        open_store(f"sqlite:///{tmp_path}/other.db").close()

    died = 0
    while kill_in_child(make, url, died):
        died += 7
    assert died > 30
    with closing(open_store(f"sqlite:///{tmp_path}/other.db")) as store:
        assert store.endpoints() == ()
    assert check(f"sqlite:///{tmp_path}/other.db") == ()
