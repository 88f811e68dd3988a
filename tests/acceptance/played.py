"""A scenario played through the real tick and store, its change after a quiet stretch."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from driftwatch.domain.incident import Incident, Reason
from driftwatch.domain.metric import Severity
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.scenario import Scenario
from tests.acceptance.world import START, SmallWorld

QUIET = 24
"""Replays before the change."""
HOUR = timedelta(hours=1)


class Played:
    """What came of a scenario.

    Parameters
    ----------
    hours : int, optional
        After the change; by default the scenario's own.
    """

    def __init__(
        self, folder: Path, scenario: Scenario, *, hours: int | None = None, quiet: int = QUIET, seed: int = 0
    ) -> None:
        self.scenario, self.quiet = scenario, quiet
        self.model = ScriptedModel(scenario.script(self.since), seed=seed)
        every = scenario.every_h * HOUR
        self.world = SmallWorld(folder, self.model, probes=scenario.asked(), interval=every)
        asyncio.run(self.world.replay(quiet + -(-(hours or scenario.hours) // scenario.every_h)))

    def since(self) -> int | None:
        """Hours since the change; None before it."""
        passed = self.world.slot - 1 - self.quiet
        return passed * self.scenario.every_h if passed >= 0 else None

    def go_on(self, hours: int) -> None:
        asyncio.run(self.world.replay(hours // self.scenario.every_h))

    @property
    def changed_at(self):
        return START + self.quiet * self.world.interval

    @property
    def loudest(self) -> str:
        told = [d.severity for d in self.world.store.deliveries()]
        return max(told, key=lambda s: s.rank, default=Severity.NONE).value

    @property
    def incidents(self) -> Sequence[Incident]:
        """Oldest first."""
        return self.world.store.incidents(endpoint="support-bot")[::-1]

    def told(self) -> list[tuple[float, str, str]]:
        """(hours since the change, severity, reason) of every message."""
        return [
            ((d.created_at - self.changed_at) / HOUR, d.severity.value, Reason(d.payload["reason"]).value)
            for d in self.world.store.deliveries()
        ]
