"""When, never what: APScheduler wakes an endpoint's job at its slots."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from driftwatch.adapters.calendar import next_slot
from driftwatch.adapters.lean import without_plugins
from driftwatch.domain.schedule import Schedule
from driftwatch.services.ports import Clock

# Three looks, 15 ms, for what we name ourselves.
with without_plugins():
    from apscheduler.job import Job
    from apscheduler.schedulers.asyncio import AsyncIOScheduler
    from apscheduler.triggers.base import BaseTrigger

log = structlog.get_logger(__name__)

OnDue = Callable[[], Awaitable[None]]
CHECK_S = 1.0
TOLERANCE = timedelta(seconds=2)


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """Fires when our clock says the next slot is due, on whatever wall clock APScheduler reads."""

    def __init__(self, schedule: Callable[[], Schedule], clock: Clock) -> None:
        self._schedule, self._clock = schedule, clock

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:  # noqa: ARG002
        """Return APScheduler's `now` plus the real time to wait for the next slot."""
        slot = next_slot(self._schedule(), self._clock.now())
        return None if slot is None else now + timedelta(seconds=max(0.0, self._clock.seconds_until(slot)) + 0.001)


class SlotScheduler:
    """Wakes each endpoint at its slots until it is stopped.

    Parameters
    ----------
    clock : Clock
        Decides which slot is due; never steps back.
    wall : Clock
        What APScheduler itself goes by: the system's clock.
    check_s : float
        Real seconds between looks at the clock: how late a slot may be after a jump.
    """

    def __init__(self, *, clock: Clock, wall: Clock, check_s: float = CHECK_S) -> None:
        self._clock, self._wall, self._check_s = clock, wall, check_s
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def add(self, name: str, schedule: Callable[[], Schedule], on_due: OnDue) -> None:
        """Call `on_due` at each slot of what `schedule` says then; it must return at once."""
        self._scheduler.add_job(
            on_due,
            SlotTrigger(schedule, self._clock),
            id=name,
            # The default grace of one second drops a job whose loop was busy for two.
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
            # What was missed while nobody ran is made good at once, not at the next slot.
            next_run_time=self._wall.now(),
        )

    def remove(self, name: str) -> None:
        """Wake an endpoint no more."""
        if self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)

    def renew(self, name: str) -> None:
        """Ask an endpoint's schedule again, because it may have changed."""
        job = self._scheduler.get_job(name)
        if job is not None and job.next_run_time is not None:
            wanted = job.trigger.get_next_fire_time(None, self._wall.now())
            if wanted is not None and wanted != job.next_run_time:
                job.modify(next_run_time=wanted)

    def start(self) -> None:
        """Begin to wake jobs; needs a running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Wake nobody any more. Waiting would cancel running coroutines, so nothing runs inside the jobs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def guard(self, moved: Callable[[], None] = lambda: None) -> None:
        """Set jobs right for ever, whatever the wall clock does, and tell `moved` each time.

        APScheduler sleeps an hour when it steps back an hour, and after a suspend it sleeps on for what
        was left of its sleep.
        """
        while True:
            await asyncio.sleep(self._check_s)
            for job in self._scheduler.get_jobs():
                self._set_right(job)
            moved()

    def _set_right(self, job: Job) -> None:
        if job.next_run_time is None:
            return
        now = self._wall.now()
        wanted = job.trigger.get_next_fire_time(None, now)
        if wanted is not None and job.next_run_time - wanted > TOLERANCE:
            log.warning("clock stepped back", endpoint=job.id, was=str(job.next_run_time), now=str(wanted))
            job.modify(next_run_time=wanted)
        elif now - job.next_run_time > TOLERANCE:
            log.warning("woken late", endpoint=job.id, late_s=round((now - job.next_run_time).total_seconds()))
            self._scheduler.wakeup()
