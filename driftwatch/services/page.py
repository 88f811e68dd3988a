"""The pager: takes promises from the outbox and keeps them, at least once, whatever dies in between.

What becomes of one row is told in `services.deliver`; here it is which row's turn it is.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from random import Random
from typing import Any

import structlog

from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import StoreError
from driftwatch.services.counts import Counts
from driftwatch.services.deliver import Courier, Doubts
from driftwatch.services.groups import Groups
from driftwatch.services.patience import Patience
from driftwatch.services.ports import Clock, Notifier, Store
from driftwatch.services.said import Said
from driftwatch.services.sinks import all_failing, sinks_of

log = structlog.get_logger("driftwatch.pager")


class Pager:
    """Delivers what is due, in order within a route, routes independently of each other.

    Parameters
    ----------
    notifiers : mapping of str to Notifier
        By route; one notifier under several names is one sink, with one pace and one circuit.
    fallback : str, optional
        The route that is told when another refuses a message, or has not taken it for 5 minutes.
    rng : random.Random
        For the jitter between attempts.
    interval : timedelta
        Between two messages about one group on one route.
    wait : timedelta
        From an alarm to its message, within which others of its group join it.
    doubts : callable
        Whether a row that says it was never tried may have been sent all the same; see `Courier`.
    """

    def __init__(
        self,
        store: Store,
        notifiers: Mapping[str, Notifier],
        *,
        clock: Clock,
        fallback: str | None = None,
        rng: Random | None = None,
        patience: Patience | None = None,
        interval: timedelta = timedelta(0),
        wait: timedelta = timedelta(minutes=1),
        counts: Counts | None = None,
        doubts: Doubts = lambda _row: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience or Patience()
        self._sinks = sinks_of(notifiers, clock)
        self._courier = Courier(
            store,
            self._sinks,
            clock=clock,
            fallback=fallback,
            rng=rng or Random(),  # noqa: S311  # jitter keeps no secret
            patience=self._patience,
            counts=counts,
            doubts=doubts,
            held_most=wait + interval,
        )
        self._groups = Groups(store, clock, interval=interval, wait=wait)
        self._mute = False
        self._said = Said()

    def adopt(self, notifiers: Mapping[str, Notifier], fallback: str | None) -> None:
        """Deliver through other sinks from now on; what is on its way still ends through the old ones."""
        self._sinks = sinks_of(notifiers, self._clock)
        self._courier.adopt(self._sinks, fallback)

    @property
    def ready(self) -> bool:
        """Whether anybody can be told anything: False while every sink fails."""
        return not all_failing(self._sinks.values())

    async def run(self, stop: asyncio.Event, wake: asyncio.Event | None = None) -> None:
        """Deliver until `stop` is set, then once more; `wake` shortens the wait for what was just committed.

        Each route has its own task, so that a sink that hangs holds up nobody else.
        """
        wake = wake or asyncio.Event()
        tasks: dict[str, asyncio.Task[int]] = {}
        doubting = asyncio.create_task(self._tell_doubts())
        try:
            while not stop.is_set():
                wake.clear()
                await self._start_idle_routes(tasks)
                await _first_of(stop, wake, timeout_s=self._patience.poll_s)
                self._tell_if_mute()
            await asyncio.gather(*tasks.values())
            await self._guarded(self.deliver_due())
        finally:
            # Cancelled in mid-flight the row stays `sending`: the next start treats it as a crash's leftover.
            for task in (doubting, *tasks.values()):
                task.cancel()

    async def deliver_due(self) -> int:
        """Make one pass over the outbox and return how many messages were taken."""
        routes = await self._undelivered()
        taken = sum(await asyncio.gather(*(self._deliver_route(rows) for rows in routes.values())))
        self._tell_if_mute()
        return taken

    async def _start_idle_routes(self, tasks: dict[str, asyncio.Task[int]]) -> None:
        # Asked before the rows are read: a task that ends in between has sent rows that we would see as unsent.
        busy = {route for route, task in tasks.items() if not task.done()}
        try:
            routes = await self._undelivered()
        except Exception as error:  # noqa: BLE001  # a pager that dies of a store that is locked or gone is the outage
            self._told("outbox unreadable", error)
            return
        if self._said.over():
            log.info("the outbox can be read again")
        for route in routes.keys() - busy:
            tasks[route] = asyncio.create_task(self._guarded(self._deliver_route(routes[route])))

    async def _undelivered(self) -> dict[str, list[Delivery]]:
        """Return all rows that are not at their end, by route, oldest first; waiting ones hold up those behind."""
        horizon = self._clock.now() + timedelta(seconds=2 * self._patience.deadline_s)
        rows = await asyncio.to_thread(self._store.due_deliveries, now=horizon)
        ordered = sorted(rows, key=lambda row: (row.route, row.created_at))
        return {route: list(group) for route, group in groupby(ordered, key=lambda row: row.route)}

    async def _guarded(self, work: Coroutine[Any, Any, int]) -> int:
        try:
            return await work
        except Exception as error:  # noqa: BLE001  # the next pass is soon
            self._told("delivery pass failed", error)
            return 0

    def _told(self, what: str, error: Exception) -> None:
        if not isinstance(error, StoreError):
            log.error(what, exc_info=error)
        elif self._said.is_news(str(error)):
            log.warning(what, error=str(error))

    async def _deliver_route(self, rows: Sequence[Delivery]) -> int:
        taken = 0
        waiting: set[str] = set()
        told: set[str] = set()
        for row in rows:
            if row.key in told:
                continue
            incident = row.subject or row.key
            stale = self._courier.stale(row)
            if stale:
                # Asked of those that wait behind their incident's first message too: each is news of its own.
                await self._courier.fall_back(row)
            if incident in waiting:
                continue
            untold = [one for one in rows if one.key not in told]
            gathered = await self._groups.gather(row, untold, joins=self._joins(row.route))
            if gathered.message is None:
                # It waits for its group, and what is told of its incident later behind it; nobody else does.
                waiting.add(incident)
                continue
            told |= {gathered.message.key, *gathered.told}
            state = await self._courier.step(gathered.message)
            if state is DeliveryState.SENT:
                taken += 1
            elif row.is_details or not state.open:
                # What only adds to what was told holds nobody up, its own incident included.
                continue
            elif stale:
                # The fallback route has it: others need not wait behind it any longer, its own incident does.
                waiting.add(gathered.message.subject or gathered.message.key)
            else:
                break
        return taken

    def _joins(self, route: str) -> bool:
        sink = self._sinks.get(route)
        return sink is None or sink.notifier.joins

    # -- what is told about the sinks themselves -----------------------------------------------

    def _tell_if_mute(self) -> None:
        mute = not self.ready
        if mute and not self._mute:
            log.critical("every sink fails, nobody can be told anything", routes=sorted(self._sinks))
        elif self._mute and not mute:
            log.warning("messages are taken again")
        self._mute = mute

    async def _tell_doubts(self) -> None:
        for route, sink in self._sinks.items():
            try:
                for doubt in await sink.notifier.doubts():
                    log.warning("a route cannot promise everything", route=route, why=doubt)
            except Exception as error:  # noqa: BLE001  # a question at the start must not cost the pager
                log.warning("a route could not be asked what it can do", route=route, error=type(error).__name__)


async def _first_of(*events: asyncio.Event, timeout_s: float) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
