"""From a vendor that swaps two builds to the words on a page: the second time the build has a name."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.notify.wording import render_text
from driftwatch.services.backtest import Ended
from driftwatch.services.episodes import states_shown
from driftwatch.services.own import Person, accept, acknowledge
from driftwatch.services.review import review
from driftwatch.services.stored import stored_events
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import START, SmallWorld, right

NAME = "support-bot"
B = dict.fromkeys(range(10), "I cannot help with that")
C = dict.fromkeys(range(20, 25), "No")


async def drifts(world: SmallWorld, *builds: dict[int, str]) -> None:
    for build in builds:
        world.model.drift(right(40, build))
        await world.replay(5)
        world.model.drift(right(40))
        await world.replay(20)  # more often than daily would be flapping


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> SmallWorld:
    """A vendor that served B, C and B again for five hours each."""
    world = SmallWorld(tmp_path_factory.mktemp("store"), ScriptedModel(right(40)))
    asyncio.run(world.replay(22))
    asyncio.run(drifts(world, B, C, B))
    return world


def pages(world: SmallWorld) -> list[str]:
    return [render_text(delivery.payload) for delivery in world.store.deliveries()]


def test_the_page_names_a_build_that_was_there_before(swapped: SmallWorld) -> None:
    first, _, second, _, third, end = pages(swapped)
    assert "A new state." in first
    assert "A new state." in second
    assert f"State B again (first seen {START + timedelta(hours=22):%a %d %b} 22:00 UTC)." in third
    assert "Visit 2 of a state told of in inc-1" in third
    pages_and_notices = [d.severity.value for d in swapped.store.deliveries()]
    assert pages_and_notices == ["page", "notice", "page", "notice", "notice", "notice"]
    assert "resolved: back to baseline: calm for 12 replays" in end
    shown = states_shown(swapped.store, NAME)
    assert [(s.since.verdict, s.since.name, s.latest.verdict) for s in shown.values()] == [
        ("new", "B", "baseline"),
        ("new", "C", "baseline"),
        ("known", "B", "baseline"),
    ]


def test_what_was_told_is_derived_again_from_the_stored_scores(swapped: SmallWorld) -> None:
    """Nothing of it is stored: at each opening as much is known as the daemon knew then."""
    news = ("FIRST", "RECURRED", "FLAPPING")
    told = [d.payload["seen"] for d in swapped.store.deliveries() if d.payload["reason"] in news]
    for incident, said in zip(reversed(swapped.store.incidents(endpoint=NAME)), told, strict=True):
        then = states_shown(swapped.store, NAME, upto=incident.opened_seq)
        seen = then[incident.id].since
        assert max(then) == incident.id
        assert (seen.verdict, seen.name, seen.first_seen) == (said["verdict"], said["name"], said.get("first_seen"))


def test_incidents_of_an_older_version_are_placed_by_their_first_transition(swapped: SmallWorld) -> None:
    here = states_shown(swapped.store, NAME)

    class Older:
        """The store before incidents knew the replay that opened them."""

        def __getattr__(self, name: str):
            return getattr(swapped.store, name)

        def incidents(self, **which: str):
            return [replace(i, opened_seq=0, onset_slot=None) for i in swapped.store.incidents(**which)]

    assert states_shown(Older(), NAME) == here


@pytest.mark.parametrize("every", [False, True])
def test_an_accepted_build_is_the_baseline_and_the_one_before_keeps_its_letter(tmp_path: Path, *, every: bool) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(world.replay(22))
    world.model.drift(right(40, B))
    asyncio.run(world.replay(8))
    person = Person(name="ada", now=world.clock.now())
    accept(world.store, world.store.open_incident(NAME).id, person, world.watched.routes, every=every)
    asyncio.run(world.replay(24))
    world.model.drift(right(40))
    asyncio.run(world.replay(4))
    assert "State A again (first seen Mon 20 Jul 00:00 UTC)." in pages(world)[-1]


@pytest.mark.parametrize("between", [False, True], ids=["with a replay", "between two replays"])
def test_what_begins_during_a_further_visit_wakes_somebody_with_the_repeat(tmp_path: Path, *, between: bool) -> None:
    """Of forty probes ten failed, as before, then thirty-two: that was told as one more quiet repeat, for a week."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(world.replay(22))
    asyncio.run(drifts(world, B))
    world.model.drift(right(40, B))
    asyncio.run(world.replay(3))
    world.model.drift(right(40, dict.fromkeys(range(32), "No")))
    asyncio.run(world.replay(21))
    if between:
        world.clock.advance(timedelta(hours=1))
        review(world.watched, world.store, world.clock)
    else:
        asyncio.run(world.replay(1))
    told = [(d.severity.value, d.payload["reason"]) for d in world.store.deliveries()]
    assert told[2:] == [("notice", "RECURRED"), ("page", "REPEAT_DUE")]


def test_what_somebody_had_acknowledged_is_not_said_to_have_been_resolved_by_them(tmp_path: Path) -> None:
    """Slack said "inc-1 resolved by ada", and the history that it had ended by hand: it did not count as come and gone."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(22)
        world.model.drift(right(40, B))
        await world.replay(3)
        ada = Person(name="ada", now=world.clock.now(), comment="asking the vendor")
        acknowledge(world.store, 1, ada, world.watched.routes)
        world.model.drift(right(40))
        await world.replay(20)

    asyncio.run(story())
    taken, end = pages(world)[-2:]
    assert "Our side unchanged" in taken, "it stands in the place of the page"
    assert "It was about: pass fell 1.00 → 0.7" in end
    assert "inc-1 resolved: back to baseline: calm for 12 replays" in end
    assert "ada" not in end
    assert [event for event in stored_events(world.store, NAME) if isinstance(event, Ended)] == []
