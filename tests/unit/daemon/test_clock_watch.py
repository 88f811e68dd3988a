"""Fault 18: a clock that steps is seen, told once, and not trusted for five minutes with what time alone decides."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.notify.wording import render_text
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.daemon.clock_watch import ClockWatch
from driftwatch.domain.clock_told import clock_payload
from driftwatch.services.counts import Counts
from driftwatch.testing.clock import ManualClock

START = datetime(2026, 7, 20, 6, tzinfo=UTC)


class At:
    """A clock that can be stepped, watched once a second."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.clock, self.counts = store, ManualClock(START), Counts()
        self.watch = ClockWatch(wall=self.clock, counts=self.counts)
        self.watch.look()

    def pass_by(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(timedelta(seconds=1))
            self.watch.look()

    def step(self, by: timedelta) -> None:
        self.clock.set(self.clock.now() + by)
        self.watch.look()

    def told(self) -> list[str]:
        self.watch.tell(self.store, self.clock.now(), ("ops",))
        return [render_text(row.payload).splitlines()[0] for row in self.store.deliveries()]


@pytest.fixture
def at(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        yield At(store)


def test_time_that_passes_is_no_jump(at: At) -> None:
    at.pass_by(400)
    at.step(timedelta(minutes=4))
    assert at.watch.settled
    assert at.told() == []


@pytest.mark.parametrize(
    ("by", "words", "direction"),
    [
        (timedelta(hours=1), "forward by 1 h 0 min", "forward"),
        (timedelta(days=365, hours=2), "forward by 365 d 2 h", "forward"),
        (-timedelta(minutes=70), "back by 1 h 10 min", "back"),
    ],
)
def test_fault_18_a_step_is_told_once_and_counted(at: At, by: timedelta, words: str, direction: str) -> None:
    at.step(by)
    assert at.told() == [f"driftwatch: the clock jumped {words}"]
    at.pass_by(30)
    assert len(at.told()) == 1
    assert at.counts.totals("clock_jumps") == {(direction,): 1}


def test_fault_17_a_clock_that_went_back_did_not_sleep() -> None:
    """The message of a step back said "Or this machine slept. One replay catches up"."""
    back, forward = (
        render_text(clock_payload(jumped=timedelta(hours=hours), now=START)).splitlines()[1] for hours in (-1, 1)
    )
    assert "slept" in forward
    assert "slept" not in back
    assert "Replays go on" in back


def test_fault_18_a_new_time_is_on_probation_for_five_minutes(at: At) -> None:
    at.step(timedelta(hours=1))
    assert not at.watch.settled
    at.pass_by(299)
    assert not at.watch.settled
    at.pass_by(2)
    assert at.watch.settled


def test_fault_18_a_step_that_is_taken_back_begins_the_probation_anew(at: At) -> None:
    at.step(timedelta(hours=1))
    at.pass_by(250)
    at.step(-timedelta(hours=1))
    at.pass_by(100)
    assert not at.watch.settled
