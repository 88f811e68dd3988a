"""The wait of a group: a message about one endpoint is held for a minute, and tells of the others that moved in it.

Nothing is lost by it: what joins a message is written into that message's row and ended in one transaction, before it
is sent. A process that dies finds one or the other.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from driftwatch.domain.delivery import TOLD_WITH, Delivery, DeliveryState
from driftwatch.domain.grouping import told_together
from driftwatch.services.ports import Clock, Store

LATE = timedelta(hours=1)
"""By which a message that was sent within the interval may have been promised before it."""

log = structlog.get_logger("driftwatch.pager")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The message whose turn it is, None while it waits, and the keys of those that it tells of beside its own."""

    message: Delivery | None
    told: frozenset[str] = frozenset()


class Groups:
    """Gathers the messages of a group.

    Parameters
    ----------
    interval : timedelta
        Between two messages of one group on one route; what comes earlier is told with the next.
    wait : timedelta
        From an alarm to its message. No message waits for its group longer than for both.
    """

    def __init__(self, store: Store, clock: Clock, *, interval: timedelta, wait: timedelta) -> None:
        self._store, self._clock, self._interval = store, clock, interval
        self._most = wait + interval

    async def gather(self, row: Delivery, rows: Sequence[Delivery], *, joins: bool = True) -> Gathered:
        """Return what is to be sent in a row's turn, given all rows of its route that are not at their end.

        Where the route's sink `joins` nothing, the row is told alone, and at once.
        """
        if not row.joins:
            return Gathered(message=row)
        if not joins:
            return Gathered(message=replace(row, not_before=None))
        now = self._clock.now()
        # A moment further ahead was written by a clock that has been set back since.
        if row.not_before is not None and now < row.not_before <= now + self._most:
            return Gathered(message=None)
        held = await asyncio.to_thread(self._held_until, row)
        if held is not None:
            await asyncio.to_thread(self._store.save_delivery, replace(row, not_before=held))
            return Gathered(message=None)
        lead, others = told_together([one for one in rows if one.joins and one.group == row.group])
        # A louder one whose own wait is not over goes now: one of those that it tells of is due.
        lead = replace(lead, not_before=min(now, *(one.not_before or one.created_at for one in (lead, *others))))
        if others:
            ended = tuple(replace(one, state=DeliveryState.JOINED, error=f"{TOLD_WITH}{lead.key}") for one in others)
            await asyncio.to_thread(self._store.join_deliveries, lead, ended)
            log.info("told together", key=lead.key, route=lead.route, others=len(others))
        return Gathered(message=lead, told=frozenset(one.key for one in others))

    def _held_until(self, row: Delivery) -> datetime | None:
        """Return when the interval since the group's last message as loud as this is over, if it is not yet."""
        now = self._clock.now()
        past = self._store.deliveries(since=now - self._interval - LATE) if self._interval > timedelta(0) else ()
        alike = [d for d in past if d.route == row.route and d.group == row.group]
        loud = [d.sent_at for d in alike if d.severity.rank >= row.severity.rank]
        sent = [at for at in loud if at is not None and at <= now]
        until = max(sent, default=now - self._interval) + self._interval
        return until if until > now else None
