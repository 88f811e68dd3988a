"""One daemon on one SQLite file."""

import os
import signal
import subprocess
import sys

import pytest

from driftwatch.adapters.store import StoreLock
from driftwatch.domain.errors import StoreError

HOLDER = """
import sys, time
from driftwatch.adapters.store import StoreLock
lock = StoreLock(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_holder_is_refused_with_the_first_ones_process_number(tmp_path):
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=f"process {holder.pid}") as told:
            StoreLock(url)
        assert told.value.slug == "store-held"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with StoreLock(url) as lock:
            assert lock.path.read_text() == f"{os.getpid()}\n", "kill -9 has let go"


def test_a_link_to_the_store_is_the_same_store(tmp_path):
    (tmp_path / "driftwatch.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "driftwatch.db")
    with StoreLock(f"sqlite:///{tmp_path}/driftwatch.db"), pytest.raises(StoreError, match="held by"):
        StoreLock(f"sqlite:///{tmp_path}/link.db")


def test_a_lock_let_go_can_be_taken_again(tmp_path):
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    StoreLock(url).release()
    with StoreLock(url):
        pass
