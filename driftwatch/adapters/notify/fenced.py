"""A sink that sends only while this node leads: what a revived node still held is the new leader's to send."""

from collections.abc import Awaitable, Callable, Sequence

from driftwatch.domain.delivery import Arrival, Delivery
from driftwatch.domain.errors import DeliveryError
from driftwatch.services.ports import Notifier

MaySend = Callable[[], Awaitable[bool]]


class Fenced(Notifier):
    """Asks before each message whether this node may still send it.

    Parameters
    ----------
    notifier : Notifier
        The sink.
    may_send : callable
        Says whether this node leads, by the database's word.
    """

    def __init__(self, notifier: Notifier, may_send: MaySend) -> None:
        self._notifier, self._may_send = notifier, may_send
        self.threads, self.joins = notifier.threads, notifier.joins

    def behind(self, may_send: MaySend) -> "Fenced":
        """Return the same sink behind another fence."""
        return Fenced(self._notifier, may_send)

    async def send(self, delivery: Delivery) -> str | None:
        if not await self._may_send():
            told = "not sent: another node leads, or the database that would know is gone"
            raise DeliveryError(told, permanent=False)
        return await self._notifier.send(delivery)

    async def arrived(self, delivery: Delivery) -> Arrival:
        return await self._notifier.arrived(delivery)

    async def doubts(self) -> Sequence[str]:
        return await self._notifier.doubts()

    async def aclose(self) -> None:
        await self._notifier.aclose()
