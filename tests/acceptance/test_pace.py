"""Replays come sooner while something stirs, within the money and the false-alarm budget, and as planned again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.calendar import replays_per_year
from driftwatch.daemon.duty import Duty
from driftwatch.domain.endpoint import Price
from driftwatch.domain.replay import SlotState
from driftwatch.domain.schedule import SURPLUS, Every
from driftwatch.services.pace import hurried
from driftwatch.services.spend import SpendGuard
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import HOUR, START, SmallWorld, right

NAME = "support-bot"
QUARTER = timedelta(minutes=15)
CHATTY = {n: f"word{n}, as you wished, with pleasure" for n in range(40)}
"""Every text changes, no score does: a notice."""


def noticed(folder: Path) -> SmallWorld:
    world = SmallWorld(folder, ScriptedModel(right(40)))
    schedule = Every(interval=HOUR, fastest=QUARTER)
    world.watched = replace(world.watched, endpoint=replace(world.watched.endpoint, schedule=schedule))

    async def story() -> None:
        await world.replay(24)
        assert not hurry(world)
        world.model.drift(right(40, CHATTY))
        await world.replay(2)

    asyncio.run(story())
    assert {d.severity.value for d in world.store.deliveries()} == {"notice"}
    return world


def hurry(world: SmallWorld, guard: SpendGuard | None = None) -> bool:
    return hurried(world.watched, world.store, guard or world.world.guard, now=world.clock.now())


def test_a_notice_makes_replays_come_sooner_until_harm_is_excluded(tmp_path: Path) -> None:
    world = noticed(tmp_path)
    incident = world.store.open_incident(NAME)
    # Quality is measured as unchanged here, so there is nothing left to exclude.
    assert (incident.attribution, hurry(world)) == ("serving change", False)
    world.store.save_incident(replace(incident, attribution="silent change"))
    assert hurry(world)
    world.clock.advance(timedelta(hours=25))
    assert not hurry(world)


def test_only_a_schedule_with_a_fastest_interval_hurries(tmp_path: Path) -> None:
    world = noticed(tmp_path)
    world.store.save_incident(replace(world.store.open_incident(NAME), attribution="silent change"))
    plain = replace(world.watched.endpoint, schedule=Every(interval=HOUR))
    world.watched = replace(world.watched, endpoint=plain)
    assert not hurry(world)


def test_money_for_the_planned_replays_of_the_day_is_not_spent_on_extra_ones(tmp_path: Path) -> None:
    world = noticed(tmp_path)
    world.store.save_incident(replace(world.store.open_incident(NAME), attribution="silent change"))
    world.watched = replace(
        world.watched, endpoint=replace(world.watched.endpoint, price=Price(input_usd=1.0, output_usd=1.0))
    )
    one = world.world.guard.estimate(world.watched.endpoint)
    planned = 22  # from 01:01 on, the hours of the day that are left
    for times, affordable in ((planned + 2, True), (planned, False)):
        assert hurry(world, SpendGuard(limit_usd_per_day=one * times, clock=world.clock)) is affordable


def test_extra_replays_are_at_most_their_share_of_the_planned_ones(tmp_path: Path) -> None:
    world = noticed(tmp_path)
    world.store.save_incident(replace(world.store.open_incident(NAME), attribution="silent change"))
    most, last = int(SURPLUS * 720), world.store.last_slot(NAME).slot

    def take(n: int) -> None:
        extra = START - timedelta(days=20) + (n // 3) * HOUR + (n % 3 + 1) * QUARTER
        world.store.end_slot(replace(last, due=extra), SlotState.FAILED, reason="x", now=START)

    for n in range(most - 1):
        take(n)
    assert hurry(world)
    take(most - 1)
    assert not hurry(world)


def test_thresholds_allow_for_the_extra_replays() -> None:
    planned = replays_per_year(Every(interval=HOUR), START)
    assert replays_per_year(Every(interval=HOUR, fastest=QUARTER), START) == planned * (1 + SURPLUS)


def test_the_daemon_replays_at_the_extra_slots_and_goes_back_to_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = noticed(tmp_path)
    stirring = [True, True, False, False, False]
    monkeypatch.setattr("driftwatch.daemon.duty.hurried", lambda *_, **__: stirring.pop(0))
    duty = Duty(world.watched, world.world)

    async def story() -> None:
        for minutes in range(60, 181, 5):
            world.clock.set(START + 25 * HOUR + timedelta(minutes=minutes, seconds=1))
            await duty.on_due()

    asyncio.run(story())
    due = [r.slot.due - START - 25 * HOUR for r in world.store.slots(NAME, since=START + 26 * HOUR)]
    assert due == [HOUR, HOUR + QUARTER, HOUR + 2 * QUARTER, 2 * HOUR, 3 * HOUR]
    assert {r.state for r in world.store.slots(NAME)} == {SlotState.DONE}
