"""Line 23: a replica without the last commits takes over. What they say was sent is not sent again as if it were new."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from random import Random

import pytest

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.notify.slack import SlackWebhook
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.adapters.store import SqlStore, open_lease, open_store
from driftwatch.adapters.store.lease import Lease, node_name
from driftwatch.daemon.leader import DECIDED_AGAIN, Leader
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import trial_payload
from driftwatch.services.page import Pager
from driftwatch.services.patience import Patience
from driftwatch.testing.slack import FakeSlack, serve_slack
from tests.postgres import PostgresServer, postgres_server

PATIENCE = Patience(spacing_s=0.01, poll_s=0.02)


class Node:
    """A node's store, its part in leading, and its pager."""

    def __init__(self, url: str, slack: FakeSlack, ends: ExitStack) -> None:
        name = node_name()
        self.store: SqlStore = ends.enter_context(open_store(url, wait=timedelta(seconds=20), name=name))
        self.lease: Lease = open_lease(url, self.store, name=name)
        ends.callback(self.lease.release)
        clock = SystemClock()
        sinks = {
            "bot": SlackBot(slack.token, "#oncall", clock=clock, timeout_s=5.0, base_url=slack.api_url),
            "hook": SlackWebhook(slack.webhook_url, clock=clock, timeout_s=5.0),
        }
        doubts = Leader(self.lease, clock).doubts
        self.pager = Pager(self.store, sinks, clock=clock, rng=Random(7), patience=PATIENCE, doubts=doubts)

    def delivers(self) -> None:
        asyncio.run(self.pager.deliver_due())

    @property
    def states(self) -> set[DeliveryState]:
        return {row.state for row in self.store.deliveries()}


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with serve_slack() as served:
        yield served


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with postgres_server() as started:
        yield started


@pytest.fixture
def node(server: PostgresServer, slack: FakeSlack) -> Iterator[Callable[[], Node]]:
    url = server.url(server.new_database())
    with ExitStack() as ends:
        yield lambda: Node(url, slack, ends)


def leading(node: Callable[[], Node]) -> Node:
    made = node()
    assert made.lease.try_to_lead()
    return made


def promises(number: int, at: datetime | None = None) -> list[Delivery]:
    now = at or SystemClock().now()
    return [
        Delivery(
            key=f"bot/1/{number}/FIRST/7@{route}", route=route, severity=Severity.PAGE, created_at=now,
            payload=trial_payload(route=f"{route}-{number}", now=now),
        )
        for route in ("bot", "hook")
    ]  # fmt: skip


def posts(slack: FakeSlack) -> list[tuple[str, bool]]:
    """Return what people saw: which message, and whether it says that it may be a repeat."""
    names = ("bot-1", "hook-1", "bot-2", "hook-2", "bot-3", "hook-3")
    return sorted((name, "possible repeat" in post.text) for post in slack.posts for name in names if name in post.text)


def test_fault_23_another_node_asks_after_what_may_have_been_sent_before_the_failover(
    server: PostgresServer, node: Callable[[], Node], slack: FakeSlack
) -> None:
    """It was sent again, unmarked: its row said that nobody had tried."""
    one = leading(node)
    one.store.enqueue(promises(1))
    server.keep_replica()
    one.delivers()
    one.store.enqueue(promises(2))
    one.delivers()
    assert one.states == {DeliveryState.SENT}
    before = [("bot-1", False), ("bot-2", False), ("hook-1", False), ("hook-2", False)]
    assert posts(slack) == before
    server.fail_over()
    one.lease.release()
    two = leading(node)
    assert two.states == {DeliveryState.PENDING}
    # The second promise is lost altogether: what led to it is decided again, under the same key.
    two.store.enqueue(promises(2))
    two.delivers()
    assert two.states == {DeliveryState.SENT}
    assert posts(slack) == sorted([*before, ("hook-1", True), ("hook-2", True)])
    after = SystemClock().now() + DECIDED_AGAIN
    two.store.enqueue(promises(3, at=after))
    two.delivers()
    assert ("hook-3", False) in posts(slack), "what is decided later was never sent"


def test_fault_23_the_pager_that_sent_it_knows_so_whatever_the_database_forgot(
    server: PostgresServer, node: Callable[[], Node], slack: FakeSlack
) -> None:
    one = leading(node)
    one.store.enqueue(promises(1))
    server.keep_replica()
    one.delivers()
    server.fail_over()
    assert one.states == {DeliveryState.PENDING}
    one.delivers()
    assert one.states == {DeliveryState.SENT}
    assert posts(slack) == [("bot-1", False), ("hook-1", False)]


def test_fault_23_nothing_is_doubted_where_the_server_is_the_one_it_was(
    server: PostgresServer, node: Callable[[], Node], slack: FakeSlack
) -> None:
    one = leading(node)
    one.store.enqueue(promises(1))
    server.crash()
    server.start()
    one.lease.release()
    two = leading(node)
    assert two.lease.failed_over_at is None
    two.delivers()
    assert posts(slack) == [("bot-1", False), ("hook-1", False)]
