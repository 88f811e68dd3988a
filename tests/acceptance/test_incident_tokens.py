"""Incident `mistral-7b-swap`: a host served a 14B model under the 7B's name, and the first token gave it away.

2026-01-29; total variation of the first token's law 0.03 to 0.15 between quiet days, 1.00 after the swap.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

from driftwatch.bootstrap.metrics import metrics_of
from driftwatch.domain.answer import Question, Reply, Usage
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.services.streams import plan_streams
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.judged_world import BUDGETS
from tests.acceptance.world import SmallWorld

BASELINE = 12


def borders(count: int = 8) -> ProbeSet:
    """Inputs that stand on a border: the first token falls either way."""
    probes = [
        Probe(id=f"b-{n}", messages=(Message(role="user", content=f"Pick {n}."),), sensor="border", samples=10)
        for n in range(count)
    ]
    return ProbeSet(name="borders", probes=tuple(probes))


def first_token(tokens: tuple[str, str]):
    def script(_question: Question, chance: Random) -> Reply:
        token = tokens[chance.random() < 0.4]
        return Reply(output=token.encode(), finish_reason="length", latency_ms=5.0, usage=Usage(output_tokens=1))

    return script


def test_a_swapped_model_is_noticed_in_the_first_replay_by_its_first_token(tmp_path: Path) -> None:
    golden = borders()
    world = SmallWorld(tmp_path, ScriptedModel(first_token(("Yes", "No"))), probes=golden, baseline=BASELINE)
    metrics = metrics_of(golden, {}, logprobs=False)
    plans = plan_streams(metrics, BUDGETS, replays_per_year=8760, baseline_replays=BASELINE)
    world.watched = replace(world.watched, metrics=metrics, plans=plans)
    asyncio.run(world.replay(BASELINE + 12))
    assert world.told() == []
    world.model.drift(first_token(("Sure", "I")))
    asyncio.run(world.replay(1))
    assert world.told() == [("quiet", "FIRST")]
    incident = world.store.open_incident("support-bot")
    assert incident.attribution == "silent change"
    [found] = incident.findings
    assert (found.metric, found.direction) == ("border-distance", 1)
    assert found.after is not None
    assert found.after > 0.95, "total variation 1.00: not one token in common"
    assert found.before is not None
    assert found.before < 0.45
