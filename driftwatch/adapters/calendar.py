"""From a schedule to its slots; best for asking which are due between two moments."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from driftwatch.domain.schedule import EPOCH, SURPLUS, Cron, Every, Schedule

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


def next_slot(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first slot strictly after `after`; None when a cron line never comes again.

    Examples
    --------
    >>> hourly = Every(interval=timedelta(hours=1))
    >>> next_slot(hourly, datetime(2026, 7, 20, 6, 12, tzinfo=UTC)).isoformat()
    '2026-07-20T07:00:00+00:00'
    """
    if isinstance(schedule, Every):
        steps = (after - EPOCH - schedule.offset) // schedule.interval + 1
        return EPOCH + schedule.offset + steps * schedule.interval
    return _next_cron(schedule, after)


def slots_between(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the slots in (`after`, `until`], in order."""
    slot = next_slot(schedule, after)
    while slot is not None and slot <= until:
        yield slot
        slot = next_slot(schedule, slot)


def replays_per_year(schedule: Schedule, now: datetime) -> float:
    """Return how many slots a year has, extra ones included; a cron line is counted over the next four weeks."""
    if isinstance(schedule, Every):
        return timedelta(days=365) / schedule.interval * (1 + SURPLUS if schedule.fastest else 1)
    weeks = timedelta(weeks=4)
    counted = sum(1 for _ in slots_between(schedule, now, now + weeks))
    return max(1.0, counted * (timedelta(days=365) / weeks))


def instant(local: datetime, zone: str, *, end: bool = False) -> datetime:
    """Return the moment of a wall clock's time in a named zone, in UTC.

    A time that comes twice when the clock goes back is the first of the two, as an end the second one; a time that is
    skipped in spring is as much later. So a window is never shorter than the clock on the wall says.

    Examples
    --------
    >>> night = datetime(2026, 10, 25, 2, 30)
    >>> [instant(night, "Europe/Berlin", end=end).isoformat() for end in (False, True)]
    ['2026-10-25T00:30:00+00:00', '2026-10-25T01:30:00+00:00']
    """
    return local.replace(tzinfo=ZoneInfo(zone), fold=int(end)).astimezone(UTC)


def _next_cron(schedule: Cron, after: datetime) -> datetime | None:
    zone = ZoneInfo(schedule.timezone)
    if "*" in schedule.line.split()[1]:
        return _next_in_offsets(schedule.line, zone, after)
    trigger, local = _trigger(schedule.line, zone), after.astimezone(zone)
    while True:
        found: datetime | None = trigger.get_next_fire_time(None, local + timedelta(microseconds=1))
        if found is None:
            return None
        # CronTrigger answers 02:30 twice on the night the clock goes back; the second one is no slot.
        if found.fold == 0 and found.astimezone(UTC) > after:
            return found.astimezone(UTC)
        local = max(found, local + timedelta(minutes=1))


def _next_in_offsets(line: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Answer for a line of every (other) hour, which CronTrigger lets skip the hour that comes twice."""
    offsets = {moment.astimezone(zone).utcoffset() for moment in (after, after + timedelta(days=1))}
    found = []
    for offset in offsets - {None}:
        fixed = timezone(offset or timedelta(0))
        moment = _trigger(line, fixed).get_next_fire_time(None, after.astimezone(fixed) + timedelta(microseconds=1))
        if moment is not None and (moment.astimezone(zone).utcoffset() == offset or len(offsets) == 1):
            found.append(moment.astimezone(UTC))
    return min(found, default=None)


@lru_cache(maxsize=256)
def _trigger(line: str, zone: tzinfo) -> "CronTrigger":
    from apscheduler.triggers.cron import CronTrigger

    minute, hour, day, month, weekday = line.split()
    return CronTrigger(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=_named_weekdays(weekday),
        timezone=zone,
    )


def _named_weekdays(field: str) -> str:
    """Translate cron's numbers (0 and 7 are Sunday), which APScheduler reads as 0 = Monday."""
    if field == "*":
        return field
    return ",".join(name for part in field.lower().split(",") for name in _weekday_part(part))


def _weekday_part(part: str) -> list[str]:
    span, _, step = part.partition("/")
    first, _, last = ("0-6" if span == "*" else span).partition("-")
    if not first.isdigit():
        return [part]
    start, stop = int(first), int(last) if last else int(first)
    return [WEEKDAYS[day] for day in range(start, stop + 1, int(step or 1))]
