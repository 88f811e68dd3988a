"""Another configuration: replays that run end as they began, and what nobody uses any more is closed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.clock import SystemClock
from driftwatch.daemon.roster import Roster
from driftwatch.daemon.scheduler import SlotScheduler
from driftwatch.domain.errors import StoreError
from driftwatch.domain.replay import SlotState
from driftwatch.domain.schedule import Every
from driftwatch.services.own_network import OwnNetwork
from driftwatch.services.ports import Canary
from driftwatch.services.tick import Ticked
from tests.acceptance.world import START, SmallWorld, capitals
from tests.unit.daemon.test_life import Slow, Standing


@pytest.fixture
def at(tmp_path: Path) -> SmallWorld:
    world = SmallWorld(tmp_path, Slow(), probes=capitals(1))
    world.clock = Standing(START)
    return world


def other(at: SmallWorld, name: str = "support-bot"):
    """Return an endpoint with a model of its own, asked every two hours."""
    endpoint = replace(at.watched.endpoint, name=name, schedule=Every(interval=timedelta(hours=2)))
    return replace(at.watched, endpoint=endpoint, model=Slow())


def told(at: SmallWorld, story) -> None:
    async def run() -> None:
        scheduler = SlotScheduler(clock=at.clock, wall=SystemClock())

        async def alive(_name: str) -> None:
            """Nobody listens."""

        roster = Roster([at.watched], at.world, scheduler, decided=asyncio.Event(), tell_alive=alive)
        scheduler.start()
        async with asyncio.timeout(60):
            await at.model.reached.wait()
            await story(roster)
            await roster.finish(20.0, asyncio.Event())
        scheduler.stop()
        await roster.close()

    asyncio.run(run())


async def until(happened) -> None:
    while not happened():  # noqa: ASYNC110  # what is waited for is in a database
        await asyncio.sleep(0.01)


def test_a_replay_that_runs_ends_with_the_model_it_began_with(at: SmallWorld) -> None:
    new = other(at)

    async def story(roster: Roster) -> None:
        await roster.adopt([new], None, None)
        assert not at.model.closed
        at.model.go_on.set()
        await until(lambda: at.model.closed)
        assert at.store.last_slot("support-bot").state is SlotState.DONE
        assert not new.model.closed

    told(at, story)
    assert new.model.closed


def test_an_endpoint_that_left_ends_its_replay_and_is_closed(at: SmallWorld) -> None:
    new = other(at, "another")
    new.model.go_on.set()

    async def story(roster: Roster) -> None:
        await roster.adopt([new], None, None)
        at.model.go_on.set()
        await until(lambda: at.model.closed)
        assert at.store.last_slot("support-bot").state is SlotState.DONE
        await until(lambda: at.store.last_slot("another") is not None)

    told(at, story)


def test_a_stop_in_the_middle_of_a_change_closes_both_models(at: SmallWorld) -> None:
    new = other(at)

    async def story(roster: Roster) -> None:
        await roster.adopt([new], None, None)
        at.model.go_on.set()

    told(at, story)
    assert at.model.closed
    assert new.model.closed


def test_a_reload_brings_its_own_canaries(at: SmallWorld) -> None:
    class Nowhere(Canary):
        async def look(self):
            return {}

    network = OwnNetwork(canary=Nowhere(), clock=at.clock)

    async def story(roster: Roster) -> None:
        await roster.adopt([other(at)], None, network)
        assert roster.world.network is network
        at.model.go_on.set()

    told(at, story)


def test_a_change_closes_what_nobody_uses_though_the_store_fails_in_it(
    at: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreError("locked", slug="store-locked")

    async def story(roster: Roster) -> None:
        monkeypatch.setattr(roster, "retire", fail)
        at.model.go_on.set()
        await roster.adopt([other(at)], None, None)
        await until(lambda: at.model.closed)

    told(at, story)


def test_an_endpoint_whose_next_slot_ends_as_it_should_is_blind_no_more(at: SmallWorld) -> None:
    """Only a replay showed it: a vendor that was down as well kept the dead-man's switch silent."""
    alive: list[str] = []

    class Scripted:
        schedule = at.watched.endpoint.schedule

        def __init__(self, *story: Ticked | StoreError) -> None:
            self.story = list(story)

        async def on_due(self) -> Ticked:
            if isinstance(step := self.story.pop(0), StoreError):
                raise step
            return step

    async def tell_alive(name: str) -> None:
        alive.append(name)

    async def story() -> None:
        scheduler = SlotScheduler(clock=at.clock, wall=SystemClock())
        roster = Roster([], at.world, scheduler, decided=asyncio.Event(), tell_alive=tell_alive)
        one, two = Scripted(StoreError("locked", slug="store-locked"), Ticked.FAILED), Scripted(*[Ticked.REPLAYED] * 2)
        await roster._on_duty(one, "one")
        await roster._on_duty(two, "two")
        assert alive == []
        await roster._on_duty(one, "one")
        await roster._on_duty(two, "two")

    asyncio.run(story())
    assert alive == ["two"]
