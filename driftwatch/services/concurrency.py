"""How many questions may be in flight: more while the vendor takes them, fewer when it says 429."""

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from types import TracebackType

from driftwatch.services.ports import Clock

COOL_DOWN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The state of the limit; every method returns the next one.

    Doubles after each clean round (as many answers in a row as the limit) until the first 429, then grows by 5 %
    a round; a 429 takes a fifth away, once per episode: further ones within the cool-down belong to the same.

    Parameters
    ----------
    limit : float
        Questions in flight, rounded down; at least 1.
    most : int
        What the limit never exceeds.

    Examples
    --------
    >>> pace = Pace()
    >>> for _ in range(4):
    ...     pace = pace.answered(now=0.0)
    >>> pace.allowed
    8
    >>> pace.rate_limited(now=1.0).rate_limited(now=1.1).allowed
    6
    """

    limit: float = 4.0
    most: int = 16
    clean: int = 0
    doubling: bool = True
    cool_until: float = float("-inf")

    @property
    def allowed(self) -> int:
        """Questions that may be in flight now."""
        return max(min(int(self.limit), self.most), 1)

    def answered(self, *, now: float) -> "Pace":
        """Count one answer; nothing grows during a cool-down, nor beyond the most."""
        if now < self.cool_until or self.limit == self.most:
            return self
        if self.clean + 1 < self.allowed:
            return replace(self, clean=self.clean + 1)
        grown = self.limit * (2.0 if self.doubling else 1.05)
        return replace(self, limit=min(grown, float(self.most)), clean=0)

    def failed(self) -> "Pace":
        """Begin the round anew: trouble of another kind is no reason to grow."""
        return replace(self, clean=0)

    def rate_limited(self, *, now: float) -> "Pace":
        """Give way, once per episode."""
        if now < self.cool_until:
            return replace(self, clean=0)
        return replace(self, limit=max(self.limit * 0.8, 1.0), clean=0, doubling=False, cool_until=now + COOL_DOWN_S)


class Gate:
    """Lets in as many questions at once as the pace allows; in the order in which they came."""

    def __init__(self, pace: Pace, *, clock: Clock) -> None:
        self.pace = pace
        self._clock = clock
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        """Wait for a place and hold it."""
        if self._inside < self.pace.allowed and not self._waiting:
            self._inside += 1
        else:
            await self._wait_for_place()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the place to the next."""
        self._inside -= 1
        self._admit()

    def answered(self) -> None:
        """Tell the pace of an answer."""
        self.pace = self.pace.answered(now=self._clock.monotonic())
        self._admit()

    def failed(self) -> None:
        """Tell the pace of trouble."""
        self.pace = self.pace.failed()

    def rate_limited(self) -> None:
        """Tell the pace of a 429."""
        self.pace = self.pace.rate_limited(now=self._clock.monotonic())

    async def _wait_for_place(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # Admitted and cancelled in the same turn of the loop: the place goes to the next.
                self._inside -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting and self._inside < self.pace.allowed:
            place = self._waiting.popleft()
            if not place.done():
                self._inside += 1
                place.set_result(None)
