"""Clocks: real, accelerated, and in your hand."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from driftwatch.adapters.clock import ScaledClock, SystemClock
from driftwatch.testing.clock import ManualClock

ORIGIN = datetime(2026, 7, 20, tzinfo=UTC)


def test_a_scaled_clock_runs_faster_but_measures_and_sleeps_in_real_time() -> None:
    clock = ScaledClock(ORIGIN, speed=3600.0)
    before, began = clock.now(), clock.monotonic()
    asyncio.run(clock.sleep(0.05))
    real, wall = clock.monotonic() - began, clock.now() - before
    assert 0.04 < real < 2.0
    assert wall.total_seconds() == pytest.approx(real * 3600.0, rel=0.05)


def test_a_scaled_clock_says_how_long_to_wait_in_real_seconds() -> None:
    clock = ScaledClock(ORIGIN, speed=3600.0)
    assert clock.seconds_until(clock.now() + timedelta(hours=2)) == pytest.approx(2.0, abs=0.1)
    assert clock.seconds_until(ORIGIN - timedelta(hours=1)) < 0


def test_a_system_clock_is_aware() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_scaled_clock_never_stands_still_or_runs_back(speed: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        ScaledClock(ORIGIN, speed=speed)


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        ScaledClock(ORIGIN.replace(tzinfo=None), speed=1.0)
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
