"""When the dead-man's switch may hear that we live: only while all goes well that must go well for a page to come.

A slot was committed, its detectors ran, no message is stuck, some sink takes messages, and the clock is sane. Whoever
listens outside hears nothing otherwise, and raises the alarm that we cannot raise ourselves.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from driftwatch.domain.replay import SlotState
from driftwatch.services.outbox import oldest_s
from driftwatch.services.ports import Clock
from driftwatch.services.world import World

OLDEST = timedelta(minutes=5)
"""While a message is older than this and not sent, the dead-man's switch hears nothing."""
JUMP_S = 300.0
"""How far wall and monotonic time may part between two heartbeats."""


@dataclass(kw_only=True)
class Heartbeat:
    """Looks whether all is well.

    Parameters
    ----------
    delivers : callable
        Says whether any sink takes messages.
    told, missed : int
        How often the switch heard from us, and how often it would not listen.
    """

    delivers: Callable[[], bool] = lambda: True
    told: int = 0
    missed: int = 0
    _seen: tuple[datetime, float] | None = field(default=None, repr=False)

    def why_not(self, world: World, endpoint: str | None) -> str:
        """Return why the switch must hear nothing now; empty if all is well. Reads the store: call it in a thread."""
        jumped_s = self._jump_s(world.clock)
        stuck_s = oldest_s(world.store, world.clock)
        if stuck_s > OLDEST.total_seconds():
            return f"a message has waited for {stuck_s:.0f} s"
        if not self.delivers():
            return "every sink fails"
        if endpoint is not None and not _judged(world, endpoint):
            return "the last slot was not committed and judged"
        if jumped_s > JUMP_S:
            return f"the clock jumped by {jumped_s:.0f} s"
        return ""

    def _jump_s(self, clock: Clock) -> float:
        """Return by how much wall and monotonic time have parted since the last look, or are apart now."""
        before, self._seen = self._seen, (clock.now(), clock.monotonic())
        # A steady clock that waits for a wall clock which stepped back.
        ahead: timedelta = getattr(clock, "ahead", timedelta(0))
        if before is None:
            return ahead.total_seconds()
        wall_s, measured_s = -clock.seconds_until(before[0]), self._seen[1] - before[1]
        return max(abs(wall_s - measured_s), ahead.total_seconds())


def _judged(world: World, endpoint: str) -> bool:
    last = world.store.last_slot(endpoint)
    return last is not None and last.state is SlotState.DONE and world.store.decided_seq(endpoint) == last.seq
