"""What the fallback route hears of messages that told of several incidents, and of how these went on."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from driftwatch.adapters.notify.pagerduty import event
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.metric import Severity
from driftwatch.services.page import Pager
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.notifier import RecordingNotifier

START = datetime(2026, 7, 20, 6, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class PerIncident(RecordingNotifier):
    """A sink like PagerDuty: it remembers the alerts that are open there, by their dedup keys."""

    joins = False

    @property
    def alerts(self) -> dict[str, str]:
        """Each alert's last event; one that ended is gone."""
        found: dict[str, str] = {}
        for sent in self.taken:
            said = event(sent)
            if said["event_action"] == "resolve":
                found.pop(said["dedup_key"], None)
            elif said["event_action"] == "trigger" or said["dedup_key"] in found:
                found[said["dedup_key"]] = said["event_action"]
        return found


class Night:
    """An outbox, a clock, a route that groups, and the fallback."""

    def __init__(self, store: SqlStore, duty: RecordingNotifier) -> None:
        self.store, self.duty, self.clock = store, duty, ManualClock(START)
        self.oncall = RecordingNotifier()
        self.begin()

    def begin(self) -> None:
        """Start a pager, as after a restart: it remembers nothing."""
        sinks = {"oncall": self.oncall, "duty": self.duty}
        self.pager = Pager(self.store, sinks, clock=self.clock, fallback="duty", rng=Random(7), interval=5 * MINUTE)

    def passes(self, times: int = 1, step: timedelta = 5 * SECOND) -> None:
        for _ in range(times):
            asyncio.run(self.pager.deliver_due())
            self.clock.advance(step)

    def refuses(self, times: int = 1) -> None:
        self.oncall.failures.extend(DeliveryError("archived", permanent=True) for _ in range(times))

    def opens(self, *names: str, **changes: Any) -> None:
        self.store.enqueue([told(name, self.clock.now(), **changes) for name in names])

    def goes_on(self, name: str, reason: str, state: str) -> None:
        said = told(name, self.clock.now(), reason=reason, state=state)
        self.store.enqueue([replace(said, payload={k: v for k, v in said.payload.items() if k != "group"})])


def told(
    name: str, at: datetime, *, reason: str = "FIRST", state: str = "firing", severity: Severity = Severity.PAGE
) -> Delivery:
    said = {
        "kind": "drift", "key": f"{name}/1/1", "incident": f"inc-{name}", "endpoint": name, "group": "openai gpt",
        "reason": reason, "state": state, "at": at.isoformat(), "severity": severity.value, "findings": [],
    }  # fmt: skip
    return Delivery(
        key=f"{name}/1/1/{reason}/7@oncall", route="oncall", severity=severity, payload=said, created_at=at,
        not_before=at + MINUTE if reason == "FIRST" else None,
    )  # fmt: skip


@pytest.fixture(params=[PerIncident, RecordingNotifier])
def duty(request: pytest.FixtureRequest) -> RecordingNotifier:
    return request.param()  # type: ignore[no-any-return]


@pytest.fixture
def night(tmp_path: Path, duty: RecordingNotifier) -> Iterator[Night]:
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Night(store, duty)


def named(sent: Delivery) -> list[str]:
    return [sent.payload["endpoint"], *(one["endpoint"] for one in sent.payload.get("also", ()))]


@pytest.mark.parametrize("duty", [PerIncident], indirect=True)
def test_each_incident_of_a_message_is_an_alert_of_its_own_there_and_its_end_finds_it(night: Night) -> None:
    """The fallback's copy was one alert for all of them, and no resolve ever found the others."""
    night.refuses()
    night.opens("a", "b", "c")
    night.clock.advance(MINUTE)
    night.passes(3)
    assert night.duty.alerts == {"a/1/1": "trigger", "b/1/1": "trigger", "c/1/1": "trigger"}
    assert not any("also" in sent.payload for sent in night.duty.taken)
    # The route takes messages again, and what it takes is heard where the beginning was heard.
    night.goes_on("a", "ACKNOWLEDGED", "acknowledged")
    night.goes_on("b", "RESOLVED", "resolved")
    night.begin()
    night.passes(3)
    assert night.duty.alerts == {"a/1/1": "acknowledge", "c/1/1": "trigger"}
    night.goes_on("c", "ACCEPTED", "accepted")
    night.refuses()
    night.passes(3)
    assert night.duty.alerts == {"a/1/1": "acknowledge"}, "whether the route took the end or not"
    assert night.duty.taken[-1].payload["instead_of"] == "oncall"


@pytest.mark.parametrize("duty", [RecordingNotifier], indirect=True)
def test_a_fallback_that_groups_hears_of_them_in_one_message_and_of_each_end(night: Night) -> None:
    night.refuses()
    night.opens("a", "b")
    night.clock.advance(MINUTE)
    night.passes(3)
    assert [named(sent) for sent in night.duty.taken] == [["a", "b"]]
    night.goes_on("b", "RESOLVED", "resolved")
    night.passes(3)
    assert [named(sent) for sent in night.duty.taken] == [["a", "b"], ["b"]]
    assert night.duty.taken[-1].payload["after_fallback"] == "oncall"


def test_the_end_of_what_the_fallback_never_heard_of_is_not_told_there(night: Night) -> None:
    night.opens("a", "b")
    night.clock.advance(MINUTE)
    night.passes(2)
    night.goes_on("a", "ACKNOWLEDGED", "acknowledged")
    night.goes_on("b", "RESOLVED", "resolved")
    night.passes(2)
    assert [sent.payload["reason"] for sent in night.oncall.taken] == ["FIRST", "ACKNOWLEDGED", "RESOLVED"]
    assert night.duty.taken == []


def test_an_end_is_told_once_where_the_fallback_hears_of_the_incident_in_its_own_right(night: Night) -> None:
    night.refuses()
    night.opens("a")
    ours = told("a", night.clock.now())
    night.store.enqueue([replace(ours, key=ours.key.replace("oncall", "duty"), route="duty", not_before=None)])
    night.clock.advance(MINUTE)
    night.passes(3)
    night.goes_on("a", "RESOLVED", "resolved")
    night.passes(3)
    assert [sent.payload["reason"] for sent in night.duty.taken] == ["FIRST", "FIRST"]


def test_what_joins_a_message_after_its_copy_was_written_is_told_on_the_fallback_too(night: Night) -> None:
    """It stood in a message that had fallen back before, so that the fallback never heard of it."""
    night.oncall.failures.append(DeliveryError("slow down", permanent=False, retry_after_s=900.0))
    night.goes_on("stranger", "REPEAT_DUE", "firing")
    night.passes()
    night.opens("a", "b")
    night.passes(80)
    assert [named(sent)[0] for sent in night.duty.taken][:1] == ["stranger"]
    assert sorted(name for sent in night.duty.taken[1:] for name in named(sent)) == ["a", "b"]
    night.opens("late", severity=Severity.NOTICE)
    night.passes(20)
    states = {row.payload["endpoint"]: row.state for row in night.store.deliveries() if row.route == "oncall"}
    assert states["late"] is DeliveryState.JOINED
    for _ in range(2):
        night.begin()
        night.passes(20)
    assert sorted(name for sent in night.duty.taken[1:] for name in named(sent)) == ["a", "b", "late"], "and once"


def test_an_end_after_an_acknowledgement_is_told_on_the_fallback_too(night: Night) -> None:
    """What it was told of the acknowledgement passed for its own news: acknowledged there, it was never ended."""
    night.refuses()
    night.opens("a")
    night.clock.advance(MINUTE)
    night.passes(2)
    for reason, state in (("ACKNOWLEDGED", "acknowledged"), ("RESOLVED", "resolved")):
        night.goes_on("a", reason, state)
        night.passes(3)
    assert [sent.payload["reason"] for sent in night.duty.taken] == ["FIRST", "ACKNOWLEDGED", "RESOLVED"]


@pytest.mark.parametrize("duty", [RecordingNotifier], indirect=True)
def test_what_an_end_is_told_in_detail_on_its_own_route_is_not_told_on_the_fallback(night: Night) -> None:
    """The first message that the route took had the answers in its thread, and these went to the fallback as well."""
    night.oncall.threads = True
    night.refuses()
    night.opens("a")
    night.clock.advance(MINUTE)
    night.passes(2)
    end = told("a", night.clock.now(), reason="RESOLVED", state="resolved")
    moved = [{"probe": "dates-07", "old_answer": "4", "new_answer": "5"}]
    night.store.enqueue([replace(end, payload={**end.payload, "moved": moved})])
    night.clock.advance(MINUTE)
    night.passes(4)
    assert [sent.payload.get("part") for sent in night.oncall.taken] == [None, "details"]
    assert [(sent.payload["reason"], sent.payload.get("part")) for sent in night.duty.taken] == [
        ("FIRST", None),
        ("RESOLVED", None),
    ]
