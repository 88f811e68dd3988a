"""The clocks that the program runs by, and where its days begin."""

from datetime import UTC, datetime

from driftwatch.adapters.clock import SteadyClock, SystemClock
from driftwatch.services.ports import Clock


def system_clock() -> Clock:
    """Return the machine's own clock."""
    return SystemClock()


def steady_clock() -> Clock:
    """Return a clock that never steps back, for what lives long."""
    return SteadyClock()


def midnight(now: datetime) -> datetime:
    """Return the beginning of the UTC day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
