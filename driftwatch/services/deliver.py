"""One outbox row, one step on: asked after, sent, put off, told elsewhere, or given up.

    pending → sending → sent | pending (later) | ambiguous → sent | pending | dead

A row is committed as ``sending`` before the network call. What is found there afterwards belonged to a process that
died: like a connection lost after the request was written, it may have arrived. Where the remote can be asked, it is;
where not, the message goes out again and says that it may be a repeat.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import structlog

from driftwatch.domain.delivery import DETAILS, Arrival, Arrived, Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError
from driftwatch.services.counts import Counts
from driftwatch.services.elsewhere import going_on, instead
from driftwatch.services.patience import Patience
from driftwatch.services.ports import Clock, Store
from driftwatch.services.sinks import Sink

DELAY_SHOWN_S = 120.0
KEPT = 200
"""Messages that a pager remembers having sent, in case the database forgets it."""

Doubts = Callable[[Delivery], bool]

log = structlog.get_logger("driftwatch.pager")


class Courier:
    """Takes rows on, one step at a time; rows of one route must come one after the other.

    Parameters
    ----------
    sinks : mapping of str to Sink
        By route.
    fallback : str, optional
        The route that is told when another refuses a message, or has not taken it for five minutes.
    held_most : timedelta
        By which what waits for its group must have been sent, whatever its row says.
    doubts : callable
        Whether a row that was never tried, by its own word, may have been sent all the same: the database has lost its
        last commits. It is asked after first.
    """

    def __init__(
        self,
        store: Store,
        sinks: Mapping[str, Sink],
        *,
        clock: Clock,
        fallback: str | None,
        rng: Random,
        patience: Patience,
        held_most: timedelta,
        counts: Counts | None = None,
        doubts: Doubts = lambda _row: False,
    ) -> None:
        self._store, self._sinks, self._clock = store, sinks, clock
        self._counts = counts or Counts()
        self._fallback, self._rng, self._patience = fallback, rng, patience
        self._held_most = held_most
        self._fell_back: dict[str, int] = {}
        self._first_tried: dict[str, datetime] = {}
        self._unsaved: dict[str, Delivery] = {}
        self._doubts, self._kept = doubts, OrderedDict[str, Delivery]()

    def adopt(self, sinks: Mapping[str, Sink], fallback: str | None) -> None:
        """Go by other sinks from the next row on."""
        self._sinks, self._fallback = sinks, fallback

    async def step(self, row: Delivery) -> DeliveryState:
        """Take a row one step on and return where it stands then."""
        if await self._given_up(row):
            return DeliveryState.DEAD
        if await self._known_sent(row):
            return DeliveryState.SENT
        sink = self._sinks.get(row.route)
        if not self._ready(row, sink):
            return row.state
        if sink is None:
            needs = f"no route is called {row.route!r}; add it under routes:."
            return await self._refused(row, DeliveryError(needs, permanent=True))
        if row.state in (DeliveryState.SENDING, DeliveryState.AMBIGUOUS) or (not row.attempts and self._doubts(row)):
            row = await self._asked_after(row, sink)
        return await self._attempt(row, sink) if row.state is DeliveryState.PENDING else row.state

    def stale(self, row: Delivery) -> bool:
        """Say whether the fallback route must hear of it by now."""
        begins = min(row.begins, row.created_at + self._held_most)
        return self._age_s(begins) >= self._patience.fallback_s

    async def fall_back(self, row: Delivery) -> bool:
        """Promise the message on the fallback route too; False if that is where it comes from."""
        if self._fallback is None or row.route == self._fallback or self._fallback not in self._sinks:
            return False
        # What joined it since the last copy was written is to be told as well.
        if self._fell_back.get(row.key) != row.others and not row.is_details:
            await asyncio.to_thread(self._promise_instead, row, self._fallback)
            self._fell_back[row.key] = row.others
        return True

    def _promise_instead(self, row: Delivery, fallback: str) -> None:
        joins = self._sinks[fallback].notifier.joins
        self._store.enqueue(instead(row, self._store, fallback, joins=joins, held_most=self._held_most))

    # -- what may have arrived -------------------------------------------------------------------

    async def _asked_after(self, row: Delivery, sink: Sink) -> Delivery:
        """Return the row as the remote's answer leaves it: sent, pending, or ambiguous still."""
        try:
            answer = await self._ask(row, sink)
        except DeliveryError as error:
            # A page that may come twice is better than one that may not come at all.
            if error.permanent or self._age_s(row.started_at or row.created_at) >= self._patience.fallback_s:
                return replace(row, state=DeliveryState.PENDING, possible_repeat=True)
            wait_s = self._wait_s(row, error, sink)
            waiting = replace(
                row, state=DeliveryState.AMBIGUOUS, not_before=self._later(wait_s), attempts=row.attempts + 1
            )
            await self._save(replace(waiting, error=str(error)))
            log.warning("nobody can say yet whether a message arrived", key=row.key, route=row.route, error=str(error))
            return waiting
        if answer.arrived is Arrived.YES:
            log.info("message had arrived", key=row.key, route=row.route, attempts=row.attempts)
            return await self._sent(replace(row, remote=answer.remote), sink)
        # Told that nothing arrived we need not warn of a repeat, whatever was uncertain before.
        return replace(row, state=DeliveryState.PENDING, possible_repeat=answer.arrived is Arrived.UNKNOWN)

    async def _ask(self, row: Delivery, sink: Sink) -> Arrival:
        try:
            return await sink.notifier.arrived(row)
        except DeliveryError:
            raise
        except Exception as error:
            log.exception("sink failed unexpectedly", route=row.route, key=row.key)
            raise _unforeseen(error) from None

    # -- one attempt -----------------------------------------------------------------------------

    def _ready(self, row: Delivery, sink: Sink | None) -> bool:
        if sink is not None and not sink.worth_trying(within_s=self._patience.spacing_s):
            return False
        if row.state is DeliveryState.SENDING:
            return row.started_at is None or self._age_s(row.started_at) >= self._patience.ambiguous_s
        return row.not_before is None or self._clock.seconds_until(row.not_before) <= 0

    async def _attempt(self, row: Delivery, sink: Sink) -> DeliveryState:
        await sink.take_turn(self._patience.spacing_s)
        sending = replace(
            row,
            state=DeliveryState.SENDING,
            attempts=row.attempts + 1,
            started_at=self._clock.now(),
            error=None,
            thread=await self._thread(row, sink),
        )
        if not row.attempts:
            self._first_tried[row.key] = self._clock.now()
        await self._save(sending)
        try:
            remote = await self._send(sending, sink)
        except DeliveryError as error:
            if error.permanent:
                sink.refuses()
                return await self._refused(sending, error)
            return await self._failed(sending, error, sink)
        sent = await self._sent(replace(sending, remote=remote), sink)
        took_s = round(self._age_s(row.created_at), 3)
        facts = {"key": sent.key, "severity": sent.severity.value, "route": sent.route}
        log.info("message delivered", **facts, attempts=sent.attempts, took_s=took_s)
        return sent.state

    async def _thread(self, row: Delivery, sink: Sink) -> str | None:
        if not sink.notifier.threads or row.subject is None:
            return None
        before = await asyncio.to_thread(self._store.thread, row.route, row.subject)
        return before[0].remote if before else None

    async def _send(self, sending: Delivery, sink: Sink) -> str | None:
        late_s = self._age_s(sending.created_at)
        late = {"delayed_min": round(late_s / 60)} if late_s >= DELAY_SHOWN_S else {}
        try:
            return await sink.notifier.send(replace(sending, payload={**sending.payload, **late}))
        except DeliveryError:
            raise
        except Exception as error:
            log.exception("sink failed unexpectedly", route=sending.route, key=sending.key)
            raise _unforeseen(error) from None

    async def _sent(self, row: Delivery, sink: Sink) -> Delivery:
        sink.took()
        self._counts.add("deliveries", row.route, "sent")
        sent = replace(row, state=DeliveryState.SENT, sent_at=self._clock.now(), not_before=None)
        # Until this is committed the row looks like a crash's leftover; remembering it here spares a repeat.
        self._unsaved[sent.key] = sent
        await self._known_sent(sent)
        return sent

    async def _known_sent(self, row: Delivery) -> bool:
        """Write down what is known to have been sent, though its row does not say so; False if nothing is."""
        # A database that failed over may have lost that it was written down before.
        sent = self._unsaved.get(row.key) or self._kept.get(row.key)
        # What a failover lost may be decided again as a page where it was a notice: that was sent to nobody.
        if sent is None or sent.severity.rank < row.severity.rank:
            return False
        await self._save(sent, (*self._details(sent), *await self._goes_on(sent)))
        self._unsaved.pop(row.key, None)
        self._kept[row.key] = sent
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return True

    async def _goes_on(self, sent: Delivery) -> tuple[Delivery, ...]:
        """Return the promise that the fallback, told of an incident in this route's stead, hears how it went on."""
        if self._fallback is None or self._fallback not in self._sinks or not sent.settles:
            return ()
        return await asyncio.to_thread(going_on, sent, self._store, self._fallback)

    def _details(self, sent: Delivery) -> tuple[Delivery, ...]:
        """Return the promise of the details that follow an incident's first message into its thread."""
        sink = self._sinks.get(sent.route)
        opens = sink is not None and sink.notifier.threads and sent.remote and not sent.thread
        if not opens or sent.is_details or not any("old_answer" in m for m in sent.payload.get("moved", ())):
            return ()
        return (
            Delivery(
                key=f"{sent.key}+{DETAILS}",
                route=sent.route,
                severity=sent.severity,
                payload={**sent.payload, "part": DETAILS},
                created_at=self._clock.now(),
            ),
        )

    # -- what did not go as it should --------------------------------------------------------------

    async def _refused(self, row: Delivery, error: DeliveryError) -> DeliveryState:
        facts = {"key": row.key, "route": row.route, "attempts": row.attempts, "error": str(error)}
        await self._save(replace(row, state=DeliveryState.DEAD, error=str(error)))
        self._counts.add("deliveries", row.route, "refused")
        if await self.fall_back(row):
            log.error("message refused, fallback told", **facts)
        else:
            log.critical("message refused, nobody told", **facts)
        return DeliveryState.DEAD

    async def _failed(self, row: Delivery, error: DeliveryError, sink: Sink) -> DeliveryState:
        wait_s = self._wait_s(row, error, sink)
        sink.failed(wait_s=wait_s)
        waiting = replace(
            row,
            state=DeliveryState.AMBIGUOUS if error.ambiguous else DeliveryState.PENDING,
            not_before=self._later(wait_s),
            error=str(error),
        )
        await self._save(waiting)
        self._counts.add("deliveries", row.route, "ambiguous" if error.ambiguous else "put_off")
        facts = {"key": row.key, "route": row.route, "attempts": row.attempts, "error": str(error)}
        log.warning("message not delivered yet", **facts, again_in_s=round(wait_s, 1))
        return waiting.state

    async def _given_up(self, row: Delivery) -> bool:
        # Untried it lay while nobody was there to send it: late is better than never. After a restart nobody
        # knows when it was tried first, and its whole age counts.
        since = self._first_tried.get(row.key, row.created_at)
        if row.attempts == 0 or self._age_s(since) < self._patience.deadline_s:
            return False
        await self._save(replace(row, state=DeliveryState.DEAD, error=f"undelivered for 72 h; {row.error or ''}"))
        self._counts.add("deliveries", row.route, "given_up")
        log.critical("message given up", key=row.key, route=row.route, attempts=row.attempts, error=row.error)
        return True

    # -- time and store ------------------------------------------------------------------------

    def _wait_s(self, row: Delivery, error: DeliveryError, sink: Sink) -> float:
        """Return real seconds to the next attempt: what the remote asks for, else full jitter."""
        first_s = self._patience.retry_first_s
        if error.retry_after_s is not None:
            wait_s = min(max(error.retry_after_s, first_s), self._patience.retry_after_most_s)
            sink.asks_for_patience(wait_s)
            return wait_s
        most = min(self._patience.retry_most_s, first_s * 2.0 ** min(row.attempts, 16))
        wait_s = max(first_s, self._rng.uniform(0.0, most))
        return max(wait_s, self._patience.ambiguous_s) if error.ambiguous else wait_s

    def _age_s(self, moment: datetime) -> float:
        """Return real seconds since `moment`: an accelerated clock must not make a message look late."""
        return -self._clock.seconds_until(moment)

    def _later(self, real_s: float) -> datetime:
        now = self._clock.now()
        hour = timedelta(hours=1)
        speed = hour.total_seconds() / max(self._clock.seconds_until(now + hour), 1e-9)
        return now + timedelta(seconds=real_s * speed)

    async def _save(self, row: Delivery, then: tuple[Delivery, ...] = ()) -> None:
        await asyncio.to_thread(self._store.save_delivery, row, then)
        if not row.state.open:
            self._first_tried.pop(row.key, None)


def _unforeseen(error: Exception) -> DeliveryError:
    """Return what a mistake in a sink means for its message: it may have arrived, and is not the pager's end."""
    return DeliveryError(f"the sink failed: {type(error).__name__}", permanent=False, ambiguous=True)
