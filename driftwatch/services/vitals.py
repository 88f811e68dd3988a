"""What the daemon knows of its own health, for whoever asks: systemd, Kubernetes, Prometheus, a person."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from driftwatch.services.ports import Clock

STILL_S = 30.0
"""A part that has not moved for so long is stuck."""


HANG_S = 10.0
"""A loop that was blocked for so long hung."""
LATE_S = (0.01, 0.05, 0.1, 0.5, 1.0, HANG_S)


@dataclass(eq=False)
class Lateness:
    """How late the event loop was, over all looks: how often it was late by each of `LATE_S` at most.

    Examples
    --------
    >>> lateness = Lateness()
    >>> for late_s in (-0.001, 0.02, 12.0):
    ...     lateness.add(late_s)
    >>> lateness.within, lateness.looks, lateness.hangs, lateness.sum_s
    ([1, 2, 2, 2, 2, 2], 3, 1, 12.02)
    """

    within: list[int] = field(default_factory=lambda: [0] * len(LATE_S))
    looks: int = 0
    hangs: int = 0
    sum_s: float = 0.0

    def add(self, late_s: float) -> None:
        """Note one look."""
        self.looks += 1
        self.sum_s += max(late_s, 0.0)
        self.hangs += late_s > HANG_S
        for place, limit in enumerate(LATE_S):
            self.within[place] += late_s <= limit


@dataclass(eq=False)
class ConfigRead:
    """What became of the last attempt to read the configuration; the one in use was read at `read_at`."""

    read_at: datetime | None = None
    trouble: str = ""
    since: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the file, as it was when it was last read, is in use."""
        return not self.trouble

    def read(self, at: datetime) -> None:
        """Note that a file was read and is in use."""
        self.read_at, self.trouble = at, ""

    def refused(self, trouble: str, at: float) -> None:
        """Note that a file was refused, at a monotonic time; what was in use stays."""
        self.since = self.since if self.trouble else at
        self.trouble = trouble


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
    store_trouble : callable
        Names what kind of trouble the store has; empty where it has none.
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
    store_trouble: Callable[[], str] = lambda: ""
    role: Role = Role.LEADER
    started: bool = False
    doing: str = "starting"
    lateness: Lateness = field(default_factory=Lateness)
    config: ConfigRead = field(default_factory=ConfigRead)
    _moved: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    @property
    def status(self) -> str:
        """All that there is to say, in a line."""
        refused = "" if self.config.ok else "the configuration file is refused, an older one is in use"
        return "; ".join(said for said in (self.doing, self.why_not_ready(), refused) if said)

    def moved(self, part: str, *, every_s: float | None = None) -> None:
        """Note that a part of the daemon did what it does all the time; how late, where it should every so often."""
        now, before = self.clock.monotonic(), self._moved.get(part)
        self._moved[part] = now
        if every_s is not None and before is not None:
            self.lateness.add(now - before - every_s)

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
        if self.role is Role.LEADER and (trouble := self.store_trouble()):
            # The slug alone: whoever may ask this may not be meant to know the database's address.
            return f"the store fails: nothing is measured (driftwatch explain {trouble})"
        return self.why_not_alive()
