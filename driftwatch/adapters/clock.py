"""The time itself: the one module that may ask the system for it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from threading import Lock

from driftwatch.services.ports import Clock

SLOWEST = 0.95
"""How fast a steady clock runs, against real time, while it waits for a wall clock that stepped back."""


class SystemClock(Clock):
    """The machine's own clock.

    Examples
    --------
    >>> SystemClock().now().tzname()
    'UTC'
    """

    def now(self) -> datetime:
        """Return the aware UTC wall time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return time.perf_counter()

    async def sleep(self, seconds: float) -> None:
        """Wait that many real seconds."""
        await asyncio.sleep(seconds)


class SteadyClock(Clock):
    """Wall time that never steps back: the daemon's clock. Safe to read from any thread.

    Where the wall clock steps back, time goes on from where it was, 5 % slower than real, until
    the two meet. A step forward is taken at once: after a suspend that is the truth.

    Parameters
    ----------
    wall : Clock, optional
        What it follows, and what it measures with; the system's by default.

    Examples
    --------
    >>> from driftwatch.testing.clock import ManualClock
    >>> wall = ManualClock(datetime(2026, 7, 20, 6, tzinfo=UTC))
    >>> clock = SteadyClock(wall)
    >>> wall.set(datetime(2026, 7, 20, 5, tzinfo=UTC))
    >>> wall.advance(timedelta(minutes=10))
    >>> clock.now().isoformat(), clock.ahead.total_seconds()
    ('2026-07-20T06:09:30+00:00', 3570.0)
    """

    def __init__(self, wall: Clock | None = None) -> None:
        self._wall = wall or SystemClock()
        self._lock = Lock()
        self._last, self._measured = self._wall.now(), self._wall.monotonic()

    def now(self) -> datetime:
        """Return the aware UTC time, never earlier than it was returned before."""
        return self._read()[0]

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return self._wall.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many real seconds."""
        await self._wall.sleep(seconds)

    def seconds_until(self, moment: datetime) -> float:
        """Return the real seconds to wait for `moment`, slow going included; 0 or less if it has passed."""
        now, wall = self._read()
        left_s = (moment - now).total_seconds()
        if left_s <= 0 or now <= wall:
            return left_s
        # Whichever brings us there first: our own slow pace, or the wall that catches up with us on the way.
        return min(left_s / SLOWEST, (moment - wall).total_seconds())

    @property
    def ahead(self) -> timedelta:
        """How far the wall clock has fallen behind; 0 unless it stepped back."""
        now, wall = self._read()
        return max(now - wall, timedelta(0))

    def _read(self) -> tuple[datetime, datetime]:
        with self._lock:
            wall, measured = self._wall.now(), self._wall.monotonic()
            slow = self._last + timedelta(seconds=max(measured - self._measured, 0.0) * SLOWEST)
            self._last, self._measured = max(wall, slow), measured
            return self._last, wall
