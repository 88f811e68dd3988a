"""A gate beside what the daemon has lived through: judges, acceptances of some probes, an open incident."""

import asyncio
from dataclasses import replace
from pathlib import Path

from driftwatch.services.gate import gate
from driftwatch.services.gate_found import Gate, MetricGate, Rules, Verdict
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.judged_world import JudgedWorld, judged_probes, judging
from tests.acceptance.test_acceptance_of_some_probes import accepted, broken
from tests.acceptance.world import SmallWorld, right

COUNT = 20
PROBES = judged_probes(COUNT)
FAIR = judging(lambda answer: "sorry" not in answer)
SURE = {f"Say word {n}.": f"the word{n}" for n in range(COUNT)}


def learned(folder: Path) -> JudgedWorld:
    here = JudgedWorld(folder, ScriptedModel(SURE), ScriptedModel(FAIR), probes=PROBES, baseline=12)
    asyncio.run(here.replay(14))
    return here


def gated(here: SmallWorld, rules: Rules | None = None) -> Gate:
    return asyncio.run(gate([here.watched], here.world, rules or Rules()))


def row(found: Gate, metric: str) -> MetricGate:
    return next(one for one in found.endpoints[0].metrics if one.metric.name == metric)


def test_verdicts_are_compared_and_neither_judge_nor_endpoint_gets_a_slot(tmp_path: Path) -> None:
    here = learned(tmp_path)
    slots = {name: len(here.store.slots(name)) for name in here.store.endpoints()}
    found = gated(here)
    assert (found.verdict, row(found, "llm-rubric").compared) == (Verdict.UNCHANGED, COUNT)
    here.model.drift(right(COUNT, dict.fromkeys(range(12), "sorry, no")))
    found = gated(here, Rules(replays=2))
    assert (found.verdict, row(found, "llm-rubric").verdict) == (Verdict.DRIFT, Verdict.WORSE)
    assert {name: len(here.store.slots(name)) for name in here.store.endpoints()} == slots
    assert here.told() == []


def test_a_judge_that_is_configured_anew_is_none_that_the_baseline_knows(tmp_path: Path) -> None:
    """Its verdicts are no evidence about the endpoint, and so no all-clear either."""
    here = learned(tmp_path)
    one = here.watched.judges["default"]
    other = replace(one, judge=replace(one.judge, votes=3))
    here.watched = replace(here.watched, judges={"default": other})
    found = gated(here)
    assert row(found, "llm-rubric").verdict is Verdict.NOT_COMPARED
    assert "judge is another" in row(found, "llm-rubric").why


def test_a_judge_that_does_not_answer_leaves_the_gate_without_an_answer(tmp_path: Path) -> None:
    here = learned(tmp_path)
    here.judge.drift(lambda _question, _chance: "no form at all")
    found = gated(here)
    assert (found.verdict, row(found, "llm-rubric").verdict) == (Verdict.UNKNOWN, Verdict.UNSCORED)


def test_probes_that_were_accepted_are_compared_with_what_was_accepted(tmp_path: Path) -> None:
    """Their old answers were given up: against those the accepted ones would fail every gate from then on."""
    here, ended = accepted(tmp_path)
    found = gated(here)
    assert (found.verdict, row(found, "contains").of) == (Verdict.UNCHANGED, 40 - len(ended.accepted_probes))
    assert "without a baseline, not compared: word-07, word-12, word-15" in found.endpoints[0].notes
    asyncio.run(here.replay(3))
    found = gated(here)
    assert (found.verdict, row(found, "contains").of) == (Verdict.UNCHANGED, 40)
    here.model.drift(broken(*range(20, 30)))
    assert gated(here).verdict is Verdict.DRIFT


def test_an_endpoint_with_an_open_incident_says_so(tmp_path: Path) -> None:
    """What the daemon has found already is not the pipeline's doing, and the gate shows it, too."""
    here = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(here.replay(24))
    here.model.drift(broken(*range(20, 30)))
    asyncio.run(here.replay(5))
    incident = here.store.open_incident("support-bot")
    assert incident is not None
    found = gated(here)
    assert found.verdict is Verdict.DRIFT
    assert any(note.startswith(f"{incident.name} is open") for note in found.endpoints[0].notes)
