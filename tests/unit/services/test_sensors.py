"""What sensors measure: one token compared with the probe's own first answers, and nothing else of it."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from driftwatch.bootstrap.metrics import metrics_of
from driftwatch.domain.answer import Question, Reply, TokenLogprob, Usage
from driftwatch.domain.metric import SENSORS
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.replay import Slot
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.questions import question_of
from driftwatch.services.sensors import NO_LOGPROBS, NO_REFERENCE
from driftwatch.services.tick import tick
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import HOUR, START, SmallWorld

LIKELY, LESS = math.log(0.6), math.log(0.3)


def said(token: str = "Yes", **top: float) -> Reply:
    logprobs = (TokenLogprob(token=token, logprob=top[token], top=top),) if top else ()
    return Reply(
        output=token.encode(), finish_reason="length", latency_ms=5.0, usage=Usage(output_tokens=1), logprobs=logprobs
    )


def sensors(kind: Any, count: int = 12, samples: int = 1) -> ProbeSet:
    probes = [
        Probe(id=f"s-{n:02}", messages=(Message(role="user", content=f"{n}?"),), sensor=kind, samples=samples)
        for n in range(count)
    ]
    return ProbeSet(name="sensors", probes=tuple(probes))


def world(folder: Path, script: Any, probes: ProbeSet) -> SmallWorld:
    here = SmallWorld(folder, ScriptedModel(script), probes=probes, baseline=8)
    here.watched = replace(here.watched, metrics=(metrics := metrics_of(probes, {}, logprobs=False)))
    from driftwatch.services.streams import plan_streams
    from tests.acceptance.judged_world import BUDGETS

    here.watched = replace(
        here.watched, plans=plan_streams(metrics, BUDGETS, replays_per_year=8760, baseline_replays=8)
    )
    return here


def values(here: SmallWorld, metric: str) -> list[list[float]]:
    return [
        [value for samples in replay.values.get(metric, {}).values() for value in samples]
        for replay in here.store.replays("support-bot")
    ]


@pytest.mark.parametrize("kind", ["logprob", "border"])
def test_a_sensor_is_asked_for_one_token_and_the_chances_that_it_needs(kind: Any, tmp_path: Path) -> None:
    here = SmallWorld(tmp_path, ScriptedModel({}))
    probe = sensors(kind, 1).probes[0]
    plain = replace(here.watched.endpoint, params={"max_tokens": 300, "seed": 1})
    asked = question_of(plain, probe, [])
    assert asked.params == {"max_tokens": 1, "seed": 1}
    assert asked.top_logprobs == (5 if kind == "logprob" else 0)
    assert question_of(replace(plain, top_logprobs=20), probe, []).top_logprobs == 20
    newer = replace(plain, params={"max_completion_tokens": 300})
    assert question_of(newer, probe, []).params == {"max_completion_tokens": 1}


def test_a_sensor_measures_its_distance_and_its_cost_and_nothing_else(tmp_path: Path) -> None:
    here = world(tmp_path, lambda _q, _c: said(Yes=LIKELY, No=LESS), sensors("logprob"))
    asyncio.run(here.replay(6))
    slots = [record.slot for record in here.store.slots("support-bot")]
    first, last = (here.store.scores("support-bot", slot) for slot in (slots[0], slots[-1]))
    assert {s.metric for s in last} == {"logprob-distance", "input-tokens", "output-tokens", "cost"}
    assert {s.value for s in first if s.metric == "logprob-distance"} == {NO_REFERENCE}
    assert values(here, "logprob-distance") == [[]] * 4 + [[0.0] * 12] * 2


def test_a_change_that_no_text_shows_is_found_by_the_log_probability_sensor(tmp_path: Path) -> None:
    def noisy(question: Question, chance: Any) -> Reply:
        return said(Yes=LIKELY - abs(chance.gauss(0, 2e-6)), No=LESS)

    def quantised(question: Question, chance: Any) -> Reply:
        return said(Yes=LIKELY - abs(chance.gauss(0, 4e-4)), No=LESS)

    here = world(tmp_path, noisy, sensors("logprob", 30))

    async def story() -> None:
        await here.replay(20)
        assert here.told() == []
        here.model.drift(quantised)
        await here.replay(3)

    asyncio.run(story())
    incident = here.store.open_incident("support-bot")
    assert incident is not None
    assert [finding.metric for finding in incident.findings] == ["logprob-distance"]
    assert {route for route, _ in here.told()} == {"quiet"}


def test_border_inputs_are_counted_in_blocks_where_no_chances_are_given(tmp_path: Path) -> None:
    def coin(question: Question, chance: Any) -> Reply:
        return said("Yes" if chance.random() < 0.5 else "No")

    here = world(tmp_path, coin, sensors("border", 20, samples=10))

    async def story() -> None:
        await here.replay(24)
        assert here.told() == []
        here.model.drift(lambda _q, _c: said("Yes"))
        await here.replay(3)

    asyncio.run(story())
    assert [len(found) for found in values(here, "border-distance")[:6]] == [0, 0, 0, 0, 20, 20]
    incident = here.store.open_incident("support-bot")
    assert incident is not None
    assert [finding.metric for finding in incident.findings] == ["border-distance"]


def test_border_inputs_are_read_from_the_chances_where_they_are_given(tmp_path: Path) -> None:
    here = world(tmp_path, lambda _q, _c: said(Yes=LIKELY, No=LESS), sensors("border"))

    async def story() -> None:
        await here.replay(5)
        here.model.drift(lambda _q, _c: said("No", Yes=LESS, No=LIKELY))
        await here.replay(1)
        here.model.drift(lambda _q, _c: said())
        await here.replay(1)

    asyncio.run(story())
    assert [set(found) for found in values(here, "border-distance")] == [set()] * 4 + [{0.0}, {0.3}, set()]
    last = here.store.scores("support-bot", here.store.slots("support-bot")[-1].slot)
    assert {s.value for s in last if s.metric == "border-distance"} == {NO_LOGPROBS}


def test_an_endpoint_without_log_probabilities_has_no_score_and_says_so(tmp_path: Path) -> None:
    here = world(tmp_path, lambda _q, _c: said(), sensors("logprob"))
    asyncio.run(here.replay(6))
    last = here.store.scores("support-bot", here.store.slots("support-bot")[-1].slot)
    assert {s.value for s in last if s.metric == "logprob-distance"} == {
        Unscored("logprobs: the reference holds no log-probability")
    }


def test_the_reference_survives_a_restart_and_a_new_epoch_has_another(tmp_path: Path) -> None:
    here = world(tmp_path, lambda _q, _c: said(Yes=LIKELY, No=LESS), sensors("logprob"))
    asyncio.run(here.replay(5))
    here.restart()
    again = here.world.sensors.of(here.watched.endpoint, epoch=1)
    assert len(again) == 12
    here.store.start_epoch("support-bot", reason="accepted", now=here.clock.now())
    here.model.drift(lambda _q, _c: said(Yes=LIKELY - 0.1, No=LESS))
    asyncio.run(here.replay(5))
    assert values(here, "logprob-distance")[-5:] == [[]] * 4 + [[0.0] * 12]


def test_only_sensor_probes_make_sensor_metrics_and_alone_they_have_the_whole_budget() -> None:
    alone = metrics_of(sensors("border"), {}, logprobs=False)
    assert {name for name, metric in alone.items() if metric.severity.rank} == {"border-distance"}
    plain = ProbeSet(name="p", probes=(Probe(id="a", messages=(Message(role="user", content="Hi?"),)),))
    assert not SENSORS & metrics_of(plain, {}, logprobs=True).keys()
    mixed = replace(plain, probes=(*plain.probes, *sensors("logprob").probes))
    assert {"length", "logprob-distance"} <= metrics_of(mixed, {}, logprobs=False).keys()


def uneven(question: Question, chance: Any) -> Reply:
    """Answers that always vary, so that each reference is its own."""
    return said(Yes=LIKELY - abs(chance.gauss(0, 1e-3)), No=LESS)


def with_probes(here: SmallWorld, probes: ProbeSet) -> None:
    """Edit the golden set of a small world, as a restart or a reload does."""
    here.watched = replace(here.watched, endpoint=replace(here.watched.endpoint, probe_set=probes))


def late_sensors(count: int, edited: int = 0) -> ProbeSet:
    """`count` sensors, the first `edited` of which ask something else than they did."""
    probes = sensors("logprob", count).probes
    asked = [replace(probe, messages=(Message(role="user", content=f"{probe.id}!"),)) for probe in probes[:edited]]
    return ProbeSet(name="sensors", probes=(*asked, *probes[edited:]))


def test_a_sensor_added_or_edited_after_a_hundred_replays_is_measured_by_its_own_first_answers(tmp_path: Path) -> None:
    """Only the epoch's first hundred replays were searched: a sensor that came later never had a reference."""
    here = world(tmp_path, uneven, sensors("logprob", 4))
    asyncio.run(here.replay(104))
    with_probes(here, later := late_sensors(6, edited=1))
    asyncio.run(here.replay(6))
    new = {probe.key for probe in (later.probes[0], *later.probes[4:])}
    measured = [set(r.values["logprob-distance"]) for r in here.store.replays("support-bot", after_seq=104)]
    assert measured == [{probe.key for probe in later.probes} - new] * 4 + [{probe.key for probe in later.probes}] * 2


def test_a_restart_after_retention_changes_nothing_of_what_late_probes_are_compared_with(tmp_path: Path) -> None:
    """The answers of the epoch's first hundred replays were kept, and no others: a restart had another reference."""
    metrics = ("logprob-distance", "novelty")
    plain = Probe(id="p", messages=(Message(role="user", content="Say something."),))
    late = ProbeSet(name="sensors", probes=(*late_sensors(6).probes, plain))

    async def story(folder: Path, *, restarts: bool) -> list[Any]:
        here = world(
            folder, lambda q, c: f"word{c.random()}" if "Say" in str(q) else uneven(q, c), sensors("logprob", 4)
        )
        await here.replay(105)
        with_probes(here, late)

        async def go_on(times: int) -> None:
            for _ in range(times):
                here.clock.set(due := START + here.slot * HOUR)
                here.slot += 1
                if restarts:
                    here.restart()
                await tick(here.watched, Slot(endpoint="support-bot", due=due), here.world)

        await go_on(20)
        if restarts:
            assert here.store.prune_answers(here.clock.now() + HOUR) > 0
        await go_on(4)
        return [replay.values for replay in here.store.replays("support-bot", metrics=metrics)]

    for name in ("True", "False"):
        (tmp_path / name).mkdir()
    unbroken, resumed = (asyncio.run(story(tmp_path / str(r), restarts=r)) for r in (False, True))
    assert unbroken == resumed
    assert len(unbroken[-1]["logprob-distance"]) == 6
    assert len(unbroken[-1]["novelty"]) == 1
