"""The time itself: the one module that may ask the system for it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from driftwatch.services.ports import Clock


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


class ScaledClock(SystemClock):
    """Wall time that starts at `origin` and runs `speed` times as fast; measuring and sleeping stay real.

    For demonstrations: a day of hourly replays passes in seconds, and a latency is still a latency.

    Parameters
    ----------
    origin : datetime
        Aware; what `now` says at the beginning.
    speed : float
        Seconds of wall time in one real second; above zero.

    Raises
    ------
    ValueError
        If `origin` is naive or `speed` is not above zero.

    Examples
    --------
    >>> monday = datetime(2026, 7, 20, tzinfo=UTC)
    >>> clock = ScaledClock(monday, speed=3600.0)
    >>> clock.seconds_until(monday + timedelta(days=1)) <= 24.0
    True
    """

    def __init__(self, origin: datetime, speed: float) -> None:
        if origin.tzinfo is None:
            raise ValueError(f"a scaled clock's origin must be an aware datetime, got {origin!r}")
        if not speed > 0:
            raise ValueError(f"a scaled clock's speed must be above zero, got {speed!r}")
        self._origin = origin.astimezone(UTC)
        self._speed = speed
        self._started = self.monotonic()

    def now(self) -> datetime:
        """Return the accelerated wall time, UTC."""
        return self._origin + timedelta(seconds=(self.monotonic() - self._started) * self._speed)

    def seconds_until(self, moment: datetime) -> float:
        """Return the real seconds to wait for `moment`; 0 or less if it has passed."""
        return super().seconds_until(moment) / self._speed
