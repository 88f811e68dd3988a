"""`driftwatch replay`, as cron calls it: twice, against a vendor that is down, without a key, without a place to write."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.replay import SlotState
from driftwatch.testing.behaviours import status
from driftwatch.testing.server import refused_url
from tests.faults.stage import ENDPOINT, PROBES, Stage, staged

LAST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
SLOTS = tuple((LAST - timedelta(hours=hours)).isoformat() for hours in (2, 1, 0))


def driftwatch(stage: Stage, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "driftwatch", "-c", str(stage.config), *arguments]
    environ = {name: value for name, value in stage.environ.items() if name != "OPENAI_API_KEY"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environ)


def replayed(stage: Stage, slot: str) -> tuple[int, dict[str, object]]:
    ran = driftwatch(stage, "replay", ENDPOINT, "--slot", slot, "--json")
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_a_slot_replayed_twice_from_the_shell_is_replayed_once(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h", delay_s=0.0) as stage:
        first, again = replayed(stage, SLOTS[0]), replayed(stage, SLOTS[0])
        assert (first[0], first[1]["outcome"]) == (0, "replayed")
        assert (again[0], again[1]["outcome"]) == (0, "already")
        assert len(stage.server.requests) == PROBES
        stage.check()


def test_fault_35_a_vendor_that_is_down_for_hours_is_no_drift_and_operations_hear_it_once(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h", delay_s=0.0) as stage:
        stage.config.write_text(stage.config.read_text().replace("concurrency: 8", "concurrency: 8\n    attempts: 1"))
        assert replayed(stage, SLOTS[0])[0] == 0
        stage.server.behave = lambda _: status(503, "overloaded")
        outcomes = [replayed(stage, slot) for slot in SLOTS[1:]]
        assert [code for code, _ in outcomes] == [3, 3]
        assert all("unavailable" in str(told["reason"]) for _, told in outcomes)
        assert stage.oncall.posts == []
        assert len(stage.quiet.posts) == 1, [post.text for post in stage.quiet.posts]
        with open_store(stage.url) as store:
            assert [r.state for r in store.slots(ENDPOINT)] == [SlotState.DONE] + [SlotState.FAILED] * 2
            assert len(list(store.replays(ENDPOINT))) == 1
        stage.check()


@pytest.mark.parametrize("command", [("run",), ("replay", ENDPOINT)])
def test_a_missing_key_is_refused_before_anything_starts(tmp_path: Path, command: tuple[str, ...]) -> None:
    with staged(tmp_path, every="1h") as stage:
        text = stage.config.read_text()
        lines = [line for line in text.splitlines() if "api_key" not in line and "base_url" not in line]
        stage.config.write_text("\n".join(lines))
        ran = driftwatch(stage, *command)
        assert ran.returncode == 2
        assert "OPENAI_API_KEY" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert not (tmp_path / "driftwatch.db").exists()


@pytest.mark.parametrize(
    ("command", "place", "named"),
    [
        (("run",), "/proc/x.db", "/proc/x.db"),
        (("run",), "nowhere/x.db", "mkdir -p"),
        (("replay", ENDPOINT), "probes", "probes"),
    ],
)
def test_fault_14_a_store_that_cannot_be_written_is_named_with_the_way_on(
    tmp_path: Path, command: tuple[str, ...], place: str, named: str
) -> None:
    with staged(tmp_path, every="1h") as stage:
        stage.config.write_text(stage.config.read_text().replace("sqlite:///driftwatch.db", f"sqlite:///{place}"))
        ran = driftwatch(stage, *command)
        assert ran.returncode == 3
        assert named in ran.stderr
        assert "driftwatch explain store-" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert stage.server.requests == []


def test_an_endpoint_whose_address_nobody_answers_is_said_to_be_unreachable(tmp_path: Path) -> None:
    with staged(tmp_path, every="1h") as stage:
        text = stage.config.read_text().replace(stage.server.base_url, refused_url())
        stage.config.write_text(text.replace("concurrency: 8", "concurrency: 8\n    attempts: 1"))
        code, told = replayed(stage, SLOTS[0])
        assert (code, told["state"]) == (3, "failed")
        assert str(told["reason"]).startswith("network")
