"""One endpoint's duty: at each wake-up replay the latest slot that is due, and account for those that were missed."""

import asyncio
from datetime import datetime

import structlog

from driftwatch.adapters.calendar import slots_between
from driftwatch.domain.replay import Slot, SlotState
from driftwatch.services.judge import judge_pending
from driftwatch.services.tick import Ticked, World, tick
from driftwatch.services.watched import Watched

log = structlog.get_logger(__name__)

DOWN = "driftwatch was not running"
BUSY = "the replay before it was still running"
INTERRUPTED = "driftwatch was stopped in the middle of it"
MOST_MISSED = 10_000


class Duty:
    """Replays one endpoint's slots, one at a time.

    Every due slot ends as exactly one of done, failed or skipped: after a pause (suspended, stopped,
    busy) only the latest slot is replayed, the others are recorded as skipped, each with its reason.
    """

    def __init__(self, watched: Watched, world: World) -> None:
        self._watched, self._world = watched, world
        self._name = watched.endpoint.name
        self._seen: datetime | None = None
        self._missed = DOWN
        self._busy = asyncio.Lock()

    async def on_due(self) -> Ticked | None:
        """Replay the latest due slot; None if none is due or a replay is running already."""
        if self._busy.locked():
            self._missed = BUSY
            return None
        async with self._busy:
            if self._seen is None:
                # A crash may have left facts without their decision.
                await asyncio.to_thread(judge_pending, self._watched, self._world.store, self._world.clock)
            return await self._catch_up()

    async def _catch_up(self) -> Ticked | None:
        due = await asyncio.to_thread(self._due)
        if not due:
            return None
        await asyncio.to_thread(self._skip, due[:-1])
        self._seen, self._missed = due[-1], BUSY
        slot = Slot(endpoint=self._name, due=due[-1])
        try:
            return await tick(self._watched, slot, self._world)
        except Exception as error:
            # A slot that has its facts already stays done.
            reason = f"driftwatch itself: {type(error).__name__}"
            await asyncio.to_thread(
                self._world.store.end_slot, slot, SlotState.FAILED, reason=reason, now=self._world.clock.now()
            )
            raise

    def _due(self) -> list[datetime]:
        now, schedule = self._world.clock.now(), self._watched.endpoint.schedule
        if self._seen is not None:
            return list(slots_between(schedule, self._seen, now))[-MOST_MISSED:]
        last = self._world.store.last_slot(self._name)
        if last is None:
            # A new endpoint does not wait for the next full hour.
            self._seen = now
            return [now.replace(microsecond=0)]
        due = list(slots_between(schedule, last.slot.due, now))[-MOST_MISSED:]
        if last.state is not SlotState.RUNNING:
            return due
        if due:
            self._end(last.slot.due, INTERRUPTED)
            return due
        return [last.slot.due]

    def _skip(self, missed: list[datetime]) -> None:
        if missed:
            log.warning("slots missed", endpoint=self._name, slots=len(missed), reason=self._missed)
        for due in missed:
            self._end(due, self._missed)

    def _end(self, due: datetime, reason: str) -> None:
        slot = Slot(endpoint=self._name, due=due)
        self._world.store.end_slot(slot, SlotState.SKIPPED, reason=reason, now=self._world.clock.now())
