"""Silences and maintenance windows: what they keep back, what is recorded, and the one page at their end."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.calendar import instant
from driftwatch.domain.incident import IncidentState, Reason, Silence
from driftwatch.services.review import retire, review
from driftwatch.services.suppressed import suppressed
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import HOUR, START, SmallWorld, right

NAME = "support-bot"
BROKEN = dict.fromkeys(range(10), "I cannot help with that")


def drifted_under(folder: Path, **window: object) -> tuple[SmallWorld, Silence]:
    """An endpoint that drifts at 02:00 UTC while a silence is in force."""
    world = SmallWorld(folder, ScriptedModel(right(40)))

    async def story() -> Silence:
        await world.replay(26)
        now = world.clock.now()
        facts = {"endpoint": NAME, "starts_at": now, "ends_at": now + 3 * HOUR, "by": "ada", "comment": "vendor"}
        quiet = Silence(**(facts | window))
        quiet = replace(quiet, id=world.store.add_silence(quiet))
        world.model.drift(right(40, BROKEN))
        await world.replay(2)
        return quiet

    return world, asyncio.run(story())


def look(world: SmallWorld, after: timedelta) -> Reason:
    world.clock.advance(after)
    return review(world.watched, world.store, world.clock)


def test_fault_65_a_silence_that_ends_while_firing_is_one_page_and_not_only_with_the_next_replay(
    tmp_path: Path,
) -> None:
    world, quiet = drifted_under(tmp_path)
    assert world.told() == []
    assert suppressed(world.store, quiet) == ["inc-1"]
    assert look(world, timedelta(minutes=10)) is Reason.NONE
    assert look(world, HOUR) is Reason.SILENCE_ENDED
    assert look(world, HOUR) is Reason.NONE
    asyncio.run(world.replay(3))
    assert world.told() == [("oncall", "SILENCE_ENDED")]
    assert world.store.deliveries()[0].payload["moved"]


def test_fault_65_a_maintenance_window_says_so_and_ends_in_one_page(tmp_path: Path) -> None:
    world, window = drifted_under(tmp_path, maintenance=True)
    waiting = world.store.open_incident(NAME)
    assert (waiting.reason, waiting.suppressed_by) == (Reason.MAINTENANCE, window.id)
    assert look(world, 3 * HOUR) is Reason.SILENCE_ENDED
    assert [route for route, _ in world.told()] == ["oncall"]


def test_a_silence_that_is_ended_early_tells_at_once(tmp_path: Path) -> None:
    world, quiet = drifted_under(tmp_path, ends_at=datetime(2026, 8, 1, tzinfo=UTC))
    assert look(world, timedelta(minutes=1)) is Reason.NONE
    over = world.store.end_silence(quiet.id, by="ben", now=world.clock.now())
    assert (over.ended_by, over.ends_at) == ("ben", world.clock.now())
    assert world.store.end_silence(quiet.id, by="ben", now=world.clock.now()) is None
    assert look(world, timedelta(seconds=20)) is Reason.SILENCE_ENDED


def test_what_came_back_to_normal_under_a_silence_is_told_to_nobody(tmp_path: Path) -> None:
    world, _ = drifted_under(tmp_path)
    world.model.drift(right(40))
    asyncio.run(world.replay(2))
    assert look(world, 2 * HOUR) is Reason.NONE
    assert world.told() == []


def test_an_unacknowledged_page_repeats_on_time_without_a_replay(tmp_path: Path) -> None:
    world, _ = drifted_under(tmp_path)
    assert look(world, 3 * HOUR) is Reason.SILENCE_ENDED
    assert look(world, 23 * HOUR) is Reason.NONE
    assert look(world, 2 * HOUR) is Reason.REPEAT_DUE
    assert look(world, 2 * HOUR) is Reason.NONE


def test_a_page_is_not_repeated_between_replays_while_the_drift_is_calm(tmp_path: Path) -> None:
    """Every 20 s the review asked only whether a day was over: calm counted with a replay alone, which came too late."""
    world, _ = drifted_under(tmp_path)
    assert look(world, 3 * HOUR) is Reason.SILENCE_ENDED
    world.model.drift(right(40))
    asyncio.run(world.replay(4))
    assert world.store.open_incident(NAME) is not None
    assert look(world, 25 * HOUR) is Reason.NONE
    assert world.told() == [("oncall", "SILENCE_ENDED")]


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-10-25T01:30", "2026-10-25T02:30", 2),  # the hour from 2 to 3 comes twice: the window covers both
        ("2026-10-25T02:30", "2026-10-25T02:45", 1.25),
        ("2026-03-29T01:30", "2026-03-29T03:30", 1),  # the hour from 2 to 3 is skipped
        ("2026-07-20T23:00", "2026-07-21T01:00", 2),  # over midnight
    ],
)
def test_fault_65_a_window_in_a_named_zone_is_never_shorter_than_the_clock_on_the_wall_says(
    start: str, end: str, hours: float
) -> None:
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    length = instant(last, "Europe/Berlin", end=True) - instant(first, "Europe/Berlin")
    assert length == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("zone", "begins", "ends", "over"),
    [
        # The hour from 2 to 3 comes twice: the window ends with the second 02:30, not with the first.
        ("Europe/Berlin", "2026-10-24T23:00", "2026-10-25T02:30", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        # It is skipped: 03:30 on the wall comes an hour sooner.
        ("Europe/Berlin", "2027-03-27T23:00", "2027-03-28T03:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        ("America/New_York", "2026-08-03T22:00", "2026-08-04T01:30", datetime(2026, 8, 4, 5, 30, tzinfo=UTC)),
    ],
    ids=["clocks go back", "clocks go forward", "over midnight"],
)
def test_fault_65_a_nights_maintenance_keeps_a_drift_back_to_its_last_minute_and_ends_in_one_page(
    tmp_path: Path, zone: str, begins: str, ends: str, over: datetime
) -> None:
    """One story of both halves: the window as a person names it, the drift in it, the clock that changes, the page."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    starts_at = instant(datetime.fromisoformat(begins), zone)
    ends_at = instant(datetime.fromisoformat(ends), zone, end=True)
    world.slot = int((starts_at - START) / HOUR) - 24

    async def night() -> None:
        await world.replay(25)
        window = Silence(
            endpoint=NAME,
            starts_at=starts_at,
            ends_at=ends_at,
            by="ada",
            comment="move",
            timezone=zone,
            maintenance=True,
        )
        world.store.add_silence(window)
        world.model.drift(right(40, BROKEN))
        while START + world.slot * HOUR < over:
            await world.replay(1)
            assert review(world.watched, world.store, world.clock) is Reason.NONE
        world.clock.set(over - timedelta(minutes=1))
        assert review(world.watched, world.store, world.clock) is Reason.NONE
        assert world.told() == []
        world.clock.set(over + timedelta(seconds=20))
        assert review(world.watched, world.store, world.clock) is Reason.SILENCE_ENDED
        await world.replay(3)
        assert review(world.watched, world.store, world.clock) is Reason.NONE

    asyncio.run(night())
    assert ends_at == over
    assert world.told() == [("oncall", "SILENCE_ENDED")]


def test_fault_70_an_endpoint_taken_out_while_firing_is_closed_with_its_reason_and_its_history_stays(
    tmp_path: Path,
) -> None:
    world, _ = drifted_under(tmp_path)
    look(world, 3 * HOUR)
    routes = world.watched.routes
    assert retire(world.store, {NAME}, routes, now=world.clock.now()) == 0
    assert retire(world.store, {"another"}, routes, now=world.clock.now()) == 1
    assert retire(world.store, {"another"}, routes, now=world.clock.now()) == 0
    closed = world.store.incidents(endpoint=NAME)[0]
    assert (closed.state, closed.reason) == (IncidentState.RESOLVED, Reason.ENDPOINT_REMOVED)
    assert ("oncall", "ENDPOINT_REMOVED") in world.told()
    assert {d.payload["reason"]: d.severity.value for d in world.store.deliveries()}["ENDPOINT_REMOVED"] == "notice"
    assert len(list(world.store.replays(NAME))) == 28
