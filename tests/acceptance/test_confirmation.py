"""Between an alarm and its page the probes that moved are asked again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from driftwatch.domain.confirmation import IMPLICATED, OTHERS, Confirmation
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.incident import IncidentState, Reason
from driftwatch.services import confirm as confirm_module
from driftwatch.services.confirm import confirm_pending
from driftwatch.services.own import Person, acknowledge, resolve
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.test_backtest_equals_the_daemon import done_by_the_daemon, of_the_store
from tests.acceptance.world import SmallWorld, right

NAME = "support-bot"
BROKEN = dict.fromkeys(range(10), "I cannot help with that")
DOWN = EndpointError("503 from the vendor", outcome=Outcome.UNAVAILABLE, transient=True)


def small_world(folder: Path) -> SmallWorld:
    world = SmallWorld(folder, ScriptedModel(right(40)))
    world.watched = replace(world.watched, confirm=True)
    return world


async def one_bad_replay(world: SmallWorld, then: object) -> None:
    """Drift for exactly one pass over the probes; the rerun meets what comes `then`."""
    await world.replay(26)
    left = 40

    def script(question, chance):
        nonlocal left
        left -= 1
        said = right(40, BROKEN) if left >= 0 else then
        found = said(question, chance) if callable(said) else said[question.messages[-1]["content"]]
        if isinstance(found, EndpointError):
            raise found
        return found

    world.model.drift(script)
    await world.replay(1)


def test_a_change_that_stays_is_confirmed_and_pages_in_the_same_tick(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    asyncio.run(one_bad_replay(world, right(40, BROKEN)))
    assert world.told() == [("oncall", "CONFIRMED")]
    burst = world.store.burst(NAME, 27)
    assert burst.verdict is Confirmation.CHANGED
    assert len(burst.answers) == IMPLICATED + OTHERS
    assert world.store.open_incident(NAME).detail == "confirmed by an immediate rerun of 12 probes"
    assert world.store.deliveries()[0].payload["moved"][0]["new_answer"] == "I cannot help with that"
    assert list(of_the_store(world).alarms) == done_by_the_daemon(world) != []


def test_what_somebody_has_taken_before_its_page_pages_nobody_any_more(tmp_path: Path) -> None:
    """Taken while it was pending it paged with the next replay, and the page said that a silence had ended."""
    world = small_world(tmp_path)

    async def story() -> None:
        await one_bad_replay(world, right(40))
        waiting = world.store.open_incident(NAME)
        acknowledge(world.store, waiting.id, Person(name="ada", now=world.clock.now()), world.watched.routes)
        world.model.drift(right(40, BROKEN))
        await world.replay(2)

    asyncio.run(story())
    assert [(d.payload["reason"], d.severity.value) for d in world.store.deliveries()] == [("ACKNOWLEDGED", "notice")]


def test_a_change_that_vanished_is_kept_and_pages_nobody(tmp_path: Path) -> None:
    world = small_world(tmp_path)

    async def story() -> None:
        await one_bad_replay(world, right(40))
        waiting = world.store.open_incident(NAME)
        assert (waiting.state, waiting.reason) == (IncidentState.PENDING, Reason.TRANSIENT)
        await world.replay(14)

    asyncio.run(story())
    assert world.told() == []
    assert world.store.open_incident(NAME) is None
    kept = world.store.incidents(endpoint=NAME)[0]
    assert (kept.state, kept.attribution) == (IncidentState.RESOLVED, "transient")
    assert of_the_store(world).alarms == ()


def test_a_transient_that_shows_again_pages_with_the_next_replay(tmp_path: Path) -> None:
    world = small_world(tmp_path)

    async def story() -> None:
        await one_bad_replay(world, right(40))
        world.model.drift(right(40, BROKEN))
        await world.replay(1)

    asyncio.run(story())
    assert world.told() == [("oncall", "CONFIRMED")]
    assert list(of_the_store(world).alarms) == done_by_the_daemon(world) != []


def test_a_vendor_that_does_not_answer_the_rerun_delays_no_page(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    asyncio.run(one_bad_replay(world, lambda *_: DOWN))
    assert world.told() == [("oncall", "FIRST")]
    assert world.store.burst(NAME, 27).verdict is Confirmation.NOT_RUN
    assert world.store.open_incident(NAME).detail == "not confirmed by a rerun (unavailable)"
    assert list(of_the_store(world).alarms) == done_by_the_daemon(world) != []


@pytest.mark.parametrize("dies", ["before the burst", "between burst and decision"])
def test_a_process_that_dies_confirms_after_its_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    world = small_world(tmp_path)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    async def story() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(confirm_module, "run_burst" if dies == "before the burst" else "_decide", killed)
            with pytest.raises(KeyboardInterrupt):
                await one_bad_replay(world, right(40, BROKEN))
        assert world.told() == []
        assert world.store.open_incident(NAME).state is IncidentState.PENDING
        asked = len(world.model.asked)
        assert await confirm_pending(world.watched, world.world) is Reason.CONFIRMED
        assert (len(world.model.asked) > asked) is (dies == "before the burst")
        assert await confirm_pending(world.watched, world.world) is None

    asyncio.run(story())
    assert world.told() == [("oncall", "CONFIRMED")]


def test_what_a_person_does_during_the_rerun_stands(tmp_path: Path) -> None:
    """The burst wrote the incident as it had read it before: what had been resolved meanwhile fired, and paged."""
    world = small_world(tmp_path)

    def resolved_meanwhile(question, _chance):
        waiting = world.store.open_incident(NAME)
        if waiting is not None:
            resolve(world.store, waiting.id, Person(name="ada", now=world.clock.now()), world.watched.routes)
        return right(40, BROKEN)[question.messages[-1]["content"]]

    asyncio.run(one_bad_replay(world, resolved_meanwhile))
    assert world.told() == []
    kept = world.store.incidents(endpoint=NAME)[0]
    assert (kept.state, kept.by) == (IncidentState.RESOLVED, "ada")


def test_an_alarm_that_waited_too_long_for_its_process_pages_without_a_rerun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world(tmp_path)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    async def story() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(confirm_module, "run_burst", killed)
            with pytest.raises(KeyboardInterrupt):
                await one_bad_replay(world, right(40))
        world.clock.advance(timedelta(hours=3))
        asked = len(world.model.asked)
        await confirm_pending(world.watched, world.world)
        assert len(world.model.asked) == asked

    asyncio.run(story())
    assert world.told() == [("oncall", "FIRST")]


def test_what_a_rerun_costs_counts_as_spent(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    asyncio.run(one_bad_replay(world, right(40, BROKEN)))
    burst = world.store.burst(NAME, 27)
    before = world.store.spent_usd(since=burst.started_at)
    world.store.record_burst(replace(burst, seq=99, cost_usd=0.5))
    assert world.store.spent_usd(since=burst.started_at) == pytest.approx(before + 0.5)
