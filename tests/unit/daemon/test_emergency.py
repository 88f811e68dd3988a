"""What operations hear past the store when nothing can be stored."""

import asyncio
from datetime import timedelta

from driftwatch.adapters.notify.wording import render_text
from driftwatch.daemon.emergency import PATIENCE_S, Emergency
from driftwatch.domain.errors import DeliveryError, StoreError
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.notifier import RecordingNotifier

FULL = StoreError("driftwatch.db: the disk is full.", slug="store-disk-full")


def looked(emergency: Emergency, clock: ManualClock, **sinks: RecordingNotifier) -> None:
    asyncio.run(emergency.look(sinks, tuple(sinks), clock))


def test_a_store_that_fails_for_long_is_told_once_to_each_route_and_so_is_its_end() -> None:
    emergency, clock, ops, duty = Emergency(), ManualClock(), RecordingNotifier(), RecordingNotifier()
    for _ in range(4):
        emergency.broke(FULL, clock)
        clock.advance(timedelta(seconds=PATIENCE_S / 2))
        looked(emergency, clock, ops=ops, duty=duty)
    assert [one.payload["state"] for one in ops.taken] == ["firing"]
    assert render_text(ops.taken[0].payload).splitlines() == [
        "driftwatch cannot store anything: nothing is watched, and no other page can come",
        "driftwatch.db: the disk is full.",
    ]
    emergency.well()
    for _ in range(2):
        looked(emergency, clock, ops=ops, duty=duty)
    assert [one.payload["state"] for one in duty.taken] == ["firing", "resolved"]
    assert render_text(duty.taken[1].payload).startswith("driftwatch stores again")


def test_a_short_trouble_is_nobodys() -> None:
    emergency, clock, ops = Emergency(), ManualClock(), RecordingNotifier()
    emergency.broke(FULL, clock)
    clock.advance(timedelta(seconds=PATIENCE_S - 1))
    looked(emergency, clock, ops=ops)
    emergency.well()
    clock.advance(timedelta(seconds=PATIENCE_S))
    looked(emergency, clock, ops=ops)
    assert ops.attempts == []


def test_a_message_that_was_refused_is_sent_at_the_next_look() -> None:
    emergency, clock, ops = Emergency(), ManualClock(), RecordingNotifier(DeliveryError("503", permanent=False))
    emergency.broke(FULL, clock)
    clock.advance(timedelta(seconds=PATIENCE_S))
    looked(emergency, clock, ops=ops)
    looked(emergency, clock, ops=ops)
    assert (len(ops.attempts), len(ops.taken)) == (2, 1)


def test_a_vendors_trouble_is_not_the_stores() -> None:
    emergency, clock, ops = Emergency(), ManualClock(), RecordingNotifier()
    emergency.broke(RuntimeError("a bug"), clock)
    clock.advance(timedelta(hours=1))
    looked(emergency, clock, ops=ops)
    assert ops.attempts == []
