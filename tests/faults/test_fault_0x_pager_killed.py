"""Lines 2 to 4 of the fault catalogue for an incoming webhook: a real process, a real SQLite file, SIGKILL.

A webhook cannot be asked what it took, so the promise is: at least once, and any second time says that it may be one.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.delivery import DeliveryState
from driftwatch.testing.slack import FakeSlack, serve_slack
from tests.faults.pager_child import HurriedClock, promise

CHILD = Path(__file__).with_name("pager_child.py")
PATIENCE_S = 30.0


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with serve_slack() as served:
        yield served


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/driftwatch.db"


@contextmanager
def child(store_url: str, slack: FakeSlack, mode: str) -> Iterator[subprocess.Popen[str]]:
    """Run a pager and kill it with SIGKILL at the end of the block."""
    command = [sys.executable, str(CHILD), store_url, slack.webhook_url.reveal(), mode]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE_S
    while not happened():
        assert monotonic() < deadline, "it never happened"
        sleep(0.02)


def committed(store_url: str) -> None:
    """Write the promise as the deciding transaction does."""
    with open_store(store_url) as store:
        store.enqueue([promise(HurriedClock().now())])


def deliver(store_url: str, slack: FakeSlack, posts: int) -> None:
    """Start again, and wait for the row to be `sent` and for so many posts."""
    with child(store_url, slack, "page"):
        wait_until(lambda: len(slack.posts) >= posts and state(store_url) is DeliveryState.SENT)


def state(store_url: str) -> DeliveryState:
    with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as database:
        return DeliveryState(database.execute("SELECT state FROM outbox").fetchone()[0])


def repeats(slack: FakeSlack) -> list[bool]:
    return ["possible repeat" in post.text for post in slack.posts]


def test_fault_02_killed_between_commit_and_send_the_page_is_sent_after_the_restart(
    store_url: str, slack: FakeSlack
) -> None:
    with child(store_url, slack, "commit") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "committed\n"
    deliver(store_url, slack, posts=1)
    assert repeats(slack) == [False]


@pytest.mark.parametrize("accepted", [False, True])
def test_fault_03_killed_in_flight_the_page_arrives_and_a_second_one_says_so(
    store_url: str, slack: FakeSlack, accepted: bool
) -> None:
    committed(store_url)
    slack.then(slack.hang(60.0, accepted=accepted))
    with child(store_url, slack, "page"):
        wait_until(lambda: slack.requests == 1 and len(slack.posts) == accepted)
    assert state(store_url) is DeliveryState.SENDING
    deliver(store_url, slack, posts=1 + accepted)
    assert repeats(slack) == [False] * accepted + [True]


def test_fault_04_killed_between_200_and_commit_the_repeat_says_so(store_url: str, slack: FakeSlack) -> None:
    committed(store_url)
    with child(store_url, slack, "page-then-stall"):
        wait_until(lambda: len(slack.posts) == 1)
    assert state(store_url) is DeliveryState.SENDING
    deliver(store_url, slack, posts=2)
    assert repeats(slack) == [False, True]


def test_a_delivered_page_is_not_sent_again_by_any_number_of_restarts(store_url: str, slack: FakeSlack) -> None:
    committed(store_url)
    for _ in range(2):
        deliver(store_url, slack, posts=1)
    assert repeats(slack) == [False]
