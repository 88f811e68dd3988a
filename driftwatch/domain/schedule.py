"""When replays of an endpoint are due."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SURPLUS = 0.25
"""Extra replays that a rising statistic may cost in any 30 days, as a share of the planned ones."""


@dataclass(frozen=True, kw_only=True)
class Every:
    """A replay each `interval`, aligned to the UTC epoch plus `offset` so that endpoints spread out.

    Parameters
    ----------
    fastest : timedelta, optional
        The interval while something stirs; a whole part of `interval`. None for never faster.
    """

    interval: timedelta
    offset: timedelta = timedelta(0)
    fastest: timedelta | None = None

    @property
    def hurried(self) -> "Every":
        """The same with its shortest interval; every planned slot is one of its slots."""
        return replace(self, interval=self.fastest or self.interval, fastest=None)

    def planned(self, due: datetime) -> bool:
        """Return whether a slot is one of the plan, and not an extra one.

        Examples
        --------
        >>> hourly = Every(interval=timedelta(hours=1), fastest=timedelta(minutes=15))
        >>> hourly.planned(EPOCH + timedelta(hours=3)), hourly.planned(EPOCH + timedelta(minutes=15))
        (True, False)
        """
        return (due - EPOCH - self.offset) % self.interval == timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Cron:
    """Replays at the local times of a five-field cron line, in a named time zone."""

    line: str
    timezone: str = "UTC"


Schedule = Every | Cron
