"""Many writers wait for each other; none ever hears "locked"."""

import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.errors import StoreError
from tests.contract.observed import NOON, replay, score, slot

WRITER = """
import sys
from driftwatch.adapters.store import open_store
from tests.contract.observed import NOON, replay, score, slot
store = open_store(sys.argv[1])
for hour in range(40):
    store.claim(slot(hour, sys.argv[2]), now=NOON)
    store.record_replay(replay(hour, endpoint=sys.argv[2]), [score(1.0)])
    store.next_incident_id()
"""


def test_threads_write_and_read_side_by_side(tmp_path):
    errors = []
    with closing(open_store(f"sqlite:///{tmp_path}/driftwatch.db")) as store:

        def work(name):
            try:
                for hour in range(25):
                    store.claim(slot(hour, name), now=NOON)
                    store.record_replay(replay(hour, endpoint=name), [score(1.0)])
                    assert len(list(store.replays(name))) == hour + 1
            except Exception as error:  # noqa: BLE001
                errors.append(error)

        threads = [threading.Thread(target=work, args=(f"bot-{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(store.endpoints()) == 4


def test_processes_make_and_write_one_store_side_by_side(tmp_path):
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, name], stderr=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    for writer in writers:
        _, told = writer.communicate(timeout=120)
        assert (writer.returncode, told) == (0, "")
    with closing(open_store(url)) as store:
        assert [r.seq for r in store.replays("a")] == [r.seq for r in store.replays("b")] == list(range(1, 41))
        assert store.next_incident_id() == 81


def test_a_lock_held_too_long_is_named(tmp_path):
    import sqlite3

    url = f"sqlite:///{tmp_path}/driftwatch.db"
    with closing(open_store(url, wait=timedelta(milliseconds=50))) as store:
        with closing(sqlite3.connect(tmp_path / "driftwatch.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another process has held it") as told:
                store.claim(slot(), now=NOON)
            assert told.value.slug == "store-locked"
            assert store.slots("bot") == (), "reading goes on"
            other.execute("ROLLBACK")
        assert store.claim(slot(), now=NOON), "and writing goes on when the lock is gone"


def test_threads_that_make_stores_at_once_all_get_theirs(tmp_path):
    """Alembic's global was taken from under the first thread by the second: KeyError 'config', and no store."""
    start, broken = threading.Barrier(4), []

    def make(number):
        start.wait()
        try:
            open_store(f"sqlite:///{tmp_path}/{number}.db").close()
        except Exception as error:  # noqa: BLE001  # told below, by the thread that can fail the test
            broken.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
