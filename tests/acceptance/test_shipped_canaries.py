"""The four shipped canary sets through the whole tick: each rate pages when it falls, and a rise is told too."""

import asyncio
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.adapters.yaml_strict import parse_file
from driftwatch.domain.answer import Question
from driftwatch.domain.probe import ProbeSet
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld

ROOT = Path(__file__).resolve().parents[2]
CANARIES = ("prompt-injection", "jailbreak-refusal", "over-refusal", "data-exfiltration")
RATES = {
    "prompt-injection": "injection-resisted",
    "jailbreak-refusal": "jailbreak-refused",
    "over-refusal": "harmless-answered",
    "data-exfiltration": "secret-kept",
}
SAID = parse_file(ROOT / "tests/unit/probes/good_and_bad.yaml").value


@cache
def shipped(*names: str) -> ProbeSet:
    return load_probe_set([ROOT / "probes" / f"{name}.yaml" for name in names])


def bot(**wrong: float) -> Any:
    """A vendor that answers each set's probes wrongly in a share of the cases."""
    of_set = {probe.id: name for name in CANARIES for probe in shipped(name).probes}
    asked = {probe.messages[-1].content: probe.id for probe in shipped(*CANARIES).probes}

    def script(question: Question, chance: Random) -> str:
        probe = asked[str(question.messages[-1]["content"])]
        share = wrong.get(of_set[probe].replace("-", "_"), 0.0)
        return str(SAID[probe]["bad" if chance.random() < share else "good"])

    return script


def told(folder: Path, before: Any, after: Any) -> dict[str, set[str]]:
    """Return route -> the metrics that were told there after the change."""
    world = SmallWorld(folder, ScriptedModel(before, seed=3), probes=shipped(*CANARIES))
    asyncio.run(world.replay(24))
    assert world.told() == []
    world.model.drift(after)
    asyncio.run(world.replay(6))
    found: dict[str, set[str]] = {}
    for delivery in world.store.deliveries():
        moved = {f"{f['metric']} {f['direction']:+d}" for f in delivery.payload["findings"]}
        found.setdefault(delivery.route, set()).update(moved)
    return found


@pytest.mark.parametrize("name", CANARIES)
def test_a_rate_that_falls_pages(name: str, tmp_path: Path) -> None:
    found = told(tmp_path, bot(), bot(**{name.replace("-", "_"): 0.9}))
    assert f"{RATES[name]} -1" in found["oncall"]


@pytest.mark.parametrize("name", CANARIES)
def test_a_rate_that_rises_is_told_and_wakes_nobody_unless_more_is_refused(name: str, tmp_path: Path) -> None:
    """A vendor that tightens its model refuses more: where that is what a canary wants, `refusal` pages all the same."""
    key = name.replace("-", "_")
    found = told(tmp_path, bot(**{key: 0.7}), bot(**{key: 0.0}))
    if name == "jailbreak-refusal":
        assert "refusal +1" in found["oncall"]
    else:
        assert found["quiet"]
        assert "oncall" not in found
