"""What people hear when a provider changes its name, goes away, costs too much or answers only now and then."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from driftwatch.domain.answer import Reply
from driftwatch.domain.endpoint import Price
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.incident import IncidentKind
from driftwatch.services.spend import SpendGuard
from driftwatch.services.standing import EndpointState
from driftwatch.services.status import build_status
from driftwatch.services.tick import Ticked
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.scenarios import reply
from tests.acceptance.world import SmallWorld, right

NAME = "support-bot"
TIMEOUT = EndpointError("timeout", outcome=Outcome.TIMEOUT, transient=True)


def number_of(question) -> int:
    return int(question.messages[-1]["content"].rpartition(" ")[2].rstrip("."))


def test_fault_42_another_echoed_model_is_told_though_nothing_moved_and_explains_what_moves_later(
    tmp_path: Path,
) -> None:
    said = {"model": "scripted-2026-07-20", "broken": 0}

    def script(question, _chance: Random) -> Reply:
        n = number_of(question)
        return reply("No." if n < said["broken"] else f"word{n}", model=said["model"])

    world = SmallWorld(tmp_path, ScriptedModel(script))

    async def story() -> None:
        await world.replay(24)
        said["model"] = "scripted-2026-08-01"
        await world.replay(2)
        assert world.told() == [("quiet", "FIRST")]
        said["broken"] = 10
        await world.replay(3)

    asyncio.run(story())
    assert world.told() == [("quiet", "FIRST"), ("oncall", "WORSE")]
    incident = world.store.open_incident(NAME)
    assert incident.attribution == "announced change"
    assert "the endpoint now answers as scripted-2026-08-01" in incident.detail


@pytest.mark.parametrize("outcome", [Outcome.AUTH, Outcome.NOT_FOUND])
def test_fault_45_a_model_that_is_gone_is_told_at_once_without_a_storm_of_retries(
    tmp_path: Path, outcome: Outcome
) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    world.watched = replace(world.watched, endpoint=replace(world.watched.endpoint, attempts=3))

    async def story() -> None:
        await world.replay(22)
        gone = EndpointError("no such model", outcome=outcome, transient=False)
        world.model.drift(lambda _question, _chance: gone)
        asked = len(world.model.asked)
        assert await world.replay(1) == [Ticked.FAILED]
        assert len(world.model.asked) - asked <= 40
        await world.replay(2)

    asyncio.run(story())
    assert world.told() == [("ops", "NO_DATA")]
    incident = world.store.open_incident(NAME)
    assert (incident.kind, incident.attribution) == (IncidentKind.ERROR, "error")
    status = build_status(world.store, [world.watched], now=world.clock.now())
    assert status.endpoints[0].state is EndpointState.ERROR


def test_fault_45_an_outage_says_since_when_and_why_and_its_end_says_what_it_was(tmp_path: Path) -> None:
    """It said "unavailable, 2 in a row", and at its end only "measured again": neither since when, nor whose words."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    down = EndpointError("HTTP 503: maintenance", outcome=Outcome.UNAVAILABLE, transient=True)

    async def story() -> None:
        await world.replay(22)
        world.model.drift(lambda _question, _chance: down)
        await world.replay(3)
        assert world.store.open_incident(NAME).detail == (
            "cannot be measured: unavailable, 3 in a row since Mon 20 Jul 22:00 UTC: HTTP 503: maintenance"
        )
        await world.replay(8 * 24)
        detail = world.store.open_incident(NAME).detail
        assert "since Mon 20 Jul 23:0" in detail, "not as far back as is looked for"
        assert "in a row" not in detail, "nobody has counted them all"
        world.model.drift(right(40))
        await world.replay(1)

    asyncio.run(story())
    said = [d.payload["detail"] for d in world.store.deliveries() if d.payload["reason"] in ("NO_DATA", "RESOLVED")]
    assert said[0] == "cannot be measured: unavailable, 2 in a row since Mon 20 Jul 22:00 UTC: HTTP 503: maintenance"
    assert said[-1].startswith("measured again; was unavailable since Mon 20 Jul 23:0")
    assert said[-1].endswith(": HTTP 503: maintenance")


def test_fault_45_what_failed_once_is_not_said_to_fail_since_the_first_of_them(tmp_path: Path) -> None:
    """Three timeouts and a 401 were "key refused, 4 in a row since ...", and somebody looked for a key revoked then."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    refused = EndpointError("HTTP 401: invalid key", outcome=Outcome.AUTH, transient=False)

    async def story() -> None:
        await world.replay(2)
        world.model.drift(lambda _question, _chance: TIMEOUT)
        await world.replay(3)
        world.model.drift(lambda _question, _chance: refused)
        await world.replay(1)
        assert world.store.open_incident(NAME).detail == (
            "cannot be measured, 4 in a row since Mon 20 Jul 02:00 UTC; the last: key refused: HTTP 401: invalid key"
        )
        world.model.drift(right(40))
        await world.replay(1)

    asyncio.run(story())
    said = [d.payload["detail"] for d in world.store.deliveries() if d.payload["reason"] == "RESOLVED"]
    assert said[-1].startswith("measured again; was 4 in a row since Mon 20 Jul 02:00 UTC; the last: key refused")


def test_a_failure_that_opens_nothing_takes_no_number_of_an_incident(tmp_path: Path) -> None:
    """The first of two failures took one: inc-4 followed inc-2, and whoever was on call looked for inc-3."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        for _ in range(3):
            await world.replay(2)
            world.model.drift(lambda _question, _chance: TIMEOUT)
            await world.replay(1)
            world.model.drift(right(40))
        world.model.drift(lambda _question, _chance: TIMEOUT)
        await world.replay(2)

    asyncio.run(story())
    assert world.store.open_incident(NAME).id == 1


def test_fault_49_money_that_is_spent_stops_paid_calls_and_is_told_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    world.watched = replace(
        world.watched, endpoint=replace(world.watched.endpoint, price=Price(input_usd=1.0, output_usd=1.0))
    )
    guards = [SpendGuard(limit_usd_per_day=1.0, clock=world.clock, spent_today_usd=1.0)]
    monkeypatch.setattr(SmallWorld, "world", property(lambda here: replace(_world(here), guard=guards[-1])))
    asyncio.run(world.replay(3))
    assert world.model.asked == []
    assert world.told() == [("ops", "BUDGET_EXHAUSTED")]
    world.slot = 24
    asyncio.run(world.replay(2))
    assert len(world.model.asked) == 80, "the next day has money of its own"
    assert len(world.told()) == 1
    guards.append(SpendGuard(limit_usd_per_day=1.0, clock=world.clock, spent_today_usd=1.0))
    asyncio.run(world.replay(2))
    assert len(world.model.asked) == 80
    assert world.told() == [("ops", "BUDGET_EXHAUSTED")] * 2


_world = SmallWorld.world.fget


def test_fault_51_a_third_of_the_answers_lost_at_random_is_no_drift(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(24)
        world.model.drift(lambda q, chance: TIMEOUT if chance.random() < 0.3 else f"word{number_of(q)}")
        await world.replay(8)

    asyncio.run(story())
    assert world.told() == []


def test_fault_51_replays_with_too_few_answers_are_no_evidence_and_the_second_is_told(tmp_path: Path) -> None:
    """What still answers may be the easy part: neither a drift, nor the end of an incident, nor silence."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await world.replay(24)
        world.model.drift(lambda q, _: TIMEOUT if number_of(q) >= 12 else "wrong")
        await world.replay(1)
        assert world.told() == []
        await world.replay(3)
        assert world.told() == [("ops", "NO_DATA")]
        assert world.store.open_incident(NAME).detail == "cannot be measured: 12 of 40 probes answered, 4 in a row"
        world.model.drift(right(40))
        await world.replay(1)

    asyncio.run(story())
    assert world.told() == [("ops", "NO_DATA"), ("ops", "RESOLVED")]
