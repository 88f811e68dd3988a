"""The pager: takes promises from the outbox and keeps them, at least once, whatever dies in between.

A row is committed as ``sending`` before the network call. What is found there afterwards belonged to a process
that died: it may have arrived, so it waits, and goes out again marked as a possible repeat.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any

import structlog

from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError
from driftwatch.services.ports import Clock, Notifier, Store

RETRY_FIRST_S = 1.0
RETRY_MOST_S = 300.0
RETRY_AFTER_MOST_S = 900.0
AMBIGUOUS_WAIT_S = 15.0
FALLBACK_AFTER_S = 300.0
DEADLINE_S = 72 * 3600.0
SPACING_S = 1.0
"""Slack takes one message a second and channel."""
DELAY_SHOWN_S = 120.0
POLL_S = 0.5

log = structlog.get_logger("driftwatch.pager")


class Pager:
    """Delivers what is due, in order within a route, routes independently of each other.

    Parameters
    ----------
    notifiers : mapping of str to Notifier
        By route.
    fallback : str, optional
        The route that is told when another refuses a message, or has not taken it for 5 minutes.
    rng : random.Random
        For the jitter between attempts.
    """

    def __init__(
        self,
        store: Store,
        notifiers: Mapping[str, Notifier],
        *,
        clock: Clock,
        fallback: str | None = None,
        rng: Random | None = None,
    ) -> None:
        self._store = store
        self._notifiers = notifiers
        self._clock = clock
        self._fallback = fallback
        self._rng = rng or Random()  # noqa: S311  # jitter keeps no secret
        self._free_at: dict[str, float] = {}
        self._fell_back: set[str] = set()
        self._unsaved: dict[str, Delivery] = {}

    async def run(self, stop: asyncio.Event, wake: asyncio.Event | None = None) -> None:
        """Deliver until `stop` is set, then once more; `wake` shortens the wait for what was just committed.

        Each route has its own task, so that a sink that hangs holds up nobody else.
        """
        wake = wake or asyncio.Event()
        tasks: dict[str, asyncio.Task[int]] = {}
        try:
            while not stop.is_set():
                wake.clear()
                await self._start_idle_routes(tasks)
                await _first_of(stop, wake, timeout_s=POLL_S)
            await asyncio.gather(*tasks.values())
            await self._guarded(self.deliver_due())
        finally:
            # Cancelled in mid-flight the row stays `sending`: the next start treats it as a crash's leftover.
            for task in tasks.values():
                task.cancel()

    async def deliver_due(self) -> int:
        """Make one pass over the outbox and return how many messages were taken."""
        routes = await self._undelivered()
        return sum(await asyncio.gather(*(self._deliver_route(rows) for rows in routes.values())))

    async def _start_idle_routes(self, tasks: dict[str, asyncio.Task[int]]) -> None:
        # Asked before the rows are read: a task that ends in between has sent rows that we would see as unsent.
        busy = {route for route, task in tasks.items() if not task.done()}
        try:
            routes = await self._undelivered()
        except Exception:
            # The store may be locked or gone for a while; a pager that dies of it would be the outage.
            log.exception("outbox unreadable")
            return
        for route in routes.keys() - busy:
            tasks[route] = asyncio.create_task(self._guarded(self._deliver_route(routes[route])))

    async def _undelivered(self) -> dict[str, list[Delivery]]:
        """Return all rows that are not at their end, by route, oldest first; waiting ones hold up those behind."""
        horizon = self._clock.now() + timedelta(seconds=2 * DEADLINE_S)
        rows = await asyncio.to_thread(self._store.due_deliveries, now=horizon)
        ordered = sorted(rows, key=lambda row: (row.route, row.created_at))
        return {route: list(group) for route, group in groupby(ordered, key=lambda row: row.route)}

    async def _guarded(self, work: Coroutine[Any, Any, int]) -> int:
        try:
            return await work
        except Exception:
            log.exception("delivery pass failed")
            return 0

    async def _deliver_route(self, rows: Sequence[Delivery]) -> int:
        taken = 0
        waiting: set[str] = set()
        for row in rows:
            incident = str(row.payload.get("key", row.key))
            if incident in waiting:
                continue
            stale = self._age_s(row.created_at) >= FALLBACK_AFTER_S
            if stale:
                await self._fall_back(row)
            if await self._given_up(row) or await self._known_sent(row):
                continue
            state = await self._attempt(row) if self._ready(row) else row.state
            if state is DeliveryState.SENT:
                taken += 1
            elif stale:
                # The fallback route has it: others need not wait behind it any longer, its own incident does.
                waiting.add(incident)
            elif state is not DeliveryState.DEAD:
                break
        return taken

    # -- one row -------------------------------------------------------------------------------

    def _ready(self, row: Delivery) -> bool:
        if self._free_at.get(row.route, 0.0) - self._clock.monotonic() > SPACING_S:
            return False
        if row.state is DeliveryState.SENDING:
            return row.started_at is None or self._age_s(row.started_at) >= AMBIGUOUS_WAIT_S
        return row.not_before is None or self._clock.seconds_until(row.not_before) <= 0

    async def _attempt(self, row: Delivery) -> DeliveryState:
        """Send once and return what became of the row."""
        await self._wait_for_turn(row.route)
        sending = replace(
            row,
            state=DeliveryState.SENDING,
            attempts=row.attempts + 1,
            started_at=self._clock.now(),
            possible_repeat=row.possible_repeat or row.state is DeliveryState.SENDING,
            error=None,
        )
        await self._save(sending)
        try:
            await self._send(sending)
        except DeliveryError as error:
            return await self._failed(sending, error)
        sent = replace(sending, state=DeliveryState.SENT, sent_at=self._clock.now(), not_before=None)
        # Until this is committed the row looks like a crash's leftover; remembering it here spares a repeat.
        self._unsaved[sent.key] = sent
        await self._known_sent(sent)
        took_s = round(self._age_s(row.created_at), 3)
        log.info("page delivered", key=sent.key, route=sent.route, attempts=sent.attempts, took_s=took_s)
        return sent.state

    async def _send(self, sending: Delivery) -> None:
        notifier = self._notifiers.get(sending.route)
        if notifier is None:
            raise DeliveryError(f"no route is called {sending.route!r}; add it under routes:.", permanent=True)
        late_s = self._age_s(sending.created_at)
        late = {"delayed_min": round(late_s / 60)} if late_s >= DELAY_SHOWN_S else {}
        try:
            await notifier.send(replace(sending, payload={**sending.payload, **late}))
        except DeliveryError:
            raise
        except Exception as error:
            log.exception("sink failed unexpectedly", route=sending.route, key=sending.key)
            raise DeliveryError(f"the sink failed: {type(error).__name__}", permanent=False, ambiguous=True) from None

    async def _failed(self, row: Delivery, error: DeliveryError) -> DeliveryState:
        facts = {"key": row.key, "route": row.route, "attempts": row.attempts, "error": str(error)}
        if error.permanent:
            await self._save(replace(row, state=DeliveryState.DEAD, error=str(error)))
            if await self._fall_back(row):
                log.error("page refused, fallback told", **facts)
            else:
                log.critical("page refused, nobody told", **facts)
            return DeliveryState.DEAD
        wait_s = self._wait_s(row, error)
        waiting = replace(
            row,
            state=DeliveryState.PENDING,
            not_before=self._later(wait_s),
            possible_repeat=row.possible_repeat or error.ambiguous,
            error=str(error),
        )
        await self._save(waiting)
        log.warning("page not delivered yet", **facts, again_in_s=round(wait_s, 1))
        return waiting.state

    def _wait_s(self, row: Delivery, error: DeliveryError) -> float:
        """Return real seconds to the next attempt: what the remote asks for, else full jitter."""
        if error.retry_after_s is not None:
            wait_s = min(max(error.retry_after_s, RETRY_FIRST_S), RETRY_AFTER_MOST_S)
            self._free_at[row.route] = self._clock.monotonic() + wait_s
            return wait_s
        most = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(row.attempts, 16))
        wait_s = max(RETRY_FIRST_S, self._rng.uniform(0.0, most))
        return max(wait_s, AMBIGUOUS_WAIT_S) if error.ambiguous else wait_s

    async def _fall_back(self, row: Delivery) -> bool:
        """Promise the message on the fallback route too; False if that is where it comes from."""
        if self._fallback is None or row.route == self._fallback or self._fallback not in self._notifiers:
            return False
        if row.key not in self._fell_back:
            copy = Delivery(
                key=f"{row.key}>{self._fallback}",
                route=self._fallback,
                severity=row.severity,
                payload={**row.payload, "instead_of": row.route},
                created_at=row.created_at,
            )
            await asyncio.to_thread(self._store.enqueue, [copy])
            self._fell_back.add(row.key)
        return True

    async def _given_up(self, row: Delivery) -> bool:
        if self._age_s(row.created_at) < DEADLINE_S:
            return False
        await self._save(replace(row, state=DeliveryState.DEAD, error=f"undelivered for 72 h; {row.error or ''}"))
        log.critical("page given up", key=row.key, route=row.route, attempts=row.attempts, error=row.error)
        return True

    async def _known_sent(self, row: Delivery) -> bool:
        sent = self._unsaved.get(row.key)
        if sent is None:
            return False
        await self._save(sent)
        del self._unsaved[row.key]
        return True

    # -- time and store ------------------------------------------------------------------------

    async def _wait_for_turn(self, route: str) -> None:
        wait_s = self._free_at.get(route, 0.0) - self._clock.monotonic()
        if wait_s > 0:
            await self._clock.sleep(wait_s)
        self._free_at[route] = self._clock.monotonic() + SPACING_S

    def _age_s(self, moment: datetime) -> float:
        """Return real seconds since `moment`: an accelerated clock must not make a message look late."""
        return -self._clock.seconds_until(moment)

    def _later(self, real_s: float) -> datetime:
        now = self._clock.now()
        hour = timedelta(hours=1)
        speed = hour.total_seconds() / max(self._clock.seconds_until(now + hour), 1e-9)
        return now + timedelta(seconds=real_s * speed)

    async def _save(self, row: Delivery) -> None:
        await asyncio.to_thread(self._store.save_delivery, row)


async def _first_of(*events: asyncio.Event, timeout_s: float) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
