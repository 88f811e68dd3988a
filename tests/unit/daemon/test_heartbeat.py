"""The dead-man's switch hears from us only while all is well; a switch that is down costs no page."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.clock import SteadyClock
from driftwatch.adapters.deadman import DeadMan
from driftwatch.daemon.chores import Chores
from driftwatch.daemon.heartbeat import Heartbeat
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.replay import Slot, SlotState
from driftwatch.domain.secret import Secret
from driftwatch.services.page import Pager
from driftwatch.services.sinks import TRIP
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.notifier import RecordingNotifier
from driftwatch.testing.server import refused_url
from tests.acceptance.world import HOUR, START, SmallWorld, capitals, right
from tests.unit.services.test_page_order import promise

BOT = "support-bot"


@pytest.fixture
def at(tmp_path: Path) -> SmallWorld:
    return SmallWorld(tmp_path, ScriptedModel(right(2)), probes=capitals(2))


def test_all_is_well_after_a_replay_that_was_judged(at: SmallWorld) -> None:
    asyncio.run(at.replay())
    assert Heartbeat().why_not(at.world, BOT) == ""


def test_a_slot_that_failed_is_no_sign_of_life(at: SmallWorld) -> None:
    asyncio.run(at.replay())
    slot = Slot(endpoint=BOT, due=START + 5 * HOUR)
    at.store.claim(slot, now=at.clock.now())
    at.store.end_slot(slot, SlotState.FAILED, reason="timeout", now=at.clock.now())
    assert "not committed and judged" in Heartbeat().why_not(at.world, BOT)


def test_without_any_sink_that_takes_messages_the_switch_hears_nothing(at: SmallWorld) -> None:
    asyncio.run(at.replay())
    assert "every sink fails" in Heartbeat(delivers=lambda: False).why_not(at.world, BOT)


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(minutes=6)])
def test_a_clock_that_jumped_is_told_once(at: SmallWorld, by: timedelta) -> None:
    asyncio.run(at.replay())
    subject = Heartbeat()
    assert subject.why_not(at.world, BOT) == ""
    at.clock.set(at.clock.now() + by)
    assert "the clock jumped" in subject.why_not(at.world, BOT)
    at.clock.advance(timedelta(minutes=10))
    assert subject.why_not(at.world, BOT) == ""


def test_a_wall_clock_that_stepped_back_is_insane_until_it_caught_up() -> None:
    wall = ManualClock(START)
    steady, subject = SteadyClock(wall), Heartbeat()
    assert subject._jump_s(steady) == 0
    wall.set(START - HOUR)
    assert subject._jump_s(steady) > 3_000


def test_fault_66_a_switch_that_is_down_is_counted_and_keeps_no_page_back(at: SmallWorld) -> None:
    asyncio.run(at.replay())
    sink, chores = RecordingNotifier(), Chores(alive=DeadMan(Secret(f"{refused_url()}/x")).tell)
    at.store.enqueue([promise(1, created_at=at.clock.now())])

    async def both() -> None:
        pager = Pager(at.store, {"oncall": sink}, clock=at.clock)
        await asyncio.gather(chores.tell_alive(at.world, BOT), pager.deliver_due())

    with capture_logs() as logs:
        asyncio.run(both())
    assert len(sink.taken) == 1
    assert (chores.heartbeat.told, chores.heartbeat.missed) == (0, 1)
    assert "the dead-man's switch was not told" in {entry["event"] for entry in logs}


def test_when_every_sink_fails_it_is_critical_once_and_the_pager_is_not_ready(at: SmallWorld) -> None:
    failures = [DeliveryError("out of order", permanent=False) for _ in range(TRIP + 2)]
    sink = RecordingNotifier(*failures)
    pager = Pager(at.store, {"oncall": sink}, clock=at.clock)
    at.store.enqueue([promise(1, created_at=at.clock.now())])
    with capture_logs() as logs:
        for _ in range(TRIP + 4):
            asyncio.run(pager.deliver_due())
            at.clock.advance(timedelta(minutes=6))
            if len(sink.attempts) == TRIP:
                assert not pager.ready
    assert pager.ready, "it took the message at last"
    events = [(entry["log_level"], entry["event"]) for entry in logs]
    assert events.count(("critical", "every sink fails, nobody can be told anything")) == 1
    assert ("warning", "messages are taken again") in events


def test_one_sink_that_works_is_enough_to_be_ready(at: SmallWorld) -> None:
    broken = RecordingNotifier(*(DeliveryError("out of order", permanent=False) for _ in range(99)))
    pager = Pager(at.store, {"oncall": broken, "ops": RecordingNotifier()}, clock=at.clock, fallback="ops")
    at.store.enqueue([promise(1, created_at=at.clock.now())])
    for _ in range(TRIP + 4):
        asyncio.run(pager.deliver_due())
        at.clock.advance(timedelta(minutes=6))
    assert pager.ready
    assert len(broken.attempts) >= TRIP


def test_an_open_circuit_lets_one_message_try_for_all(at: SmallWorld) -> None:
    """Twenty incidents that wait must not mean twenty timeouts in every pass."""
    broken = RecordingNotifier(*(DeliveryError("out of order", permanent=False) for _ in range(999)))
    pager = Pager(at.store, {"oncall": broken, "ops": RecordingNotifier()}, clock=at.clock, fallback="ops")
    at.store.enqueue([promise(n, created_at=at.clock.now()) for n in range(20)])
    at.clock.advance(timedelta(minutes=6))
    asyncio.run(pager.deliver_due())
    assert len(broken.attempts) == TRIP
    before = len(broken.attempts)
    for _ in range(30):
        asyncio.run(pager.deliver_due())
        at.clock.advance(timedelta(seconds=10))
    # Each trial's own jitter, 150 s on average at last, keeps all the others back.
    assert len(broken.attempts) - before < 60


def test_fault_61_a_hundred_pages_at_once_go_out_one_a_second_and_none_is_lost(at: SmallWorld) -> None:
    sink = RecordingNotifier()
    pager = Pager(at.store, {"oncall": sink}, clock=at.clock)
    at.store.enqueue([promise(n, created_at=at.clock.now() + timedelta(milliseconds=n)) for n in range(100)])
    began = at.clock.monotonic()
    asyncio.run(pager.deliver_due())
    assert len(sink.taken) == 100
    assert at.clock.monotonic() - began == pytest.approx(99.0, abs=0.5)


def test_the_self_test_is_run_every_day_at_its_time(at: SmallWorld) -> None:
    ran = []

    async def selftest() -> bool:
        ran.append(at.clock.now())
        return len(ran) != 2

    async def days() -> None:
        task = asyncio.create_task(Chores(selftest=selftest).selftest_daily(at.world))
        while len(ran) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with capture_logs() as logs:
        asyncio.run(days())
    assert [moment - START for moment in ran[:3]] == [timedelta(hours=6, days=n) for n in range(3)]
    assert [entry["log_level"] for entry in logs][:3] == ["info", "critical", "info"]
