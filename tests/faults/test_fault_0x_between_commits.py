"""Lines 1, 2 and 5 at the exact moments: the test takes SQLite's write lock just where the daemon must not get further.

No hook in the daemon: whoever holds the lock decides what is committed last before the SIGKILL.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from driftwatch.adapters.store import open_store
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import trial_payload
from driftwatch.domain.replay import SlotState
from tests.faults.stage import ENDPOINT, PATIENCE_S, PROBES, Stage, staged

UNDECIDED = "SELECT count(*) FROM endpoint WHERE last_seq > decided_seq AND last_seq > {after}"
UNSENT = "SELECT count(*) FROM outbox WHERE state = 'pending'"
HELD_UP = "SELECT count(*) FROM outbox WHERE not_before IS NOT NULL"
RUNNING = "SELECT count(*) FROM slot WHERE state = 'running'"
CALM = 14
"""The baseline of 8 and 6 quiet replays."""


@contextmanager
def stopped_when(stage: Stage, query: str) -> Iterator[sqlite3.Connection]:
    """Hold the write lock from the moment `query` counts something; nothing more can be committed."""
    with closing(sqlite3.connect(f"{stage.folder}/driftwatch.db", isolation_level=None, timeout=5)) as database:
        deadline = monotonic() + PATIENCE_S
        while not _held(database, query):
            assert monotonic() < deadline, f"{query}: it never happened\n{stage.log[-2000:]}"
            sleep(0.0002)
        try:
            yield database
        finally:
            database.execute("ROLLBACK")


def _held(database: sqlite3.Connection, query: str) -> bool:
    if not database.execute(query).fetchone()[0]:
        return False
    database.execute("BEGIN IMMEDIATE")
    if database.execute(query).fetchone()[0]:
        return True
    # It went on before we had the lock.
    database.execute("ROLLBACK")
    return False


def calm(stage: Stage) -> None:
    stage.live_through(CALM)
    stage.start()
    stage.until(lambda: stage.done() > CALM, "the first replay of the daemon's own")


def one_page_after_the_restart(stage: Stage) -> None:
    stage.start()
    stage.until(lambda: len(stage.oncall.posts) == 1, "the page")
    had = stage.done()
    stage.until(lambda: stage.done() >= had + 2, "two replays after the page")
    assert stage.terminate()[0] == 0
    assert len(stage.oncall.posts) == 1
    assert "possible repeat" not in stage.oncall.posts[0].text, "it was never on its way before"
    stage.check()


def test_fault_01_killed_between_the_last_answer_and_its_commit_the_slot_is_accounted_for(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h", delay_s=0.3) as stage:
        stage.start()
        stage.until(lambda: len(stage.server.requests) == PROBES, "the last question")
        with stopped_when(stage, RUNNING):
            sleep(0.8)  # Answered, and waiting for the lock.
            stage.kill()
        with open_store(stage.url) as store:
            assert [r.state for r in store.slots(ENDPOINT)] == [SlotState.RUNNING]
            assert list(store.replays(ENDPOINT)) == []
        stage.delay_s = 0.0
        stage.start()
        stage.until(lambda: stage.done() == 1, "the slot taken again")
        assert stage.terminate()[0] == 0
        assert len(stage.server.requests) == 2 * PROBES
        stage.check()


def test_fault_01_killed_between_facts_and_decision_the_page_is_decided_after_the_restart(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        calm(stage)
        stage.wrong = True
        # The first replay of nothing but wrong answers pages; the one under way may be half and half.
        with stopped_when(stage, UNDECIDED.format(after=stage.done() + 1)) as database:
            stage.kill()
            promised = database.execute("SELECT count(*) FROM outbox").fetchone()[0]
        assert promised == len(stage.oncall.posts) <= 1
        if not promised:
            one_page_after_the_restart(stage)
        else:
            stage.start()
            had = stage.done()
            stage.until(lambda: stage.done() >= had + 2, "two replays after the restart")
            assert stage.terminate()[0] == 0
            assert len(stage.oncall.posts) == 1
            stage.check()


def test_fault_02_killed_between_the_decision_and_the_sending_the_page_comes_once(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        calm(stage)
        hold_up_the_pages(stage)
        stage.wrong = True
        stage.until(lambda: counted(stage, UNSENT) == 2, "the page behind the held-up message")
        stage.kill()
        assert stage.oncall.posts == []
        with closing(sqlite3.connect(f"{stage.folder}/driftwatch.db")) as database, database:
            database.execute("DELETE FROM outbox WHERE key = 'held-up'")
        one_page_after_the_restart(stage)


def hold_up_the_pages(stage: Stage) -> None:
    """Let Slack refuse one message for ten minutes: what comes after it on its route waits, committed and not sent."""
    stage.oncall.then(stage.oncall.rate_limited("600"))
    now = datetime.now(UTC)
    payload = trial_payload(route="oncall", now=now)
    held_up = Delivery(key="held-up", route="oncall", severity=Severity.NOTICE, payload=payload, created_at=now)
    with open_store(stage.url) as store:
        store.enqueue([held_up])
    stage.until(lambda: counted(stage, HELD_UP) == 1, "Slack's refusal")


def counted(stage: Stage, query: str) -> int:
    with closing(sqlite3.connect(f"{stage.folder}/driftwatch.db")) as database:
        return int(database.execute(query).fetchone()[0])
