"""One endpoint's duty: at each wake-up replay the latest slot that is due, and account for those that were missed."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import structlog

from driftwatch.adapters.calendar import next_slot, slots_between
from driftwatch.domain.errors import StoreError
from driftwatch.domain.replay import Slot, SlotRecord, SlotState
from driftwatch.domain.schedule import Every, Schedule
from driftwatch.services.confirm import confirm_pending
from driftwatch.services.decide_pending import decide_pending
from driftwatch.services.pace import hurried
from driftwatch.services.review import review
from driftwatch.services.tick import Ticked, tick
from driftwatch.services.watched import Watched
from driftwatch.services.world import World

log = structlog.get_logger(__name__)

DOWN = "driftwatch was not running"
ASLEEP = "this machine slept, or its clock jumped"
BUSY = "the replay before it was still running"
UNSTORED = "nothing could be stored"
INTERRUPTED = "driftwatch was stopped in the middle of it"
WORDS = {DOWN: "down", ASLEEP: "asleep", BUSY: "busy", UNSTORED: "store"}
"""Why slots are missed, as /metrics has it."""
MOST_MISSED = 10_000
"""Slots that are accounted for one by one; of a clock that jumped by years only the latest ones are."""
LOOK_BACK = timedelta(days=30)
"""How far back slots are looked for that a killed process left running."""


def _interval(schedule: Schedule) -> timedelta:
    return schedule.interval if isinstance(schedule, Every) else timedelta(0)


class Duty:
    """Replays one endpoint's slots, one at a time.

    Every due slot ends as exactly one of done, failed or skipped: after a pause (suspended, stopped,
    busy) only the latest slot is replayed, the others are recorded as skipped, each with its reason.
    """

    def __init__(self, watched: Watched, world: World) -> None:
        self._watched, self._world = watched, world
        self._name = watched.endpoint.name
        self._seen: datetime | None = None
        self._woken = False
        self._missed = DOWN
        self._overlapped = False
        self._unstored: tuple[datetime, datetime] | None = None
        self._unended: dict[datetime, str] = {}
        self._busy = asyncio.Lock()
        self._replaying = False
        self._hurried = False

    @property
    def schedule(self) -> Schedule:
        """When the next replay is due: sooner than planned while something stirs."""
        planned = self._watched.endpoint.schedule
        return planned.hurried if self._hurried and isinstance(planned, Every) else planned

    async def adopt(self, watched: Watched, world: World) -> None:
        """Go by another configuration of the same endpoint from the next replay on; one that runs ends as it began."""
        async with self._busy:
            self._watched, self._world = watched, world

    async def ended(self) -> None:
        """Wait until nothing of it runs."""
        async with self._busy:
            pass

    async def on_due(self) -> Ticked | None:
        """Replay the latest due slot; None if none is due or a replay is running already."""
        if self._replaying:
            self._overlapped = True
            return None
        self._replaying = True
        began, at = self._world.clock.now(), self._world.clock.monotonic()
        try:
            # A review may hold it: that is short, and no reason to skip a slot.
            async with self._busy:
                return await self._replay()
        except StoreError:
            self._found_unstored(began)
            raise
        finally:
            if self._overlapped and self._world.store.was_away(at):
                # It may have passed in the end; what came meanwhile waited for the database, and for no replay.
                self._found_unstored(began)
            self._replaying = False

    def _found_unstored(self, began: datetime) -> None:
        """Note that from the slot on that was due as this wake-up began, and up to now, none is missed otherwise."""
        if self._unstored is None:
            due = [] if self._seen is None else self._slots(self._seen, began)
            self._unstored = (due[-1] if due else began, began)
        self._unstored = (self._unstored[0], self._world.clock.now())

    async def _replay(self) -> Ticked | None:
        if self._seen is None:
            # A crash may have left facts without their decision.
            await asyncio.to_thread(
                decide_pending, self._watched, self._world.store, self._world.clock, self._world.counts
            )
            await confirm_pending(self._watched, self._world)
        await asyncio.to_thread(self._settle)
        ticked = await self._catch_up()
        if ticked is not None:
            self._hurried = await asyncio.to_thread(self._stirs)
        return ticked

    def _stirs(self) -> bool:
        world = self._world
        hurry = hurried(self._watched, world.store, world.guard, now=world.clock.now())
        if hurry != self._hurried:
            log.info("replays come sooner" if hurry else "replays come as planned", endpoint=self._name)
        return hurry

    async def review(self) -> None:
        """Let time decide what it does between replays; while a replay runs, that one decides."""
        if self._busy.locked() or not self._woken:
            return
        async with self._busy:
            await asyncio.to_thread(review, self._watched, self._world.store, self._world.clock)
            await confirm_pending(self._watched, self._world)  # a burst that raised left its alarm waiting

    async def _catch_up(self) -> Ticked | None:
        # Of what was missed before the first replay of this process, none was in the way.
        if self._overlapped and self._seen is not None:
            self._missed = BUSY
        self._overlapped = False
        due = await asyncio.to_thread(self._due)
        # What a crash left is decided, whether or not a slot is due now.
        self._woken = True
        if not due:
            return None
        await asyncio.to_thread(self._skip, due[:-1])
        self._seen, self._missed, self._unstored = due[-1], ASLEEP, None
        try:
            return await tick(self._watched, Slot(endpoint=self._name, due=due[-1]), self._world)
        except Exception as error:
            # A slot that has its facts already stays done; a store that is out of order is told later.
            self._unended[due[-1]] = f"driftwatch itself: {type(error).__name__}"
            raise

    def _settle(self) -> None:
        for due, reason in list(self._unended.items()):
            self._end(due, SlotState.FAILED, reason)
            del self._unended[due]

    def _due(self) -> list[datetime]:
        now = self._world.clock.now()
        if self._seen is not None:
            return self._with_extra(self._slots(self._seen, now), self._seen, now)
        last = self._pick_up(now)
        if last is None:
            # A new endpoint does not wait for the next full hour.
            return [now.replace(microsecond=0)]
        due = self._slots(last.slot.due, now)
        if last.state is not SlotState.RUNNING:
            return due
        if due:
            self._end(last.slot.due, SlotState.SKIPPED, INTERRUPTED)
            return due
        return [last.slot.due]

    def _with_extra(self, due: list[datetime], after: datetime, now: datetime) -> list[datetime]:
        """Add the latest extra slot; an extra one that was missed was never promised, so it is not accounted for."""
        extra = next_slot(self.schedule, now - _interval(self.schedule)) if self._hurried else None
        late = extra is None or not max([after, *due]) < extra <= now
        return due if late or extra is None else [*due, extra]

    def _pick_up(self, now: datetime) -> SlotRecord | None:
        """Return the latest slot up to now, having ended every other one that a killed process left running."""
        last = self._world.store.last_slot(self._name)
        if last is None:
            return None
        records = self._world.store.slots(self._name, since=min(last.slot.due, now) - LOOK_BACK)
        past = [record for record in records if record.slot.due <= now]
        if len(past) < len(records):
            log.warning("slots of the future", endpoint=self._name, slots=len(records) - len(past), now=str(now))
        for record in records:
            if record.state is SlotState.RUNNING and record not in past[-1:]:
                self._end(record.slot.due, SlotState.SKIPPED, INTERRUPTED)
        return past[-1] if past else None

    def _slots(self, after: datetime, until: datetime) -> list[datetime]:
        schedule = self._watched.endpoint.schedule
        if isinstance(schedule, Every):
            after = max(after, until - MOST_MISSED * schedule.interval)
        return list(slots_between(schedule, after, until))[-MOST_MISSED:]

    def _skip(self, missed: list[datetime]) -> None:
        since, until = self._unstored or (None, None)
        whys = [UNSTORED if since and until and since <= due <= until else self._missed for due in missed]
        for due, why in zip(missed, whys, strict=True):
            self._end(due, SlotState.SKIPPED, why)
        # Afterwards: where ending them fails, all of it is done again.
        for why, slots in Counter(whys).items():
            log.warning("slots missed", endpoint=self._name, slots=slots, reason=why)
            self._world.counts.add("missed_slots", self._name, WORDS[why], by=slots)

    def _end(self, due: datetime, state: SlotState, reason: str) -> None:
        slot = Slot(endpoint=self._name, due=due)
        self._world.store.end_slot(slot, state, reason=reason, now=self._world.clock.now())
