"""Lines 50 and 71: a vendor that is slow and right, and a probe that we edit ourselves."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.probe import Message
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.scenario import reply
from tests.acceptance.world import SmallWorld, capitals, right

NAME = "support-bot"


def test_fault_50_ten_times_slower_and_right_is_a_notice_on_latency_and_on_nothing_else(tmp_path: Path) -> None:
    """The first three days show the rhythm of a day; before, latency stays silent."""
    slower = [1.0]

    def script(question: Question, chance: Random) -> Reply:
        number = str(question.messages[-1]["content"]).rpartition(" ")[2].rstrip(".")
        return reply(f"word{number}", latency_ms=200.0 * slower[0] * chance.lognormvariate(0.0, 0.1))

    world = SmallWorld(tmp_path, ScriptedModel(script), probes=capitals(12))
    asyncio.run(world.replay(96))
    assert world.told() == []
    slower[0] = 10.0
    asyncio.run(world.replay(4))
    assert world.told() == [("quiet", "FIRST")]
    incident = world.store.open_incident(NAME)
    assert {f.metric for f in incident.findings} == {"latency"}
    assert incident.findings[0].direction == 1


def edited(world: SmallWorld, which: range) -> None:
    """Ask for something else in some probes, under their old names; the answers to that are no answers."""
    old = world.watched.endpoint
    probes = [
        replace(probe, messages=(Message(role="user", content=f"Utter the word numbered {n}."),))
        if n in which
        else probe
        for n, probe in enumerate(old.probe_set.probes)
    ]
    world.watched = world.watch(replace(old, probe_set=replace(old.probe_set, probes=tuple(probes))))


def test_fault_71_an_edited_probe_is_a_new_version_and_no_drift(tmp_path: Path) -> None:
    """A quarter of the set fails from the edit on: that says nothing of the vendor. What the vendor does later is found."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(world.replay(24))
    edited(world, range(10))
    asyncio.run(world.replay(12))
    assert world.told() == []
    keys = {key for r in world.store.replays(NAME) for key in r.values["pass"] if key.startswith("word-03@")}
    assert len(keys) == 2, "the old version and the new one are told apart"
    world.model.drift(right(40, dict.fromkeys(range(20, 30), "I cannot help with that")))
    asyncio.run(world.replay(3))
    assert ("oncall", "FIRST") in world.told()
    moved = {m.probe_id for m in world.store.open_incident(NAME).findings[0].moved}
    assert moved <= {f"word-{n:02}" for n in range(20, 30)}
