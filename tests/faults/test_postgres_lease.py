"""Lines 21, 32, 63 and 64 of the fault catalogue, on the lease itself: who leads, and who may write."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from time import monotonic, sleep

import pytest
from sqlalchemy import make_url, text

from driftwatch.adapters.store import open_lease, open_store
from driftwatch.adapters.store.lease import _TAKE, TAKE_TURN, node_name
from driftwatch.domain.delivery import DeliveryState
from driftwatch.domain.errors import StoreError
from driftwatch.domain.replay import SlotState
from tests.contract.observed import NOON, replay, score, slot
from tests.contract.test_store_contract import BURST, SILENCE, decision, delivery, incident

PATIENCE_S = 30.0


@pytest.fixture
def node(postgres_url):
    """Return a function that makes a node: its store, and its part in leading."""
    with ExitStack() as ends:

        def make(*, stale=timedelta(seconds=10)):
            name = node_name()
            store = ends.enter_context(open_store(postgres_url, wait=timedelta(seconds=5), name=name))
            lease = open_lease(postgres_url, store, name=name)
            lease.stale = stale
            ends.callback(lease.release)
            return store, lease

        yield make


def until(happened):
    deadline = monotonic() + PATIENCE_S
    while not happened():
        assert monotonic() < deadline
        sleep(0.02)


def test_one_of_two_nodes_leads_and_the_other_takes_over_when_it_goes(node):
    (_, one), (_, two) = node(), node()
    assert one.try_to_lead()
    assert not two.try_to_lead()
    assert (one.renew(), one.leads(), two.leads()) == (True, True, False)
    one.release()
    assert two.try_to_lead()
    assert (two.leads(), two.epoch, one.epoch) == (True, 2, 1)


WRITES = {
    "try_write": lambda store: store.try_write(),
    "claim": lambda store: store.claim(slot(), now=NOON),
    "record_replay": lambda store: store.record_replay(replay(), [score(1.0)]),
    "end_slot": lambda store: store.end_slot(slot(), SlotState.FAILED, reason="x", now=NOON),
    "start_epoch": lambda store: store.start_epoch("bot", reason="x", now=NOON),
    "commit_decision": lambda store: store.commit_decision(decision(1)),
    "next_incident_id": lambda store: store.next_incident_id(),
    "save_incident": lambda store: store.save_incident(incident(), [delivery()]),
    "add_silence": lambda store: store.add_silence(SILENCE),
    "end_silence": lambda store: store.end_silence(1, by="x", now=NOON),
    "record_burst": lambda store: store.record_burst(BURST),
    "enqueue": lambda store: store.enqueue([delivery()]),
    "save_delivery": lambda store: store.save_delivery(delivery(state=DeliveryState.SENDING)),
    "prune_answers": lambda store: store.prune_answers(NOON),
}


@pytest.mark.parametrize("name", WRITES)
def test_fault_64_a_deposed_leader_writes_nothing_whatever_it_tries(node, name):
    (old, one), (new, two) = node(), node()
    assert one.try_to_lead()
    one._hang_up()  # its session is gone, it does not know it yet
    until(two.try_to_lead)
    new.enqueue([delivery("the new leader's")])
    with pytest.raises(StoreError) as told:
        WRITES[name](old)
    assert told.value.slug == "store-deposed"
    assert [d.key for d in new.deliveries()] == ["the new leader's"]
    assert (new.endpoints(), new.incidents(), new.silences(now=NOON)) == ((), (), ())


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_fault_64_a_leader_deposed_while_it_waits_writes_nothing_whatever_the_databases_isolation(
    node, postgres, postgres_url, isolation
):
    name = make_url(postgres_url).database
    postgres.sql(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{isolation}'")
    (old, one), (new, _) = node(), node()
    assert one.try_to_lead()
    assert old.incidents() == (), "read on the connection that will write: reading sets an isolation of its own"
    with ThreadPoolExecutor(1) as beside:
        with new._db._engine.begin() as other:  # as `try_to_lead` does, but slowly
            other.execute(TAKE_TURN)
            other.execute(_TAKE, {"me": "other", "timeline": None})
            waiting = beside.submit(old.next_incident_id)
            until(
                lambda: other.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"))
            )
        with pytest.raises(StoreError) as told:
            waiting.result(PATIENCE_S)
    assert told.value.slug == "store-deposed"


def test_a_node_that_never_led_writes_nothing_and_a_persons_command_does(node, postgres_url):
    store, lease = node()
    with pytest.raises(StoreError, match="another node leads"):
        store.claim(slot(), now=NOON)
    with open_store(postgres_url) as persons:
        assert persons.add_silence(SILENCE) == 1
    assert lease.try_to_lead()
    assert store.claim(slot(), now=NOON)


def test_fault_64_a_leader_without_a_heartbeat_is_deposed_with_the_transaction_it_froze_in(node, postgres):
    (old, one), (new, two) = node(), node(stale=timedelta(seconds=1))
    assert one.try_to_lead()
    frozen = old._db.writing()
    frozen.__enter__()  # it holds the writers' lock, and will say nothing any more
    until(two.try_to_lead)
    assert new.claim(slot(), now=NOON)
    with pytest.raises(StoreError):
        frozen.__exit__(None, None, None)
    with pytest.raises(StoreError, match="terminating connection"):
        one.renew()
    assert one.renew() is False


def test_a_lost_session_is_made_again_and_the_epoch_stays(node, postgres, postgres_url):
    store, lease = node()
    assert lease.try_to_lead()
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{lease.name}'")
    with pytest.raises(StoreError):
        lease.renew()
    assert lease.renew()
    assert (lease.epoch, lease.leads()) == (1, True)
    assert store.claim(slot(), now=NOON)


def test_nobody_knows_who_leads_while_the_lock_is_held_by_a_session_that_is_lost(node):
    (_, one), (_, two) = node(), node()
    assert one.try_to_lead()
    one._held, zombie = False, one._session
    one._session = None
    assert one.renew() is None, "its old session has the lock still: nobody else can lead either"
    assert not two.try_to_lead()
    zombie.close()
    until(one.renew)
    assert one.epoch == 1


def test_two_stores_in_two_schemas_of_one_database_have_a_leader_each(postgres):
    with ExitStack() as ends:
        for _ in range(2):
            url, name = postgres.new_schema(), node_name()
            store = ends.enter_context(open_store(url, name=name))
            lease = open_lease(url, store, name=name)
            ends.callback(lease.release)
            assert lease.try_to_lead()


def test_sessions_are_no_pooler(node):
    node()[1].refuse_pooler()


def test_fault_21_a_nodes_own_clock_decides_nothing(node, monkeypatch):
    """A machine 90 s ahead took the other one's lease for stale: times are compared on the server alone."""
    import driftwatch.adapters.store.lease as module

    text = "".join(str(getattr(module, name)) for name in ("_TAKE", "_RENEW", "_DEPOSE"))
    assert text.count("clock_timestamp()") == 6
    (_, one), (_, two) = node(), node(stale=timedelta(seconds=60))
    assert one.try_to_lead()
    assert not two.try_to_lead()
    assert one.renew()
