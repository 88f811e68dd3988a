"""Lines 5, 22, 26, 29, 31 and 33 of the fault catalogue on a real PostgreSQL: what is lost on the way, and what is not."""

import os
import threading
from contextlib import closing
from datetime import timedelta
from time import sleep

import pytest
from sqlalchemy import func, select, text

from driftwatch.adapters.store import location, open_store
from driftwatch.adapters.store.migrate_postgres import is_made
from driftwatch.adapters.store.postgres_database import TAKE_TURN
from driftwatch.adapters.store.tables import ANSWER, TEXT
from driftwatch.domain.delivery import DeliveryState
from driftwatch.domain.errors import StoreError
from tests.contract.observed import NOON, replay, score, slot
from tests.contract.test_store_contract import SILENCE, decision, delivery, incident
from tests.cut_wire import CutWire
from tests.faults.test_fault_1x_process import die_at
from tests.postgres import postgres_server


@pytest.fixture
def store(postgres_url):
    with closing(open_store(postgres_url, wait=timedelta(seconds=20))) as made:
        yield made


def test_fault_06_killed_while_it_makes_its_tables_there_are_none_or_all_of_them(postgres, postgres_url):
    """In one transaction: whoever reads sees the schema of before or the new one, at whichever statement it died."""
    killed = 0
    for number in (4, 20, 45, 10**6):
        child = os.fork()
        if not child:
            os.close(2)
            die_at(number)
            open_store(postgres_url).close()
            os._exit(0)
        ended = os.waitpid(child, 0)[1]
        assert is_made(location.parse(postgres_url)) == os.WIFEXITED(ended), f"half-made at statement {number}"
        killed += os.WIFSIGNALED(ended)
    assert killed == 3
    with closing(open_store(postgres_url)) as store:
        assert store.record_replay(replay(), [score(1.0)]) == 1


# -- the answer to a commit is lost ----------------------------------------------------------------


@pytest.fixture(params=["before", "after"])
def cut(request, postgres, postgres_url):
    """A store behind a wire, and a function that cuts it at the next commit, before or after the server has it."""
    wire = CutWire(postgres.port)
    url = postgres_url.replace(f":{postgres.port}/", f":{wire.port}/")
    with closing(open_store(url, wait=timedelta(seconds=20))) as made:
        yield made, lambda: wire.cut(request.param), wire
    wire.close()


def test_fault_05_a_replay_whose_commit_was_not_answered_is_there_once(cut):
    store, arm, wire = cut
    arm()
    assert store.record_replay(replay(), [score(1.0)]) == 1
    assert wire.cuts == 1
    assert [r.values for r in store.replays("bot")] == [{"exact": {"hi@aaa": (1.0,)}}]


def test_fault_05_what_must_not_be_done_twice_is_done_once_and_told_right(cut):
    store, arm, wire = cut
    arm()
    assert store.start_epoch("bot", reason="accepted", now=NOON) == 2
    assert store.epoch("bot") == 2
    arm()
    assert store.add_silence(SILENCE) == store.silences(now=NOON)[0].id
    assert len(store.silences(now=NOON)) == 1
    arm()
    assert store.end_silence(store.silences(now=NOON)[0].id, by="ada", now=NOON) is not None
    arm()
    assert store.commit_decision(decision(1, incident=incident(), deliveries=[delivery()])), "it was decided by us"
    arm()
    store.save_delivery(delivery(state=DeliveryState.SENT))
    assert [d.state for d in store.deliveries()] == [DeliveryState.SENT]
    assert (store.decided_seq("bot"), len(store.transitions(1))) == (1, 1)
    assert wire.cuts == 5


# -- the server goes away and comes back -----------------------------------------------------------


def test_fault_22_a_crash_of_the_server_loses_and_doubles_nothing():
    with postgres_server() as server:
        url, broken = server.url(server.new_database()), []
        with closing(open_store(url)) as store:

            def work(name):
                try:
                    for hour in range(40):
                        assert store.claim(slot(hour, name), now=NOON)
                        assert store.record_replay(replay(hour, endpoint=name), [score(1.0)]) == hour + 1
                        assert store.commit_decision(
                            decision(hour + 1, endpoint=name, deliveries=[delivery(f"{name}/{hour}")])
                        )
                except Exception as error:  # noqa: BLE001  # told below, by the thread that can fail the test
                    broken.append(error)

            threads = [threading.Thread(target=work, args=(f"bot-{n}",)) for n in range(3)]
            for thread in threads:
                thread.start()
            for _ in range(3):
                sleep(0.4)
                server.crash()
                server.start()
            for thread in threads:
                thread.join()
            assert broken == []
            for name in ("bot-0", "bot-1", "bot-2"):
                assert [r.seq for r in store.replays(name)] == list(range(1, 41))
                assert store.decided_seq(name) == 40
            assert len(store.deliveries()) == 120


def test_fault_22_the_first_call_after_a_restart_passes():
    """Without a look before each use it failed: the pool gave a connection that was long dead."""
    with postgres_server() as server, closing(open_store(server.url(server.new_database()))) as store:
        assert store.claim(slot(), now=NOON)
        server.stop()
        server.start()
        calls = []
        patient, store._db.patiently = store._db.patiently, lambda work: calls.append(1) or work()
        assert store.last_slot("bot").slot == slot()
        assert store.claim(slot(), now=NOON)
        store._db.patiently = patient
        assert len(calls) == 2, "not made again: passed at once"


def test_fault_24_a_server_that_stays_away_is_named_and_waiting_ends_with_the_store():
    with postgres_server() as server:
        store = open_store(server.url(server.new_database()), wait=timedelta(seconds=1))
        server.stop()
        with pytest.raises(StoreError, match="the server cannot be reached") as told:
            store.claim(slot(), now=NOON)
        assert told.value.slug == "store-unreachable"
        patient, told = open_store_later(store), []
        waiting = threading.Thread(target=lambda: told.append(refused(patient)))
        waiting.start()
        sleep(0.3)
        store.close()
        waiting.join(60)
        assert told == ["store-unreachable"], "a stop does not wait for the database"
        server.start()


def open_store_later(store):
    store._db._wait_s = 3600.0
    return store


def refused(store):
    try:
        store.last_slot("bot")
    except StoreError as error:
        return error.slug
    return None


def test_fault_23_a_failover_that_lost_the_last_commits_leaves_a_history_without_gaps_or_doubles():
    with postgres_server() as server, closing(open_store(server.url(server.new_database()))) as store:
        store.record_replay(replay(0), [score(1.0)])
        store.enqueue([delivery("told")])
        server.keep_replica()
        lost = store.record_replay(replay(1), [score(0.0)]), store.commit_decision(decision(2, incident=incident()))
        store.save_delivery(delivery("told", state=DeliveryState.SENT))
        assert lost == (2, True)
        server.fail_over()
        assert store.last_slot("bot").slot == slot(0), "the last slot was lost, and is due again"
        assert store.claim(slot(1), now=NOON)
        assert store.record_replay(replay(1), [score(0.0)]) == 2
        assert store.commit_decision(decision(2, incident=incident()))
        assert [r.seq for r in store.replays("bot")] == [1, 2]
        assert [d.state for d in store.deliveries()] == [DeliveryState.PENDING], "sent again rather than never"


# -- the server refuses for a while ------------------------------------------------------------------

FAILS = """
CREATE SEQUENCE failures; GRANT ALL ON failures TO PUBLIC;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF nextval('failures') <= {times} THEN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$;
CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail();
"""


def plant(postgres, store, *, state, times, table="replay"):
    postgres.sql(FAILS.format(state=state, times=times, table=table), database=store._db.name.rpartition("/")[2])


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_fault_29_a_deadlock_and_a_serialization_failure_are_made_again(store, postgres, state):
    plant(postgres, store, state=state, times=2)
    assert store.record_replay(replay(), [score(1.0)]) == 1
    assert [r.seq for r in store.replays("bot")] == [1]


def test_fault_29_but_not_for_ever(store, postgres):
    plant(postgres, store, state="40001", times=10**6)
    store._db._wait_s = 0.5
    with pytest.raises(StoreError, match="planted"):
        store.record_replay(replay(), [])
    assert store.last_slot("bot") is None, "nothing was written"


def test_fault_29_a_lock_that_is_not_given_back_is_named(postgres_url):
    with closing(open_store(postgres_url, wait=timedelta(milliseconds=300))) as store:
        with store._db._engine.connect() as other, other.begin():
            other.execute(TAKE_TURN)
            with pytest.raises(StoreError, match="another transaction has held it") as told:
                store.claim(slot(), now=NOON)
            assert told.value.slug == "store-locked"
            assert store.slots("bot") == (), "reading goes on"
        assert store.claim(slot(), now=NOON)


def test_fault_26_a_full_disk_of_the_server_writes_nothing_and_goes_on_by_itself(store, postgres):
    plant(postgres, store, state="53100", times=1)
    with pytest.raises(StoreError, match="the server's disk is full") as told:
        store.record_replay(replay(), [score(1.0)])
    assert told.value.slug == "store-disk-full"
    assert store.endpoints() == ()
    assert store.record_replay(replay(), [score(1.0)]) == 1


def test_a_rehearsal_meets_the_full_disk_that_a_replay_would_meet_and_leaves_nothing_behind(store, postgres):
    store.try_write(500_000)
    plant(postgres, store, state="53100", times=1, table="text")
    with pytest.raises(StoreError) as told:
        store.try_write(500_000)
    assert told.value.slug == "store-disk-full"
    store.try_write(500_000)
    with store._db.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(TEXT)) == 0


def test_fault_31_another_programs_alter_stops_no_statement(store, postgres):
    """Plans that psycopg prepares by itself after five uses fail then: "cached plan must not change result type"."""
    store.record_replay(replay(), [score(1.0)])
    with store._db.reading() as connection:
        for _ in range(8):
            connection.execute(select(ANSWER)).all()
        assert connection.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
    found = store.answers("bot", slot())
    postgres.sql("ALTER TABLE answer ALTER COLUMN model TYPE varchar", database=store._db.name.rpartition("/")[2])
    assert store.answers("bot", slot()) == found


def test_fault_33_a_reader_sees_one_moment_while_retention_forgets(store):
    for hour in range(3):
        store.record_replay(replay(hour), [score(1.0)])
    texts = select(func.count()).select_from(TEXT)
    store.start_epoch("bot", reason="so that nothing is a reference", now=NOON)
    with store._db.reading() as connection:
        before = connection.scalar(texts), connection.scalar(select(func.count(ANSWER.c.text_id)))
        store.prune_answers(NOON + timedelta(days=1))
        assert (connection.scalar(texts), connection.scalar(select(func.count(ANSWER.c.text_id)))) == before
    with store._db.reading() as connection:
        assert connection.scalar(texts) == 0
