"""Another configuration: replays that run end as they began, and what nobody uses any more is closed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.clock import SystemClock
from driftwatch.daemon.roster import Roster
from driftwatch.daemon.scheduler import SlotScheduler
from driftwatch.domain.replay import SlotState
from driftwatch.domain.schedule import Every
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
        await roster.adopt([new], None)
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
        await roster.adopt([new], None)
        at.model.go_on.set()
        await until(lambda: at.model.closed)
        assert at.store.last_slot("support-bot").state is SlotState.DONE
        await until(lambda: at.store.last_slot("another") is not None)

    told(at, story)


def test_a_stop_in_the_middle_of_a_change_closes_both_models(at: SmallWorld) -> None:
    new = other(at)

    async def story(roster: Roster) -> None:
        await roster.adopt([new], None)
        at.model.go_on.set()

    told(at, story)
    assert at.model.closed
    assert new.model.closed
