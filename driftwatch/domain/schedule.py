"""When replays of an endpoint are due."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Every:
    """A replay each `interval`, aligned to the UTC epoch plus `offset` so that endpoints spread out."""

    interval: timedelta
    offset: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Cron:
    """Replays at the local times of a five-field cron line, in a named time zone."""

    line: str
    timezone: str = "UTC"


Schedule = Every | Cron
