"""A clock that moves only when told, or when somebody sleeps on it."""

import asyncio
from datetime import UTC, datetime, timedelta

from driftwatch.services.ports import Clock


class ManualClock(Clock):
    """Time in your hand: sleeping takes no time and moves the clock by what was slept.

    Parameters
    ----------
    start : datetime
        Aware; what `now` says at the beginning.

    Examples
    --------
    >>> clock = ManualClock(datetime(2026, 7, 20, 23, 59, tzinfo=UTC))
    >>> asyncio.run(clock.sleep(90))
    >>> clock.now().isoformat()
    '2026-07-21T00:00:30+00:00'
    >>> clock.slept
    [90]
    """

    def __init__(self, start: datetime = datetime(2026, 7, 20, 6, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError(f"a manual clock's start must be an aware datetime, got {start!r}")
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0
        self.slept: list[float] = []
        """Every sleep that was asked for, in order."""

    def now(self) -> datetime:
        """Return the aware UTC wall time."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Move the clock on, and let other tasks run once."""
        self.slept.append(seconds)
        self.advance(timedelta(seconds=max(seconds, 0.0)))
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        if by < timedelta(0):
            raise ValueError(f"time passes forwards; to step the wall clock back use set(), got {by!r}")
        self._now += by
        self._monotonic += by.total_seconds()

    def set(self, now: datetime) -> None:
        """Step the wall clock, as an operator or NTP would; monotonic time does not notice."""
        self._now = now.astimezone(UTC)
