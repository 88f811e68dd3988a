"""`driftwatch demo` as a newcomer runs it, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.replay import SlotState

DEMO = [sys.executable, "-m", "driftwatch", "demo", "--json"]


def ending(*words: str) -> dict[str, Any]:
    done = subprocess.run([*DEMO, *words], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_silent_swap_behind_a_real_server_ends_with_one_page(tmp_path: Path) -> None:
    told = ending("--keep", str(tmp_path / "kept"))
    assert (told["came"], told["pages"], told["recorded"]) == ("page", 1, False)
    kept = {path.name for path in (tmp_path / "kept").iterdir()}
    assert {"config", "probes", "driftwatch.db", "daemon.log", "report.md", "report.html"} <= kept


@pytest.mark.slow
@pytest.mark.parametrize(
    ("drift", "came"),
    [("quantize", "notice"), ("none", "none"), ("temperature", "page"), ("system-prompt", "page")],
)
def test_every_other_drift_ends_as_it_must(drift: str, came: str) -> None:
    assert ending("--drift", drift)["came"] == came


def test_a_demo_that_is_told_to_stop_leaves_no_daemon_behind(tmp_path: Path) -> None:
    """Three such daemons were met on a machine whose demos had been stopped: each went on replaying."""
    kept = tmp_path / "kept"
    with subprocess.Popen([*DEMO, "--scripted", "--keep", str(kept)], stdout=subprocess.PIPE, text=True) as demo:
        daemon = pid_of_daemon(kept)
        demo.terminate()
        assert demo.wait(60) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(daemon, 0)


def test_a_time_that_is_none_is_refused_before_anything_starts() -> None:
    done = subprocess.run([*DEMO, "--every", "soon"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "not a duration" in done.stderr


@pytest.mark.slow
def test_where_llama_does_not_run_a_recording_plays() -> None:
    told = ending("--scripted")
    assert (told["came"], told["recorded"]) == ("page", True)


@pytest.mark.slow
@pytest.mark.parametrize("killed_after", [8, 19, 27, 29])
def test_a_daemon_killed_in_the_middle_still_pages_exactly_once(tmp_path: Path, killed_after: int) -> None:
    """The demo starts a dead daemon again, as systemd would; replay 27 is the first one after the change.

    A daemon killed while it sent may say the same again, marked as a possible repeat: that is no second page.
    """
    kept = tmp_path / "kept"
    with subprocess.Popen([*DEMO, "--keep", str(kept)], stdout=subprocess.PIPE, text=True) as demo:
        kill_daemon(kept, killed_after)
        out, _ = demo.communicate(timeout=300)
    told = json.loads(out)
    assert (told["came"], told["pages"], told["restarts"]) == ("page", 1, 1)
    with open_store(f"sqlite:///{kept}/driftwatch.db") as store:
        ended = store.slots("support-bot")[:-1]
        # The last slot may have been running when the demo stopped.
        assert {r.state for r in ended} <= {SlotState.DONE, SlotState.SKIPPED, SlotState.FAILED}
        assert len({r.slot for r in ended}) == len(ended)


def pid_of_daemon(kept: Path) -> int:
    """Wait until the daemon runs and return its process."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        log = kept / "daemon.log"
        if log.exists() and "replay finished" in log.read_text():
            return int((kept / "driftwatch.db.lock").read_text())
        time.sleep(0.05)
    raise AssertionError("the daemon never came up")


def kill_daemon(kept: Path, replays: int) -> None:
    """Send SIGKILL to the daemon as soon as it has done so many replays."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        log = kept / "daemon.log"
        if log.exists() and log.read_text().count("replay finished") >= replays:
            os.kill(int((kept / "driftwatch.db.lock").read_text()), signal.SIGKILL)
            return
        time.sleep(0.05)
    raise AssertionError("the daemon never got that far")
