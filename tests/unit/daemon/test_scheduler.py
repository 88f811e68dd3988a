"""APScheduler's traps, closed: a wall clock that steps, a machine that sleeps, a loop that is blocked.

freezegun holds the wall clock that APScheduler itself reads; asyncio's own timers stay real.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from driftwatch.adapters.clock import SteadyClock, SystemClock
from driftwatch.daemon.scheduler import SlotScheduler
from driftwatch.domain.schedule import Every

NOON = datetime(2026, 7, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENCE_S = 60.0
CALM_S = 0.15


class Machine(SystemClock):
    """The frozen wall clock, and a monotonic one that stands while the machine sleeps."""

    def __init__(self, frozen) -> None:
        self._frozen = frozen
        self._measured = 0.0

    def monotonic(self) -> float:
        return self._measured

    def work(self, by: timedelta) -> None:
        self._frozen.tick(by)
        self._measured += by.total_seconds()

    def step(self, by: timedelta) -> None:
        """Step the wall clock, as an operator, NTP or a suspend does."""
        self._frozen.tick(by)


class Watch:
    """A schedule of hours on a machine, and what was woken on it."""

    def __init__(self, machine: Machine) -> None:
        self.clock = SteadyClock(machine)
        self.woken: list[datetime] = []
        self.guarded, self.looks = False, 0
        self.scheduler = SlotScheduler(clock=self.clock, wall=machine, check_s=0.01)
        self.scheduler.add("bot", lambda: Every(interval=HOUR), self._on_due)

    async def _on_due(self) -> None:
        self.woken.append(self.clock.now())

    async def times(self, count: int) -> None:
        await until(lambda: len(self.woken) >= count)
        await asyncio.sleep(CALM_S)

    def look(self) -> None:
        self.looks += 1

    async def settled(self) -> None:
        """Wait until the guard, if there is one, has looked twice at what was just done, and what it wakes has woken."""
        had = self.looks
        await asyncio.sleep(CALM_S)
        await until(lambda: not self.guarded or self.looks >= had + 2)
        await asyncio.sleep(CALM_S)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happened():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0.005)


def on_a_machine(story, *, guarded: bool = True) -> list[datetime]:
    """Run a story from noon on and return when the endpoint was woken."""

    async def run() -> list[datetime]:
        with freeze_time(NOON, real_asyncio=True) as frozen:
            machine = Machine(frozen)
            watch = Watch(machine)
            watch.guarded = guarded
            watch.scheduler.start()
            guard = asyncio.create_task(watch.scheduler.guard(watch.look)) if guarded else None
            await watch.times(1)
            await story(machine, watch)
            watch.scheduler.stop()
            if guard:
                guard.cancel()
            return watch.woken

    return asyncio.run(run())


async def step_back_and_work_on(machine: Machine, watch: Watch) -> None:
    machine.step(-HOUR)
    await watch.settled()
    # An hour at the slow pace takes 63 minutes and 10 seconds.
    machine.work(timedelta(minutes=64))
    await watch.settled()


def test_fault_17_clock_steps_back_one_hour_and_the_schedule_goes_on() -> None:
    woken = on_a_machine(step_back_and_work_on)
    assert len(woken) == 2
    assert NOON + HOUR <= woken[1] < NOON + timedelta(minutes=61)


def test_fault_17_left_alone_apscheduler_stalls() -> None:
    """The control: if this fails, APScheduler was mended and the guard may go."""
    assert len(on_a_machine(step_back_and_work_on, guarded=False)) == 1


async def sleep_eight_hours(machine: Machine, watch: Watch) -> None:
    machine.step(timedelta(hours=8, minutes=30))
    await watch.settled()


def test_fault_16_a_resume_after_eight_hours_is_one_wake_up_at_once() -> None:
    woken = on_a_machine(sleep_eight_hours)
    assert woken == [woken[0], NOON + timedelta(hours=8, minutes=30)]


def test_fault_16_left_alone_apscheduler_sleeps_on_after_a_resume() -> None:
    assert len(on_a_machine(sleep_eight_hours, guarded=False)) == 1


@pytest.mark.parametrize("step", [timedelta(minutes=70), timedelta(days=365, minutes=10)])
def test_fault_18_a_step_forward_is_one_coalesced_wake_up_and_the_next_slot_is_kept(step: timedelta) -> None:
    async def story(machine: Machine, watch: Watch) -> None:
        machine.step(step)
        await watch.times(2)
        machine.work(HOUR)
        await watch.times(3)

    assert on_a_machine(story) == [NOON, NOON + step, NOON + step + HOUR]


def test_fault_10_a_blocked_loop_loses_no_job_and_doubles_none() -> None:
    async def run() -> None:
        woken = []

        async def on_due() -> None:
            woken.append(1)

        clock = SystemClock()
        scheduler = SlotScheduler(clock=clock, wall=clock)
        scheduler.add("bot", lambda: Every(interval=timedelta(seconds=0.5)), on_due)
        scheduler.start()
        await until(lambda: len(woken) == 1)
        # Longer than APScheduler's default grace of one second, after which it would drop the job.
        time.sleep(1.6)  # noqa: ASYNC251  # blocking is the point
        let_go = time.monotonic()
        await until(lambda: len(woken) >= 2)
        scheduler.stop()
        # One for the start, one for all that were missed, and those of the slots since.
        assert len(woken) <= 2 + (time.monotonic() - let_go) / 0.5 + 1

    asyncio.run(run())


def test_stopping_twice_or_before_the_start_is_harmless() -> None:
    async def run() -> None:
        scheduler = SlotScheduler(clock=SystemClock(), wall=SystemClock())
        scheduler.stop()
        scheduler.start()
        scheduler.stop()
        scheduler.stop()

    asyncio.run(run())
