"""What waits for its group, and what must not: the pager over the real SQLite outbox, with a clock in the hand."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from driftwatch.adapters.notify.fenced import Fenced
from driftwatch.adapters.notify.pagerduty import PagerDuty
from driftwatch.adapters.notify.webhook import Webhook
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.metric import Severity
from driftwatch.domain.secret import Secret
from driftwatch.services.page import Pager
from driftwatch.services.ports import Notifier
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.notifier import RecordingNotifier

START = datetime(2026, 7, 20, 6, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


class Told:
    """A store, a clock, two routes, and when what was told on them."""

    def __init__(self, store: SqlStore, oncall: RecordingNotifier, shown_as: Notifier | None = None) -> None:
        self.store, self.clock = store, ManualClock(START)
        self.oncall, self.fallback = oncall, RecordingNotifier()
        self.pager = Pager(
            store,
            {"oncall": shown_as or oncall, "ops": self.fallback},
            clock=self.clock,
            fallback="ops",
            rng=Random(7),
            interval=5 * MINUTE,
            wait=MINUTE,
        )
        self.said: list[tuple[float, str]] = []

    def until(self, end: timedelta, step: timedelta = SECOND) -> list[tuple[float, str]]:
        while self.clock.now() < START + end:
            self.clock.advance(step)
            now, before = self.clock.now(), len(self.oncall.taken)
            asyncio.run(self.pager.deliver_due())
            named = [sent.payload["endpoint"] for sent in self.oncall.taken[before:]]
            self.said += [((now - START).total_seconds(), name) for name in named]
        return self.said


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Told(store, RecordingNotifier())


def row(name: str, at: timedelta = timedelta(0), *, group: str | None = "openai gpt", **changes: Any) -> Delivery:
    told_of = {"key": f"{name}/1/1", "kind": "drift", "endpoint": name}
    facts = {
        "key": f"{name}/1/1/FIRST/1@oncall",
        "route": "oncall",
        "severity": Severity.PAGE,
        "payload": {**told_of, "group": group} if group else told_of,
        "created_at": START + at,
        "not_before": START + at + MINUTE if group else None,
    }
    return Delivery(**(facts | changes))


@pytest.mark.parametrize("fenced", [False, True])
def test_a_sink_that_is_per_incident_gets_each_of_a_group_alone_and_at_once(tmp_path: Path, fenced: bool) -> None:
    """The second one had no alert of its own there, and none at all once the first had ended."""

    class PerIncident(RecordingNotifier):
        joins = False

    async def leads() -> bool:
        return True

    sink = PerIncident()
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        told = Told(store, sink, Fenced(sink, leads) if fenced else None)
        store.enqueue([row("a"), row("b")])
        said = told.until(10 * SECOND)
        assert [name for _, name in said] == ["a", "b"]
        assert not any("also" in sent.payload for sent in sink.taken)
        assert {d.state for d in store.deliveries()} == {DeliveryState.SENT}


def test_pagerduty_and_the_webhook_are_per_incident() -> None:
    clock = ManualClock(START)
    for sink in (PagerDuty(Secret("0" * 32), clock=clock), Webhook(Secret("http://127.0.0.1:1/"), clock=clock)):
        assert not sink.joins


def test_a_message_that_was_sent_by_a_clock_ahead_holds_nobody(told: Told) -> None:
    ahead = row("past", 3 * DAY, state=DeliveryState.SENT, sent_at=START + 3 * DAY + MINUTE, not_before=None)
    told.store.enqueue([ahead])
    told.store.save_delivery(ahead)
    told.store.enqueue([row("b")])
    assert told.until(70 * SECOND) == [(60.0, "b")]


def test_a_row_that_a_clock_ahead_held_goes_at_once(told: Told) -> None:
    told.store.enqueue([row("a", not_before=START + 3 * DAY)])
    assert told.until(5 * SECOND) == [(1.0, "a")]


def test_the_fallback_hears_of_a_row_that_was_held_too_far_while_its_sink_takes_nothing(told: Told) -> None:
    told.oncall.failures.append(DeliveryError("slow down", permanent=False, retry_after_s=900.0))
    told.store.enqueue([row("first", group=None)])
    told.until(5 * SECOND)
    told.store.enqueue([row("a", not_before=START + 3 * DAY)])
    told.until(12 * MINUTE, step=20 * SECOND)
    assert "a" in [sent.payload["endpoint"] for sent in told.fallback.taken]
    assert told.oncall.taken == []


def test_a_page_is_not_held_behind_a_notice_of_its_group_and_a_notice_is_behind_a_page(told: Told) -> None:
    told.store.enqueue([row("quiet", severity=Severity.NOTICE)])
    told.until(65 * SECOND)
    told.store.enqueue([row("loud", 65 * SECOND)])
    told.until(130 * SECOND)
    told.store.enqueue([row("again", 130 * SECOND, severity=Severity.NOTICE)])
    assert told.until(500 * SECOND) == [(60.0, "quiet"), (125.0, "loud"), (425.0, "again")]


def test_a_louder_later_one_goes_with_the_one_that_is_due_and_holds_no_stranger(told: Told) -> None:
    """It took the notice along into its own wait, and the route stood still behind it."""
    told.store.enqueue([row("quiet", severity=Severity.NOTICE)])
    told.until(58 * SECOND)
    told.store.enqueue([row("loud", 58 * SECOND), row("stranger", 59 * SECOND, group=None)])
    told.until(59 * SECOND)
    assert told.until(62 * SECOND) == [(59.0, "stranger"), (60.0, "loud")]
    assert [one["endpoint"] for one in told.oncall.taken[-1].payload["also"]] == ["quiet"]


def test_a_stranger_behind_a_due_group_goes_in_the_same_pass(told: Told) -> None:
    quiet = row("quiet", severity=Severity.NOTICE)
    told.store.enqueue([quiet, row("loud", 58 * SECOND), row("stranger", 59 * SECOND, group=None)])
    told.clock.advance(MINUTE - SECOND)
    assert told.until(MINUTE) == [(60.0, "loud"), (60.0, "stranger")]


def test_what_nobody_tried_for_72_hours_is_tried_and_said_to_be_late(told: Told) -> None:
    """A machine that slept for three days woke up and gave its page up, and the fallback's copy with it."""
    told.oncall.failures.append(DeliveryError("no network yet", permanent=False))
    told.store.enqueue([row("a")])
    told.clock.advance(3 * DAY + MINUTE)
    told.until(3 * DAY + 3 * MINUTE, step=10 * SECOND)
    assert [sent.payload["delayed_min"] for sent in told.oncall.taken] == [4321]
    assert [sent.payload["instead_of"] for sent in told.fallback.taken] == ["oncall"]


def test_what_is_tried_for_72_hours_since_its_first_attempt_is_given_up(told: Told) -> None:
    told.oncall.failures.extend(DeliveryError("out of order", permanent=False) for _ in range(500))
    told.store.enqueue([row("a")])
    told.clock.advance(3 * DAY + MINUTE)
    told.until(6 * DAY, step=timedelta(hours=1))
    assert next(iter(told.store.deliveries())).state.open
    told.until(6 * DAY + timedelta(hours=3), step=timedelta(hours=1))
    states = {d.route: d.state for d in told.store.deliveries()}
    assert states == {"oncall": DeliveryState.DEAD, "ops": DeliveryState.SENT}
