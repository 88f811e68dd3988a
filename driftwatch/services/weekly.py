"""The weekly report: when it is due, of which period, and that there is one a week, over restarts and nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from driftwatch.domain.delivery import Delivery
from driftwatch.domain.metric import Severity
from driftwatch.domain.schedule import Cron
from driftwatch.domain.weekly import key_of, week_of
from driftwatch.services.coverage import DueSlots
from driftwatch.services.ports import Store

_LOOK_BACK = timedelta(days=8)
"""A week is 167 or 169 hours long where the clocks change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """When the report is due, and who gets it."""

    schedule: Cron
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One report: due at `until`, about [`since`, `until`)."""

    name: str
    since: datetime
    until: datetime


def last_week(weekly: Weekly, now: datetime, due_slots: DueSlots) -> Week:
    """Return the week whose report was due last."""
    *_, until = due_slots(weekly.schedule, now - _LOOK_BACK, now)
    *_, since = due_slots(weekly.schedule, until - _LOOK_BACK, until - timedelta(seconds=1))
    return Week(name=week_of(until, weekly.schedule.timezone), since=since, until=until)


def next_due(weekly: Weekly, now: datetime, due_slots: DueSlots) -> datetime:
    """Return when the next report is due."""
    return next(iter(due_slots(weekly.schedule, now, now + _LOOK_BACK)))


def is_promised(store: Store, week: Week) -> bool:
    """Whether somebody promised it already."""
    # Whoever changes the day changes when it is due, and not that it was sent this week.
    return any(d.key == key_of(week.name) for d in store.deliveries(since=week.until - _LOOK_BACK))


def had_begun(store: Store, names: Sequence[str], week: Week) -> bool:
    """Whether anything was replayed before the week's end: a new installation tells of no week before it."""
    first = (next(iter(store.replays(name, metrics=())), None) for name in names)
    return any(replay is not None and replay.slot.due < week.until for replay in first)


def promise(store: Store, weekly: Weekly, week: Week, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Promise a week's report; where it is promised already, also by another node this moment, nothing changes."""
    row = Delivery(
        key=key_of(week.name), route=weekly.to, severity=Severity.NOTICE, payload=dict(payload), created_at=now
    )
    store.enqueue([row])
