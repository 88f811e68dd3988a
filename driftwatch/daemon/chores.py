"""What the daemon does beside replaying and paging: it forgets old answers, and says that it is alive."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from driftwatch.domain.errors import DriftwatchError
from driftwatch.services.tick import World

log = structlog.get_logger(__name__)

DAY_S = 86_400.0
SETTLED_S = 60.0
"""Nothing is forgotten in the first minute: a start has more urgent things to do."""
OLDEST = timedelta(minutes=5)
"""While a message is older than this and not sent, the dead-man's switch hears nothing."""


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
    """

    forget: Callable[[datetime], int] | None = None
    keep: timedelta = timedelta(days=90)
    alive: Callable[[], Awaitable[None]] | None = None
    settled_s: float = SETTLED_S

    async def forget_daily(self, world: World) -> None:
        """Forget old answers once a day, for ever; trouble is logged and tried again the next day."""
        await world.clock.sleep(self.settled_s)
        while True:
            if self.forget is not None:
                await self._forget(self.forget, world)
            await world.clock.sleep(DAY_S)

    async def tell_alive(self, world: World) -> None:
        """Tell the dead-man's switch that a replay was committed and judged, if pages go out as well."""
        if self.alive is None:
            return
        try:
            stuck = await asyncio.to_thread(self._oldest_s, world)
            if stuck > OLDEST.total_seconds():
                log.error("pages do not go out, the dead-man's switch is not told", oldest_s=round(stuck))
                return
            await self.alive()
        except DriftwatchError as error:
            log.warning("the dead-man's switch was not told", error=str(error))
        except Exception:
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

    @staticmethod
    def _oldest_s(world: World) -> float:
        """Return the real age of the oldest message that is not sent; 0 for none."""
        later = world.clock.now() + timedelta(days=30)
        waiting = [d for d in world.store.due_deliveries(now=later) if d.state.open]
        return max((-world.clock.seconds_until(d.created_at) for d in waiting), default=0.0)
