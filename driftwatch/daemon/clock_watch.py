"""Sees the wall clock jump against measured time; what time alone decides waits until the new time has proved true.

A machine that slept looks the same as a clock that was set forward. Both leave one catch-up replay; but whoever trusts
the new time at once ends a silence that a mistaken time server put into the past. Five minutes cost nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from driftwatch.domain.clock_told import clock_payload
from driftwatch.domain.delivery import Delivery, Routes, listed
from driftwatch.domain.metric import Severity
from driftwatch.services.counts import Counts
from driftwatch.services.ports import Clock, Store

log = structlog.get_logger(__name__)

JUMP = timedelta(minutes=5)
"""By how much wall and measured time must part."""
SETTLE_S = 300.0
"""Measured seconds for which a new time is on probation."""


@dataclass(kw_only=True)
class ClockWatch:
    """Compares the two times at every look.

    Parameters
    ----------
    wall : Clock
        The system's own, which may jump in both directions.
    """

    wall: Clock
    counts: Counts
    _seen: tuple[datetime, float] | None = field(default=None, init=False, repr=False)
    _jumped_at: float | None = field(default=None, init=False, repr=False)
    _untold: timedelta | None = field(default=None, init=False, repr=False)

    def look(self) -> None:
        """Look once; cheap enough for every second."""
        before, self._seen = self._seen, (self.wall.now(), self.wall.monotonic())
        if before is None:
            return
        jumped = self._seen[0] - before[0] - timedelta(seconds=self._seen[1] - before[1])
        if abs(jumped) > JUMP:
            self._jumped_at, self._untold = self._seen[1], jumped
            self.counts.add("clock_jumps", "forward" if jumped > timedelta(0) else "back")
            log.error("the clock jumped, or this machine slept", by_s=round(jumped.total_seconds()))

    @property
    def settled(self) -> bool:
        """Whether the time may be trusted: it has not jumped for a while."""
        return self._jumped_at is None or self.wall.monotonic() - self._jumped_at > SETTLE_S

    def tell(self, store: Store, now: datetime, ops: Routes) -> None:
        """Promise operations a message if it jumped since the last call. Blocks."""
        jumped, self._untold = self._untold, None
        if jumped is not None:
            payload = clock_payload(jumped=jumped, now=now)
            key = f"driftwatch/clock/{now.isoformat()}"
            store.enqueue(
                [
                    Delivery(
                        key=f"{key}@{route}", route=route, severity=Severity.NOTICE, payload=payload, created_at=now
                    )
                    for route in listed(ops)
                ]
            )
