"""One of several nodes leads: it replays and pages; the others stand by, and take over when it dies or freezes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from driftwatch.domain.delivery import Delivery
from driftwatch.domain.errors import StoreError
from driftwatch.services.ports import Clock
from driftwatch.services.said import Said

log = structlog.get_logger(__name__)

BEAT_S = 1.0
"""Real seconds between two heartbeats of a leader."""
TRY_S = 0.2
"""Real seconds between two looks of a standby."""
SURE_S = 5.0
"""A heartbeat is good for so long: half of what a standby waits for."""
DECIDED_AGAIN = timedelta(minutes=10)
"""After a failover: by then what was decided in lost commits has been decided again."""

Told = TypeVar("Told")


class Lease(Protocol):
    """What a node needs of the store's lease; see `adapters.store.lease`."""

    epoch: int
    failed_over_at: datetime | None
    """When the database last turned out to be another server, which may lack the last commits."""

    def refuse_pooler(self) -> None:
        """Raise if locks do not stay with their session."""

    def try_to_lead(self) -> bool:
        """Lead if nobody does."""

    def renew(self) -> bool | None:
        """Say that this node is alive; None while nobody knows whether it leads."""

    def leads(self) -> bool:
        """Whether this node leads at this moment."""

    def release(self) -> None:
        """Let another node lead at once."""


class Leader:
    """One node's part in leading; heartbeats come from the daemon's own loop, so a loop that hangs sends none."""

    def __init__(self, lease: Lease, clock: Clock, *, beat_s: float = BEAT_S, try_s: float = TRY_S) -> None:
        self._lease, self._clock, self._beat_s, self._try_s = lease, clock, beat_s, try_s
        # A thread of its own: those of the store may all be waiting for the database.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lease")
        self._renewed = self._awake = 0.0
        self._won_once = False
        self.lost = False
        self.parting = False
        """Whether it takes back, as its last word, what it warned of: the fence is open for that alone."""

    async def first_try(self) -> bool:
        """Look whether leading works here at all, and try once; whatever is wrong then is told by raising."""
        await self._apart(self._lease.refuse_pooler)
        return await self._won()

    async def win(self) -> None:
        """Try until this node leads; trouble with the database is waited out."""
        told = False
        while True:
            try:
                if await self._won():
                    return
                told = False
            except StoreError as error:
                if not told:
                    log.warning("standing by without the database", error=str(error))
                told = True
            await self._clock.sleep(self._try_s)

    async def keep(self) -> None:
        """Send heartbeats; return when another node has taken over."""
        said = Said()
        while True:
            await self._clock.sleep(self._beat_s)
            try:
                leads = await self._beat()
            except StoreError as error:
                if said.is_news(str(error)):
                    log.warning("no heartbeat: the database is gone", error=str(error))
                continue
            if leads and said.over():
                log.info("heartbeats again")
            if leads:
                self._renewed = self._clock.monotonic()
            elif leads is False:
                self.lost = True
                log.error("another node leads; this one stands by", epoch=self._lease.epoch)
                return

    async def may_send(self) -> bool:
        """Whether this node still leads: asked before anything leaves it."""
        # After a freeze the clock says so before anybody else can.
        if self.lost or self._clock.monotonic() - self._renewed > SURE_S:
            return False
        try:
            return await asyncio.to_thread(self._lease.leads)
        except StoreError:
            return False

    async def led(self) -> bool:
        """Whether this node led when it last knew: enough to warn that the database is gone, for nothing else."""
        if self.lost:
            return self.parting
        # Just frozen, it may have been followed: the next look knows.
        return self._won_once and self._clock.monotonic() - self._awake <= SURE_S

    def doubts(self, row: Delivery) -> bool:
        """Whether a message may have been sent though its row does not say so: the database has failed over.

        What was decided in the commits that were lost is decided again some time later.
        """
        moved = self._lease.failed_over_at
        return moved is not None and row.created_at <= moved + DECIDED_AGAIN

    def release(self) -> None:
        """Let another node lead at once; for the end of the process."""
        self._thread.submit(self._lease.release).result()
        self._thread.shutdown()

    async def _won(self) -> bool:
        won = await self._apart(self._lease.try_to_lead)
        if won:
            self._renewed = self._awake = self._clock.monotonic()
            self._won_once = True
            log.info("leading", epoch=self._lease.epoch)
        return won

    async def _beat(self) -> bool | None:
        """Send a heartbeat, and note meanwhile that the loop is awake: a database that hangs may never answer."""
        beat = asyncio.create_task(self._apart(self._lease.renew))
        try:
            while not beat.done():
                await asyncio.wait({beat}, timeout=self._beat_s)
                self._awake = self._clock.monotonic()
            return beat.result()
        finally:
            beat.cancel()

    async def _apart(self, work: Callable[[], Told]) -> Told:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
