"""What others do, in the same harness: a pager that marks after it sent, and one that marks before. Never shipped.

Alertmanager and Gatus send first; healthchecks marks first. Both retry what they saw fail.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError
from driftwatch.services.patience import Patience
from driftwatch.services.ports import Clock, Notifier, Store


class Naive:
    def __init__(self, store: Store, notifiers: Mapping[str, Notifier], *, clock: Clock, patience: Patience) -> None:
        self.store, self.notifiers, self.clock, self.patience = store, notifiers, clock, patience

    async def run(self, stop: asyncio.Event, _wake: asyncio.Event) -> None:
        while not stop.is_set():
            rows = await asyncio.to_thread(self.store.due_deliveries, now=self.clock.now() + timedelta(days=30))
            routes = {row.route for row in rows}
            await asyncio.gather(*(self._route([row for row in rows if row.route == route]) for route in routes))
            await asyncio.sleep(self.patience.poll_s)

    async def _route(self, rows: list[Delivery]) -> None:
        for row in rows:
            try:
                await self.deliver(row)
            except DeliveryError:
                await asyncio.sleep(self.patience.retry_first_s)
                break
            await asyncio.sleep(self.patience.spacing_s)

    async def deliver(self, row: Delivery) -> None:
        raise NotImplementedError

    async def mark(self, row: Delivery, state: DeliveryState) -> None:
        await asyncio.to_thread(self.store.save_delivery, replace(row, state=state))


class SendThenMark(Naive):
    async def deliver(self, row: Delivery) -> None:
        await self.notifiers[row.route].send(row)
        await self.mark(row, DeliveryState.SENT)


class MarkThenSend(Naive):
    async def deliver(self, row: Delivery) -> None:
        await self.mark(row, DeliveryState.SENT)
        try:
            await self.notifiers[row.route].send(row)
        except DeliveryError:
            await self.mark(row, DeliveryState.PENDING)
            raise
