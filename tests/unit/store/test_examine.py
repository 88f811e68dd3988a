"""A store that is only looked at lies there afterwards as it did."""

import subprocess
import sys
from pathlib import Path

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.adapters.store.examine import examine
from driftwatch.domain.errors import StoreError

DIES = """
import os, sys
from datetime import UTC, datetime
from driftwatch.adapters.store import open_store
open_store(sys.argv[1]).start_epoch("bot", reason="a test", now=datetime(2026, 7, 20, tzinfo=UTC))
os._exit(9)
"""


@pytest.fixture
def of_a_killed_daemon(tmp_path: Path) -> Path:
    """A store whose last commits are in the log beside it."""
    # What must be quoted in a URI is part of the name.
    file = tmp_path / "odd #1.db"
    with open_store(f"sqlite:///{file}"):
        pass
    died = subprocess.run([sys.executable, "-c", DIES, f"sqlite:///{file}"], check=False)
    assert died.returncode == 9
    return file


def lies(file: Path) -> dict[str, bytes]:
    # The third file, -shm, is an index of the log that every reader marks.
    return {one.name: one.read_bytes() for one in file.parent.iterdir() if not one.name.endswith("-shm")}


def test_the_log_of_a_daemon_that_was_killed_is_left_beside_its_file(of_a_killed_daemon: Path) -> None:
    """Who closed the file last had moved the log into it: of a damaged store both are to be kept as they are."""
    before = lies(of_a_killed_daemon)
    assert before[f"{of_a_killed_daemon.name}-wal"]
    found = examine(f"sqlite:///{of_a_killed_daemon}")
    assert (found.version, found.journal, found.damage) == (found.head, "wal", ())
    assert lies(of_a_killed_daemon) == before


def test_a_damaged_store_keeps_its_log(of_a_killed_daemon: Path) -> None:
    damaged = bytearray(of_a_killed_daemon.read_bytes())
    damaged[4096 * 3 :] = b"\xff" * (len(damaged) - 4096 * 3)
    of_a_killed_daemon.write_bytes(damaged)
    before = lies(of_a_killed_daemon)
    with pytest.raises(StoreError, match="the database is damaged"):
        examine(f"sqlite:///{of_a_killed_daemon}")
    assert lies(of_a_killed_daemon) == before


def test_of_a_store_that_was_closed_nothing_new_lies_there(tmp_path: Path) -> None:
    file = tmp_path / "driftwatch.db"
    with open_store(f"sqlite:///{file}"):
        pass
    before = lies(file)
    examine(f"sqlite:///{file}")
    assert lies(file) == before
