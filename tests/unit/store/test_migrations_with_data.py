"""Each migration up and down with data in the tables that it touches."""

from contextlib import closing
from dataclasses import replace

from alembic import command

from driftwatch.adapters.store import location, migrate, open_store, sqlite
from driftwatch.domain.confirmation import Burst, Confirmation
from driftwatch.domain.incident import Silence
from tests.contract.observed import HOUR, NOON, replay, score


def downgrade(url, revision):
    engine = sqlite.engine(location.parse(url), wait=migrate._WAIT, foreign_keys=False)
    with engine.connect() as connection, connection.begin():
        command.downgrade(migrate.alembic_config(connection), revision)
    engine.dispose()


def test_a_silence_outlives_the_columns_of_maintenance_windows(tmp_path):
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    window = Silence(
        endpoint="bot",
        starts_at=NOON,
        ends_at=NOON + HOUR,
        by="ada",
        comment="",
        maintenance=True,
        timezone="Asia/Tokyo",
    )
    with closing(open_store(url)) as store:
        store.add_silence(window)
    downgrade(url, "0003")
    with closing(open_store(url)) as store:
        assert store.silences(now=NOON) == (replace(window, id=1, maintenance=False, timezone="UTC"),)


def test_bursts_go_with_their_table_and_the_evidence_stays(tmp_path):
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    burst = Burst(
        endpoint="bot", seq=1, incident=1, started_at=NOON, finished_at=NOON, verdict=Confirmation.CHANGED, values={}
    )
    with closing(open_store(url)) as store:
        store.record_replay(replay(), [score(1.0)])
        store.record_burst(burst)
    downgrade(url, "0002")
    with closing(open_store(url)) as store:
        assert store.bursts("bot") == ()
        assert len(list(store.replays("bot"))) == 1
        store.record_burst(burst)
        assert store.bursts("bot") == (burst,)
