"""What the daemon knows of its own health, for whoever asks: systemd, Kubernetes, Prometheus, a person."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from driftwatch.services.ports import Clock

STILL_S = 30.0
"""A part that has not moved for so long is stuck."""


class Role(StrEnum):
    """What this process does for its store."""

    LEADER = "leader"
    STANDBY = "standby"


@dataclass(kw_only=True)
class Vitals:
    """The daemon's health, written by its parts and read by everybody else; safe to read from any thread.

    Parameters
    ----------
    delivers : callable
        Says whether any sink takes messages.
    started : bool
        Configuration and store are in order, and slots are looked after, by this process or the one it stands by for.

    doing : str
        In a few words, for whoever asks systemd.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> from driftwatch.testing.clock import ManualClock
    >>> clock = ManualClock(datetime(2026, 7, 20, 6, tzinfo=UTC))
    >>> vitals = Vitals(clock=clock, started=True)
    >>> vitals.moved("scheduler")
    >>> vitals.why_not_alive(), vitals.why_not_ready()
    ('', '')
    >>> clock.advance(timedelta(seconds=45))
    >>> vitals.why_not_alive()
    'the scheduler has not moved for 45 s'
    """

    clock: Clock
    delivers: Callable[[], bool] = lambda: True
    role: Role = Role.LEADER
    started: bool = False
    doing: str = "starting"
    _moved: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    def moved(self, part: str) -> None:
        """Note that a part of the daemon did what it does all the time."""
        self._moved[part] = self.clock.monotonic()

    def ended(self, part: str) -> None:
        """Note that a part ended on purpose: it need not move any more."""
        self._moved.pop(part, None)

    def why_not_alive(self) -> str:
        """Return which part stands still; empty if all move. Asks neither the store nor the network."""
        now = self.clock.monotonic()
        for part, at in list(self._moved.items()):
            if now - at > STILL_S:
                return f"the {part} has not moved for {now - at:.0f} s"
        return ""

    def why_not_ready(self) -> str:
        """Return why nobody should rely on this process; empty if all is well. A healthy standby is ready."""
        if not self.started:
            return "starting"
        if self.role is Role.LEADER and not self.delivers():
            return "every sink fails: nobody can be told anything"
        return self.why_not_alive()
