"""Incident `idle-hour-2026`: what a model had thought was dropped after an idle hour.

Visible only in conversations with a pause; single questions, and conversations without one, were as good as ever.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from driftwatch.domain.answer import Question
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.services.ports import Clock
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, capitals

HOUR = timedelta(hours=1)
PAUSED = {"after-an-hour-0", "after-an-hour-1", "after-an-hour-2"}


def talk(name: str, number: int, wait_s: float) -> Probe:
    return Probe(
        id=f"{name}-{number}",
        messages=(
            Message(role="user", content=f"Remember {name} word {number}."),
            Message(role="user", content=f"Which was it, {name} word {number}.", wait_s=wait_s),
        ),
        scorers=(ScorerSpec(name="contains", argument=f"word{number}", metric="contains"),),
    )


def golden() -> ProbeSet:
    """Single questions, conversations without a pause, and the same with an hour's."""
    talks = [talk("after-an-hour", n, 3600.0) for n in range(3)] + [talk("at-once", n, 1.0) for n in range(3)]
    return ProbeSet(name="memory", probes=(*capitals(30).probes, *talks))


class Vendor:
    """Knows when it was told something; once `forgets`, an hour is too long."""

    def __init__(self) -> None:
        self.clock: Clock | None = None
        self.forgets = False
        self.told: dict[str, datetime] = {}

    def __call__(self, question: Question, _chance: Random) -> str:
        assert self.clock is not None
        last = str(question.messages[-1]["content"])
        topic, number = last.removeprefix("Remember ").removeprefix("Which was it, "), last.rpartition(" ")[2]
        if last.startswith("Remember"):
            self.told[topic] = self.clock.now()
            return "I will."
        idle = topic in self.told and self.clock.now() - self.told[topic] >= HOUR
        return "I do not recall." if self.forgets and idle else f"word{number.rstrip('.')}"


def test_what_is_forgotten_in_an_idle_hour_is_found_by_the_probes_that_wait(tmp_path: Path) -> None:
    vendor = Vendor()
    world = SmallWorld(tmp_path, ScriptedModel(vendor), probes=golden(), interval=12 * HOUR)
    vendor.clock = world.clock
    asyncio.run(world.replay(24))
    assert world.told() == []
    vendor.forgets = True
    asyncio.run(world.replay(5))
    assert ("oncall", "FIRST") in world.told() or ("oncall", "WORSE") in world.told()
    incident = world.store.open_incident("support-bot")
    assert incident.attribution == "silent change"
    moved = {one.probe_id for one in incident.findings[0].moved}
    assert moved == PAUSED, "the conversations that went on at once were as good as ever"
