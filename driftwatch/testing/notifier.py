"""A sink that remembers what it was given, and fails when told to."""

from collections import deque

from driftwatch.domain.delivery import Delivery
from driftwatch.domain.errors import DeliveryError
from driftwatch.services.ports import Notifier


class RecordingNotifier(Notifier):
    """Takes every message, or raises the next of the failures it was given.

    Parameters
    ----------
    failures : DeliveryError
        Raised in order, one for each attempt, before anything is taken.

    Examples
    --------
    >>> import asyncio
    >>> from datetime import UTC, datetime
    >>> from driftwatch.domain.metric import Severity
    >>> sink = RecordingNotifier(DeliveryError("closed for lunch", permanent=False))
    >>> page = Delivery(
    ...     key="a/1/1/FIRST/7@oncall", route="oncall", severity=Severity.PAGE, payload={},
    ...     created_at=datetime(2026, 7, 20, tzinfo=UTC),
    ... )
    >>> for _ in range(2):
    ...     try:
    ...         print(asyncio.run(sink.send(page)))
    ...     except DeliveryError as error:
    ...         print(error)
    closed for lunch
    1
    >>> sink.keys
    ['a/1/1/FIRST/7@oncall']
    """

    def __init__(self, *failures: DeliveryError) -> None:
        self.failures = deque(failures)
        self.attempts: list[Delivery] = []
        """Everything that was tried, refused or not."""
        self.taken: list[Delivery] = []

    @property
    def keys(self) -> list[str]:
        """The keys of what was taken, in order."""
        return [delivery.key for delivery in self.taken]

    async def send(self, delivery: Delivery) -> str:
        """Take the message, or fail as told."""
        self.attempts.append(delivery)
        if self.failures:
            raise self.failures.popleft()
        self.taken.append(delivery)
        return str(len(self.taken))
