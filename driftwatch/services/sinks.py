"""What the pager knows of each sink: when it may speak next, and whether it takes anything at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from driftwatch.services.ports import Clock, Notifier

TRIP = 5
"""Failures in a row after which a sink's circuit opens: one message tries it, the others wait."""
_ROUNDING_S = 0.01


@dataclass(eq=False, kw_only=True)
class Sink:
    """One remote place, however many routes lead there.

    Parameters
    ----------
    free_at, closed_until : float
        Monotonic seconds: from when the next message may go, and until when the open circuit lets none pass.
    failures : int
        In a row, since something was taken.
    refused : bool
        The last message was refused for good.
    """

    notifier: Notifier
    clock: Clock
    free_at: float = field(default=0.0, init=False)
    closed_until: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)
    refused: bool = field(default=False, init=False)

    @property
    def failing(self) -> bool:
        """Whether it takes nothing, as far as we know."""
        return self.refused or self.failures >= TRIP

    def worth_trying(self, *, within_s: float) -> bool:
        """Say whether a message may go now, or in so many seconds at most."""
        now = self.clock.monotonic()
        return self.free_at - now <= within_s and self.closed_until - now <= _ROUNDING_S

    async def take_turn(self, spacing_s: float) -> None:
        """Wait until a message may go, and keep the next one back for a while."""
        now = self.clock.monotonic()
        turn = max(self.free_at, now)
        # Taken before the wait: another route to this sink may ask meanwhile.
        self.free_at = turn + spacing_s
        if turn > now:
            await self.clock.sleep(turn - now)

    def took(self) -> None:
        """Note that a message was taken, which closes the circuit."""
        self.failures, self.refused, self.closed_until = 0, False, 0.0

    def failed(self, *, wait_s: float) -> None:
        """Note a failure that may pass of a message that waits for `wait_s`; with many in a row others wait half of it.

        The next one to try is another message then: the sink may be well, and this one the trouble.
        """
        self.failures += 1
        if self.failures >= TRIP:
            self.closed_until = self.clock.monotonic() + wait_s / 2

    def refuses(self) -> None:
        """Note a refusal for good. The next message is tried all the same: it may be the message's own fault."""
        self.refused = True

    def asks_for_patience(self, wait_s: float) -> None:
        """Keep everything back for as long as the remote wants."""
        self.free_at = max(self.free_at, self.clock.monotonic() + wait_s)


def sinks_of(notifiers: Mapping[str, Notifier], clock: Clock) -> dict[str, Sink]:
    """Return each route's sink; routes with one notifier share one."""
    places = {id(notifier): Sink(notifier=notifier, clock=clock) for notifier in notifiers.values()}
    return {route: places[id(notifier)] for route, notifier in notifiers.items()}


def all_failing(sinks: Iterable[Sink]) -> bool:
    """Say whether nobody can be told anything."""
    listed = list(sinks)
    return bool(listed) and all(sink.failing for sink in listed)
