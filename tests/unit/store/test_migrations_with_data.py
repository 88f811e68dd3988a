"""Each migration up and down with data in all tables, on every database."""

from contextlib import closing
from dataclasses import replace

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from driftwatch.adapters.store import check, location, migrate, migrate_postgres, open_store, schema, sqlite, tables
from driftwatch.domain.confirmation import Burst, Confirmation
from driftwatch.domain.incident import Silence
from tests.contract.observed import HOUR, NOON, answer, failed, replay, rich_reply, score
from tests.contract.test_store_contract import decision, delivery, incident
from tests.stores import BACKENDS, STORES

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True, scope="session")

WINDOW = Silence(
    endpoint="bot", starts_at=NOON, ends_at=NOON + HOUR, by="ada", comment="\x00", maintenance=True, timezone="Asia/Tokyo"
)  # fmt: skip
BURST = Burst(
    endpoint="bot", seq=1, incident=1, started_at=NOON, finished_at=NOON, verdict=Confirmation.CHANGED, values={}
)
SENT = delivery("k", remote="C1:1", thread="C1:0", error="\ud800")


@pytest.fixture
def url(backend, tmp_path):
    return STORES.url(tmp_path)


def connected(url):
    place = location.parse(url)
    on_server = location.is_postgres(place)
    return migrate_postgres.connected(place, migrate._WAIT) if on_server else migrate._connected(place, migrate._WAIT)


def downgrade(url, revision):
    with connected(url) as connection, connection.execution_options(**{sqlite.WRITES: True}).begin():
        command.downgrade(schema.alembic_config(connection), revision)


def revisions():
    script = ScriptDirectory(str(schema.MIGRATIONS))
    return [one.revision for one in script.walk_revisions()][1:]


def fill(url):
    with closing(open_store(url)) as store:
        store.record_replay(replay(answers=[answer(reply=rich_reply()), failed("no@bbb")]), [score(1.0)])
        store.commit_decision(decision(1, incident=incident(), deliveries=[SENT]))
        store.start_epoch("bot", reason="accepted", now=NOON)
        store.add_silence(WINDOW)
        store.record_burst(BURST)


def known(url, *, silence=WINDOW, bursts=(BURST,), sent=SENT):
    with closing(open_store(url)) as store:
        [found] = store.replays("bot")
        assert found.values == {"exact": {"hi@aaa": (1.0,)}}
        [first, second] = store.answers("bot", found.slot)
        assert (first.reply, second.reply) == (rich_reply(), None)
        assert (store.epoch("bot"), store.decided_seq("bot")) == (2, 1)
        assert store.streams("bot") == {"exact": decision(1).streams[0]}
        assert (store.incident(1), store.transitions(1)) == (incident(), (incident(),))
        assert store.next_incident_id() > 1
        assert store.silences(now=NOON) == (replace(silence, id=1),)
        assert store.bursts("bot") == bursts
        assert store.deliveries() == (sent,)


@pytest.mark.parametrize("revision", revisions())
def test_what_was_stored_survives_every_migration_down_and_up_again(url, revision):
    fill(url)
    known(url)
    downgrade(url, revision)
    lost = {}
    if revision < "0004":
        lost["silence"] = replace(WINDOW, maintenance=False, timezone="UTC")
    if revision < "0003":
        lost["bursts"] = ()
    if revision < "0002":
        lost["sent"] = replace(SENT, remote=None, thread=None)
    known(url, **lost)
    assert check(url) == ()


def test_down_to_nothing_leaves_nothing(url):
    fill(url)
    downgrade(url, "base")
    with connected(url) as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    with closing(open_store(url)) as store:
        assert store.endpoints() == ()


def test_the_migrations_make_the_tables_that_are_declared(url):
    open_store(url).close()
    with connected(url) as connection:
        assert schema.differences(connection) == []
        assert set(inspect(connection).get_table_names()) == {*tables.METADATA.tables, "alembic_version"}
