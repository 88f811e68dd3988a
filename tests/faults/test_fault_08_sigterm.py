"""Line 8 of the fault catalogue, and line 15: a stop in good order, and one daemon a store."""

import subprocess
import sys
from pathlib import Path

from driftwatch.adapters.store import open_store
from driftwatch.daemon.life import FLUSH_S, GRACE_S
from driftwatch.domain.delivery import DeliveryState
from driftwatch.domain.replay import SlotState
from tests.faults.stage import ENDPOINT, Stage, staged


def replaying(stage: Stage, requests: int = 1) -> None:
    """Start, and wait until the vendor was asked so many questions of the first replay."""
    stage.start()
    stage.until(lambda: len(stage.server.requests) >= requests, "the first questions")


def test_fault_08_sigterm_in_mid_replay_lets_it_finish(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h", delay_s=0.5) as stage:
        replaying(stage)
        code, took_s = stage.terminate()
        assert code == 0, stage.log
        assert took_s < GRACE_S
        with open_store(stage.url) as store:
            assert [r.state for r in store.slots(ENDPOINT)] == [SlotState.DONE]
        assert len(stage.server.requests) == 40
        stage.check()


def test_fault_08_a_second_sigterm_does_not_wait_and_the_slot_is_taken_again(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h", delay_s=30.0) as stage:
        replaying(stage)
        stage.processes[-1].terminate()
        stage.until(lambda: "stopping" in stage.log, "the first signal")
        code, took_s = stage.terminate()
        assert code == 0, stage.log
        assert took_s < GRACE_S, "an answer would have come after 30 s"
        with open_store(stage.url) as store:
            left = store.slots(ENDPOINT)
        assert [r.state for r in left] == [SlotState.RUNNING]
        stage.delay_s = 0.0
        stage.start()
        stage.until(lambda: stage.done() == 1, "the slot taken again")
        stage.terminate()
        with open_store(stage.url) as store:
            assert [r.slot for r in store.slots(ENDPOINT)] == [r.slot for r in left]
        stage.check()


def test_fault_08_what_was_decided_by_the_last_replay_is_sent_before_the_end(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.live_through(14)
        stage.start()
        stage.until(lambda: stage.done() > 14, "a replay of the daemon's own")
        stage.wrong, stage.delay_s = True, 0.4
        # The replay that will page is under way, its page is not decided.
        had = len(stage.server.requests)
        stage.until(lambda: len(stage.server.requests) >= had + 60, "wrong answers")
        code, took_s = stage.terminate()
        assert code == 0, stage.log
        assert took_s < GRACE_S + FLUSH_S
        assert len(stage.oncall.posts) == 1, stage.log
        with open_store(stage.url) as store:
            assert {d.state for d in store.deliveries()} == {DeliveryState.SENT}
        stage.check()


def test_fault_15_two_daemons_on_one_store_the_second_names_the_first_and_ends(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h") as stage:
        replaying(stage)
        second = subprocess.run(
            [sys.executable, "-m", "driftwatch", "-c", str(stage.config), "run"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert second.returncode == 3
        assert f"held by process {stage.processes[0].pid}" in second.stderr + second.stdout
        assert "Traceback" not in second.stderr
        assert stage.terminate()[0] == 0
        assert len(stage.server.requests) == 40
        stage.check()
