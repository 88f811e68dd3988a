"""The flow from a due slot to the promise of a page, over a real store."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.incident import IncidentState, Reason
from driftwatch.domain.replay import SlotState
from driftwatch.services.monitor import begin, fold
from driftwatch.services.saved import load_watch
from driftwatch.services.tick import Ticked
from driftwatch.stats.any_stream import encode as encode_state
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, right

BROKEN = dict.fromkeys(range(10), "I cannot help with that")


def test_a_quiet_endpoint_tells_nobody(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(world.replay(40))
    assert world.told() == []
    assert {r.state for r in world.store.slots("support-bot")} == {SlotState.DONE}


def test_a_silent_swap_after_the_baseline_pages_once_and_names_what_moved(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(30)
        world.model.drift(right(40, BROKEN))
        await world.replay(10)

    asyncio.run(story())
    pages = [route for route, _ in world.told() if route == "oncall"]
    assert pages == ["oncall"]
    incident = world.store.open_incident("support-bot")
    assert incident is not None
    finding = incident.findings[0]
    assert finding.metric == "pass"
    assert finding.direction == -1
    assert {m.probe_id for m in finding.moved[:3]} <= {f"word-{n:02}" for n in BROKEN}
    # The swap came before the replay of slot 30.
    assert finding.onset == world.clock.now().replace(day=21, hour=6, minute=0)


def test_a_repeated_tick_is_a_no_op(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(world.replay(3))
    world.slot = 0
    assert asyncio.run(world.replay(3)) == [Ticked.ALREADY] * 3
    assert len(world.model.asked) == 120


def test_streams_of_the_same_values_share_one_state_from_replay_to_replay(tmp_path: Path) -> None:
    """The store gave each its own copy, so that nothing was folded once for both but in a backtest."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(world.replay(3))
    states = load_watch(world.watched, world.store)[0].states
    assert states["pass"] is states["contains"]
    assert states["pass"] is not states["length"]


def test_detector_states_equal_the_fold_of_the_committed_scores(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel({f"Say word {n}.": {f"word{n}": 0.9, "sorry": 0.1} for n in range(40)}))
    asyncio.run(world.replay(26))
    watch = begin(world.watched.plans, 1)
    for replay in world.store.replays("support-bot"):
        watch = fold(world.watched.plans, watch, replay)
    stored, _ = load_watch(world.watched, world.store)
    assert stored.seq == watch.seq == 26
    assert {n: encode_state(s) for n, s in stored.states.items()} == {
        n: encode_state(s) for n, s in watch.states.items()
    }


def test_a_vendor_without_answers_is_no_score_and_is_told_to_operations_on_the_second_slot(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    down = EndpointError("503 from the vendor", outcome=Outcome.UNAVAILABLE, transient=True)

    async def story() -> None:
        await world.replay(22)
        world.model.drift(lambda _question, _chance: down)
        assert await world.replay(1) == [Ticked.FAILED]
        assert world.told() == []
        await world.replay(3)
        assert world.told() == [("ops", "NO_DATA")]
        world.model.drift(right(40))
        await world.replay(2)

    asyncio.run(story())
    assert world.told() == [("ops", "NO_DATA"), ("ops", "RESOLVED")]
    replays = list(world.store.replays("support-bot"))
    assert len(replays) == 24
    assert all(set(r.values["contains"].values()) == {(1.0,)} for r in replays)


def test_half_the_answers_missing_is_no_evidence_of_drift(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(24)
        down = EndpointError("timeout", outcome=Outcome.TIMEOUT, transient=True)
        # The easy half is gone; what still answers is wrong.
        gone = {f"Say word {n}.": f"word{n}" for n in range(10)}
        world.model.drift(lambda q, _: down if q.messages[-1]["content"] not in gone else "wrong")
        await world.replay(4)

    asyncio.run(story())
    assert [route for route, _ in world.told() if route == "oncall"] == []


def test_a_changed_sampling_parameter_begins_a_new_baseline_and_pages_nobody(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(24)
        world.watched = world.watch(replace(world.watched.endpoint, params={"temperature": 0, "max_tokens": 9}))
        world.model.drift(right(40, BROKEN))
        await world.replay(30)

    asyncio.run(story())
    assert world.told() == []
    assert world.store.epoch("support-bot") == 2
    assert load_watch(world.watched, world.store)[0].states["pass"].baseline_seen == 20


def test_an_edited_probe_starts_anew_and_the_others_go_on(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(24)
        probes = world.watched.endpoint.probe_set
        first, *others = probes.probes
        edited = replace(first, scorers=(replace(first.scorers[0], argument="never said"),))
        world.watched = world.watch(
            replace(world.watched.endpoint, probe_set=replace(probes, probes=(edited, *others)))
        )
        await world.replay(30)

    asyncio.run(story())
    assert world.told() == []
    assert world.store.epoch("support-bot") == 1


def test_a_change_that_goes_back_resolves_the_incident_and_is_told_to_those_who_were_woken(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(30)
        world.model.drift(right(40, BROKEN))
        await world.replay(5)
        world.model.drift(right(40))
        await world.replay(30)

    asyncio.run(story())
    assert world.store.open_incident("support-bot") is None
    ended = world.store.incidents(endpoint="support-bot")[0]
    assert (ended.state, ended.reason) == (IncidentState.RESOLVED, Reason.RESOLVED)
    assert ("oncall", "RESOLVED") in world.told()


def test_facts_without_a_decision_are_decided_by_the_next_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    async def story() -> None:
        await world.replay(30)
        world.model.drift(right(40, BROKEN))
        with monkeypatch.context() as patch:
            patch.setattr("driftwatch.services.tick.decide_pending", crash)
            with pytest.raises(KeyboardInterrupt):
                await world.replay(1)
        assert world.store.decided_seq("support-bot") == 30
        await world.replay(4)

    asyncio.run(story())
    assert world.store.decided_seq("support-bot") == 35
    assert [r for r, _ in world.told() if r == "oncall"] == ["oncall"]
