"""What the daemon does beside replaying and paging: it forgets old answers, tests itself, and says that it is alive."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import structlog

from driftwatch.daemon.heartbeat import Heartbeat
from driftwatch.domain.errors import DriftwatchError
from driftwatch.services.world import World

log = structlog.get_logger(__name__)

DAY_S = 86_400.0
SETTLED_S = 60.0
"""Nothing is forgotten in the first minute: a start has more urgent things to do."""

SELFTEST_AT = time(6)


@dataclass(frozen=True, kw_only=True)
class Chores:
    """The daemon's chores; one that is not given is not done.

    Parameters
    ----------
    forget : callable, optional
        Forgets raw answers from before a moment and returns of how many replays.
    keep : timedelta
        How long raw answers are kept.
    alive : callable, optional
        Tells the dead-man's switch; raises `DriftwatchError` if it does not listen.
    heartbeat : Heartbeat
        Looks whether all is well before the switch is told.
    selftest : callable, optional
        Runs the self-test in a process of its own and returns whether it passed; it tells operations itself.
    selftest_at : time
        When it is run every day, in UTC.
    """

    forget: Callable[[datetime], int] | None = None
    keep: timedelta = timedelta(days=90)
    alive: Callable[[], Awaitable[None]] | None = None
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    selftest: Callable[[], Awaitable[bool]] | None = None
    selftest_at: time = SELFTEST_AT
    settled_s: float = SETTLED_S

    async def forget_daily(self, world: World) -> None:
        """Forget old answers once a day, for ever; trouble is logged and tried again the next day."""
        await world.clock.sleep(self.settled_s)
        while True:
            if self.forget is not None:
                await self._forget(self.forget, world)
            await world.clock.sleep(DAY_S)

    async def selftest_daily(self, world: World) -> None:
        """Run the self-test every day at its time, for ever; a run that is missed waits for the next day."""
        while True:
            now = world.clock.now()
            due = datetime.combine(now.date(), self.selftest_at, tzinfo=now.tzinfo)
            due += timedelta(days=due <= now)
            await world.clock.sleep(max(world.clock.seconds_until(due), 1.0))
            if self.selftest is not None:
                await self._selftest(self.selftest)

    async def tell_alive(self, world: World, endpoint: str | None = None) -> None:
        """Tell the dead-man's switch that a replay was committed and judged, if pages go out as well."""
        if self.alive is None:
            return
        try:
            trouble = await asyncio.to_thread(self.heartbeat.why_not, world, endpoint)
            if trouble:
                world.counts.add("deadman_pings", "withheld")
                log.error("the dead-man's switch is not told: all is not well", why=trouble)
                return
            await self.alive()
            self.heartbeat.told += 1
            world.counts.add("deadman_pings", "heard")
        except DriftwatchError as error:
            self.heartbeat.missed += 1
            world.counts.add("deadman_pings", "unheard")
            log.warning("the dead-man's switch was not told", error=str(error))
        except Exception:
            self.heartbeat.missed += 1
            world.counts.add("deadman_pings", "unheard")
            log.exception("the dead-man's switch was not told")

    async def _forget(self, forget: Callable[[datetime], int], world: World) -> None:
        try:
            replays = await asyncio.to_thread(forget, world.clock.now() - self.keep)
        except DriftwatchError as error:
            log.warning("old answers were not forgotten", error=str(error))
        except Exception:
            # A chore that dies takes the daemon with it: full disks are better than pages that nobody sends.
            log.exception("old answers were not forgotten")
        else:
            log.info("old answers forgotten", replays=replays)

    async def _selftest(self, selftest: Callable[[], Awaitable[bool]]) -> None:
        try:
            passed = await selftest()
        except Exception:
            log.exception("the self-test could not be run")
            return
        if passed:
            log.info("self-test passed")
        else:
            log.critical("self-test failed: until it passes again, silence proves nothing")
