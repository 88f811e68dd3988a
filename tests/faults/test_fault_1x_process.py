"""Lines 6, 9, 11, 12, 13 and 16 of the fault catalogue: migrations, stops, limits and sleeps of a real process."""

import os
import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from time import sleep

from alembic import command
from sqlalchemy import Engine, event

from driftwatch.adapters.store import check, location, migrate, open_store, schema, sqlite
from driftwatch.daemon.duty import ASLEEP, BUSY
from driftwatch.domain.replay import SlotRecord, SlotState
from driftwatch.testing.behaviours import endless
from tests.faults.stage import ENDPOINT, Stage, staged


def old_store(file: Path) -> str:
    """Make a store of the first schema with something in it."""
    url = f"sqlite:///{file}"
    engine = sqlite.engine(location.parse(url), wait=migrate._WAIT, foreign_keys=False)
    with engine.connect() as connection:
        sqlite.use_wal(connection)
        connection.rollback()
        with connection.begin():
            command.upgrade(schema.alembic_config(connection), "0001")
    engine.dispose()
    row = ("p", "oncall", "page", "{}", "2026-07-20 06:00:00.000000", "sent", 1, 0)
    columns = "key, route, severity, payload, created_at, state, attempts, possible_repeat"
    with closing(sqlite3.connect(file)) as database, database:
        database.executemany(
            f"INSERT INTO outbox ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(f"{n}", *row[1:]) for n in range(2_000)],
        )
    return url


def test_fault_06_killed_in_a_migration_the_store_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    """At statement after statement of the upgrade, not at moments that a busy machine may never reach."""
    url, kills = old_store(tmp_path / "driftwatch.db"), 0
    for number in count(3, 4):
        child = os.fork()
        if not child:
            os.close(2)
            die_at(number)
            open_store(url).close()
            os._exit(0)
        ended = os.waitpid(child, 0)[1]
        with closing(sqlite3.connect(tmp_path / "driftwatch.db")) as database:
            [[version]] = database.execute("SELECT version_num FROM alembic_version").fetchall()
            columns = {row[1] for row in database.execute("PRAGMA table_info(outbox)")}
            assert database.execute("SELECT count(*) FROM outbox").fetchone() == (2_000,)
        assert version in ("0001", schema.HEAD), f"half-migrated at statement {number}"
        assert ("remote" in columns) == (version == schema.HEAD)
        if os.WIFEXITED(ended):
            assert os.WEXITSTATUS(ended) == 0
            break
        assert os.WTERMSIG(ended) == signal.SIGKILL
        kills += 1
    assert kills >= 8, "most of them in the middle of the upgrade"
    with closing(open_store(url)) as store:
        assert len(store.deliveries()) == 2_000
    assert check(url) == ()


def die_at(number: int) -> None:
    """Let SIGKILL end this process before its so-manieth statement on a database."""
    left = iter(range(number))

    def before(*_: object) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", before)


def test_fault_09_killed_while_it_stops_the_next_start_goes_on(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h", delay_s=30.0) as stage:
        stage.start()
        stage.until(lambda: len(stage.server.requests) >= 1, "the first question")
        stage.processes[-1].terminate()
        stage.until(lambda: "stopping" in stage.log, "the stop")
        stage.kill()
        stage.delay_s = 0.0
        stage.start()
        stage.until(lambda: stage.done() == 1, "the slot taken again")
        assert stage.terminate()[0] == 0
        stage.check()


def test_fault_11_while_each_life_ends_before_its_replay_the_dead_mans_switch_hears_nothing(tmp_path: Path) -> None:
    """That silence is what makes it fire, on somebody else's machine; a life that replays is heard again."""
    with staged(tmp_path, every="1h", delay_s=0.5) as stage, switch() as pings:
        stage.config.write_text(stage.config.read_text() + f"deadman: {{url: '{pings.url}'}}\n")
        for _ in range(3):
            asked = len(stage.server.requests)
            stage.start()
            stage.until(lambda asked=asked: len(stage.server.requests) > asked, "a question")
            stage.kill()
        assert pings.heard == 0
        stage.delay_s = 0.0
        stage.start()
        stage.until(lambda: pings.heard > 0, "a ping after a replay that was judged")
        assert stage.done() == 1
        assert stage.terminate()[0] == 0
        stage.check()


class Pings(ThreadingHTTPServer):
    """Somebody else's dead-man's switch: it counts what it hears."""

    heard = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ping"


class Ping(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.heard += 1  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def switch() -> Iterator[Pings]:
    with Pings(("127.0.0.1", 0), Ping) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_fault_12_huge_answers_do_not_grow_the_process(tmp_path: Path) -> None:
    """The daemon may not need more memory than it has: an OOM kill would come again with every restart."""
    with staged(tmp_path, delay_s=0.0) as stage:
        stage.config.write_text(stage.config.read_text().replace("concurrency: 8", "concurrency: 8\n    attempts: 1"))
        stage.start()
        stage.until(lambda: stage.done() >= 2, "two good replays")
        before = _resident_mb(stage)
        stage.server.behave = lambda _: endless(20_000_000)
        asked = len(stage.server.requests)
        stage.until(lambda: len(stage.server.requests) >= asked + 40, "40 huge answers")
        assert _resident_mb(stage) - before < 150
        stage.server.behave = stage.behave
        had = stage.done()
        stage.until(lambda: stage.done() > had, "a good replay afterwards")
        assert stage.terminate()[0] == 0
        stage.check()


def test_fault_13_without_file_descriptors_it_is_degraded_and_goes_on(tmp_path: Path) -> None:
    with staged(tmp_path, delay_s=0.0) as stage:
        stage.start()
        stage.until(lambda: stage.done() >= 2, "two good replays")
        pid = stage.processes[-1].pid
        held = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (held + 1, before[1]))
        sleep(3.0)
        assert stage.processes[-1].poll() is None, stage.log[-2000:]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        had = stage.done()
        stage.until(lambda: stage.done() >= had + 2, "replays as soon as there are some again")
        assert stage.terminate()[0] == 0
        assert stage.oncall.posts == []
        stage.check()


def test_fault_16_after_a_sleep_one_replay_catches_up_and_the_missed_ones_are_named(tmp_path: Path) -> None:
    with staged(tmp_path, delay_s=0.0) as stage:
        stage.start()
        stage.until(lambda: stage.done() >= 2, "two good replays")
        os.kill(stage.processes[-1].pid, signal.SIGSTOP)
        asleep = datetime.now(UTC)
        sleep(6.0)
        woken = datetime.now(UTC)
        os.kill(stage.processes[-1].pid, signal.SIGCONT)
        stage.until(lambda: _missed(stage, asleep, woken) >= 3, "the slots of the sleep, accounted for")
        assert stage.terminate()[0] == 0
        # One replay for the whole sleep, not one for each slot of it, and perhaps one that fell asleep in its middle.
        assert _count(stage, asleep, woken, lambda r: r.state is SlotState.DONE) <= 2
        stage.check()


def _missed(stage: Stage, since: datetime, until: datetime) -> int:
    """Return how many slots of the sleep are named as skipped; one that fell asleep in mid-replay calls them busy."""
    return _count(stage, since, until, lambda r: r.state is SlotState.SKIPPED and r.reason in (ASLEEP, BUSY))


def _count(stage: Stage, since: datetime, until: datetime, which: Callable[[SlotRecord], bool]) -> int:
    with open_store(stage.url) as store:
        return sum(map(which, store.slots(ENDPOINT, since=since, until=until)))


def _resident_mb(stage: Stage) -> float:
    status = Path(f"/proc/{stage.processes[-1].pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
