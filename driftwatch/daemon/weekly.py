"""The daemon's part in the weekly report: to look, now and then, whether it is due, and to have it made."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from driftwatch.domain.errors import DriftwatchError
from driftwatch.services.coverage import DueSlots
from driftwatch.services.ports import Clock, Store
from driftwatch.services.weekly import Weekly, is_promised, last_week, next_due

log = structlog.get_logger(__name__)

SETTLED_S = 60.0
"""A start has more urgent things to do."""
LOOK_S = 900.0
"""The longest sleep between two looks: a clock that steps, or a laptop that slept, delays a report by no more."""


@dataclass(frozen=True, kw_only=True)
class WeeklyReport:
    """Has every week's report made once.

    Parameters
    ----------
    make : callable
        Makes the promise in a process of its own; whether it succeeded. Making it again changes nothing.
    """

    weekly: Weekly
    make: Callable[[], Awaitable[bool]]
    store: Store
    clock: Clock
    due_slots: DueSlots
    settled_s: float = SETTLED_S

    async def run(self) -> None:
        """Look for ever; what fails is tried again at the next look."""
        done = ""
        await self.clock.sleep(self.settled_s)
        while True:
            try:
                done = await self.look(done)
            except DriftwatchError as error:
                log.warning("the weekly report was not made", error=str(error))
            except Exception:
                log.exception("the weekly report was not made")
            due = next_due(self.weekly, self.clock.now(), self.due_slots)
            await self.clock.sleep(min(max(self.clock.seconds_until(due), 1.0), LOOK_S))

    async def look(self, done: str = "") -> str:
        """Have the last week's report made unless it was; return the week that is done with, `done` if none is new."""
        week = last_week(self.weekly, self.clock.now(), self.due_slots)
        if week.name == done or await asyncio.to_thread(is_promised, self.store, week):
            return week.name
        if not await self.make():
            log.warning("the weekly report was not made; it is tried again", week=week.name)
            return done
        # Of a week before the first replay there is none.
        if await asyncio.to_thread(is_promised, self.store, week):
            log.info("weekly report made", week=week.name)
        return week.name
