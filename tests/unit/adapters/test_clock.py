"""Clocks: real, steady, and in your hand."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.clock import SLOWEST, SteadyClock, SystemClock
from driftwatch.testing.clock import ManualClock

ORIGIN = datetime(2026, 7, 20, tzinfo=UTC)


def test_a_system_clock_is_aware() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(ORIGIN.replace(tzinfo=None))


def test_sleeping_on_a_manual_clock_moves_it() -> None:
    clock = ManualClock(ORIGIN.astimezone(timezone(timedelta(hours=2))))
    asyncio.run(clock.sleep(90.0))
    assert clock.now() == ORIGIN + timedelta(seconds=90)
    assert clock.monotonic() == 90.0


def test_stepping_the_wall_clock_back_does_not_touch_monotonic_time() -> None:
    clock = ManualClock(ORIGIN)
    clock.advance(timedelta(seconds=5))
    clock.set(ORIGIN - timedelta(days=1))
    assert clock.monotonic() == 5.0


def test_a_steady_clock_is_the_wall_clock_while_that_goes_forward() -> None:
    wall = ManualClock(ORIGIN)
    clock = SteadyClock(wall)
    wall.advance(timedelta(seconds=7))
    assert clock.now() == wall.now()
    assert clock.ahead == timedelta(0)


def test_fault_17_clock_steps_back_one_hour_and_time_goes_on_slowly_until_they_meet() -> None:
    wall = ManualClock(ORIGIN)
    clock = SteadyClock(wall)
    wall.set(ORIGIN - timedelta(hours=1))
    wall.advance(timedelta(minutes=20))
    assert clock.now() == ORIGIN + SLOWEST * timedelta(minutes=20)
    # A slot that is due in ten minutes of our time does not wait for the hour to come again.
    assert clock.seconds_until(clock.now() + timedelta(minutes=10)) == pytest.approx(600 / SLOWEST)
    wall.advance(timedelta(hours=30))
    assert clock.now() == wall.now()


def test_fault_16_a_step_forward_is_the_truth_after_a_suspend() -> None:
    wall = ManualClock(ORIGIN)
    clock = SteadyClock(wall)
    wall.set(ORIGIN + timedelta(hours=8))
    assert clock.now() == ORIGIN + timedelta(hours=8)


@given(st.lists(st.tuples(st.integers(-10_000, 10_000), st.integers(0, 1_000)), max_size=30))
def test_a_steady_clock_never_steps_back_and_is_never_behind_the_wall(moves: list[tuple[int, int]]) -> None:
    wall = ManualClock(ORIGIN)
    clock = SteadyClock(wall)
    before = clock.now()
    for step, passed in moves:
        wall.set(wall.now() + timedelta(seconds=step))
        wall.advance(timedelta(seconds=passed))
        assert clock.now() >= max(before, wall.now())
        before = clock.now()
