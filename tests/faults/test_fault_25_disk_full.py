"""Line 25 of the fault catalogue: no room for another byte, while the daemon runs, and then room again."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from driftwatch.adapters.store import open_store
from driftwatch.domain.replay import SlotState
from tests.faults.stage import ENDPOINT, PROBES, Stage, staged

ROOM = 150_000
"""Bytes of a file: more than the log needs, less than the store's write-ahead log has already."""


@contextmanager
def full_disk(stage: Stage) -> Iterator[None]:
    """Let no file of the daemon's grow beyond `ROOM`; the kernel refuses as it does without space."""
    pid = stage.processes[-1].pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def test_fault_25_a_full_disk_asks_nothing_more_and_goes_on_by_itself(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.start()
        wal = Path(f"{stage.folder}/driftwatch.db-wal")
        stage.until(lambda: wal.exists() and wal.stat().st_size > ROOM + 20_000, "a write-ahead log beyond the limit")
        with full_disk(stage):
            stage.until(lambda: "replay broke off" in stage.log, "the first refusal")
            asked = len(stage.server.requests)
            sleep(2.0)
            # What was claimed before the disk was full may still be asked; nothing new is paid for.
            assert len(stage.server.requests) - asked < PROBES
            assert stage.log.count("replay broke off") == 1, "one line an outage, not one a slot"
            assert "Traceback" not in stage.log
        had = stage.done()
        stage.until(lambda: stage.done() >= had + 2, "replays as soon as there is room")
        code, _ = stage.terminate()
        assert code == 0, stage.log
        assert "the store works again" in stage.log
        assert stage.oncall.posts == []
        with open_store(stage.url) as store:
            failed = {r.reason for r in store.slots(ENDPOINT) if r.state is SlotState.FAILED}
        assert failed == {"driftwatch itself: StoreError"}
        stage.check()
