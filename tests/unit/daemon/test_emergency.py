"""What operations hear past the store when nothing can be stored."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.notify.wording import render_text
from driftwatch.daemon.emergency import GOODBYES, PATIENCE_S, ROOM, Emergency
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.errors import DeliveryError, StoreError
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.notifier import RecordingNotifier

LOCKED = StoreError("driftwatch.db: locked.", slug="store-locked")
IO = StoreError("driftwatch.db: the disk reported an error.", slug="store-io")
ODD = StoreError("driftwatch.db: refused something.", slug="store-failed")
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
    said = render_text(duty.taken[1].payload)
    assert said.startswith("driftwatch stores again")
    assert "driftwatch report" in said, "status does not list what was missed"


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


class Slate:
    """A store that can be written, or not."""

    def __init__(self) -> None:
        self.trouble: StoreError | None = None
        self.room = ROOM
        self.tries = 0

    def try_write(self, room: int = 0) -> None:
        self.tries += 1
        if self.trouble is not None:
            raise self.trouble
        if room > self.room:
            raise FULL


def test_one_passing_error_is_nobodys_though_no_replay_shows_that_it_passed() -> None:
    """It was told a minute later: only a replay, perhaps a day away, showed that the store works."""
    emergency, clock, ops, store = Emergency(), ManualClock(), RecordingNotifier(), Slate()
    emergency.broke(LOCKED, clock)
    for _ in range(6):
        asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
        clock.advance(timedelta(seconds=PATIENCE_S / 3))
    assert (ops.attempts, emergency.trouble, store.tries) == ([], "", 1)


def test_a_store_that_cannot_be_written_is_told_and_so_is_the_first_write_that_passes() -> None:
    emergency, clock, ops, store = Emergency(), ManualClock(), RecordingNotifier(), Slate()
    store.trouble = LOCKED
    emergency.broke(LOCKED, clock)
    for trouble in (LOCKED, LOCKED, None, None):
        store.trouble = trouble
        clock.advance(timedelta(seconds=PATIENCE_S))
        asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
    assert [one.payload["state"] for one in ops.taken] == ["firing", "resolved"]


def test_a_small_write_does_not_show_that_a_full_disk_has_room_for_a_replay() -> None:
    emergency, clock, ops, store = Emergency(), ManualClock(), RecordingNotifier(), Slate()
    store.room = 8192
    emergency.broke(FULL, clock)
    emergency.broke(LOCKED, clock)
    for room in (8192, 8192, ROOM):
        store.room = room
        clock.advance(timedelta(seconds=PATIENCE_S))
        asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
    assert [one.payload["state"] for one in ops.taken] == ["firing", "resolved"]


@pytest.mark.parametrize("error", [FULL, IO, ODD], ids=lambda error: error.slug)
def test_one_error_of_any_kind_is_over_when_as_much_as_a_replay_can_be_written(error: StoreError) -> None:
    """/readyz answered 503 until the next replay, which with a daily schedule is a day away."""
    emergency, clock, ops, store = Emergency(), ManualClock(), RecordingNotifier(), Slate()
    emergency.broke(error, clock)
    assert emergency.slug == error.slug
    asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
    assert (emergency.slug, ops.attempts) == ("", [])


def test_what_breaks_off_again_after_a_rehearsal_lasts_until_a_replay_and_is_told() -> None:
    """Something in a replay alone fails: a rehearsal would take it back every twenty seconds, and nobody would hear."""
    emergency, clock, ops, store = Emergency(), ManualClock(), RecordingNotifier(), Slate()
    for _ in range(2):
        emergency.broke(ODD, clock)
        asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
        clock.advance(timedelta(hours=1))
    assert emergency.slug == ODD.slug
    assert [one.payload["state"] for one in ops.taken] == ["firing"]
    emergency.well()
    assert emergency.slug == ""
    emergency.broke(ODD, clock)
    asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
    assert emergency.slug == "", "what a replay ended is forgotten"


def test_a_lock_long_after_a_rehearsal_is_nobodys_before_its_own_patience() -> None:
    """Operations were told of "nothing can be stored" at once: the trouble counted from the night's full disk on."""
    emergency, clock, ops, store = Emergency(), ManualClock(), RecordingNotifier(), Slate()
    emergency.broke(FULL, clock)
    asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
    clock.advance(timedelta(hours=1))
    store.trouble = LOCKED
    emergency.broke(LOCKED, clock)
    for _ in range(2):
        asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
        assert ops.attempts == []
        clock.advance(timedelta(seconds=PATIENCE_S / 2))
    asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
    assert [one.payload["state"] for one in ops.taken] == ["firing"]


def test_a_damaged_store_is_not_well_for_a_write_that_passes() -> None:
    emergency, clock, ops, store = Emergency(), ManualClock(), RecordingNotifier(), Slate()
    emergency.broke(StoreError("driftwatch.db is damaged.", slug="store-corrupt"), clock)
    asyncio.run(emergency.look({"ops": ops}, "ops", clock, try_store=store.try_write))
    assert (emergency.slug, store.tries) == ("store-corrupt", 0)


def test_the_log_hears_of_a_failing_store_once_again_when_it_changes_and_of_its_end() -> None:
    """Each slot wrote a traceback of a hundred lines: one night of a full disk was a full disk of logs."""
    emergency, clock = Emergency(), ManualClock()
    with capture_logs() as logs:
        for error in (FULL, FULL, LOCKED, FULL, LOCKED):
            emergency.broke(error, clock, what="replay broke off", endpoint="bot")
        emergency.well()
        emergency.well()
        emergency.broke(FULL, clock)
    told = [(line["event"], line.get("error", "")) for line in logs]
    assert told == [
        ("replay broke off", str(FULL)),
        ("replay broke off", str(LOCKED)),
        ("the store works again", ""),
        ("the store fails", str(FULL)),
    ]
    assert logs[0]["see"] == "driftwatch explain store-disk-full"
    assert not any("exc_info" in line for line in logs)


def test_a_mistake_of_ours_is_told_each_time_with_its_traceback() -> None:
    emergency, clock = Emergency(), ManualClock()
    with capture_logs() as logs:
        for _ in range(2):
            emergency.broke(RuntimeError("a bug"), clock, what="replay broke off")
    assert [type(line["exc_info"]) for line in logs] == [RuntimeError, RuntimeError]
    assert emergency.slug == ""


class Mistaken(RecordingNotifier):
    async def send(self, _delivery: Delivery) -> str | None:
        raise RuntimeError("a mistake of ours")


def test_a_sink_with_a_mistake_of_ours_keeps_it_from_nobody_else() -> None:
    emergency, clock, ops = Emergency(), ManualClock(), RecordingNotifier()
    emergency.broke(FULL, clock)
    clock.advance(timedelta(seconds=PATIENCE_S))
    looked(emergency, clock, a_broken=Mistaken(), ops=ops)
    assert len(ops.taken) == 1


def test_the_fallback_is_told_where_no_route_of_operations_takes_it() -> None:
    emergency, clock, fallback = Emergency(), ManualClock(), RecordingNotifier()
    sinks = {"ops": Mistaken(), "oncall": fallback}
    emergency.broke(FULL, clock)
    clock.advance(timedelta(seconds=PATIENCE_S))
    for _ in range(2):
        asyncio.run(emergency.look(sinks, "ops", clock, fallback="oncall"))
    emergency.well()
    asyncio.run(emergency.look(sinks, "ops", clock, fallback="oncall"))
    assert [one.payload["state"] for one in fallback.taken] == ["firing", "resolved"]


def test_whoever_was_warned_hears_that_another_node_stores_and_nobody_else_does() -> None:
    """A standby that took over knew of no warning, and the node that had warned began anew: nobody said that it was over."""
    emergency, clock = Emergency(), ManualClock()
    warned, later = RecordingNotifier(), RecordingNotifier(*[DeliveryError("503", permanent=False)] * 9)
    emergency.broke(FULL, clock)
    clock.advance(timedelta(seconds=PATIENCE_S))
    looked(emergency, clock, warned=warned, later=later)
    warned.failures.append(DeliveryError("503", permanent=False))
    asyncio.run(emergency.hand_over({"warned": warned, "later": later}, clock))
    assert [one.payload["state"] for one in warned.taken] == ["firing", "resolved"]
    assert later.taken == []


def test_a_sink_that_takes_nothing_does_not_keep_a_node_from_beginning_anew() -> None:
    emergency, clock, gone = Emergency(), ManualClock(), RecordingNotifier()
    emergency.broke(FULL, clock)
    clock.advance(timedelta(seconds=PATIENCE_S))
    looked(emergency, clock, gone=gone)
    gone.failures.extend([DeliveryError("503", permanent=False)] * 9)
    asyncio.run(emergency.hand_over({"gone": gone}, clock))
    assert len(gone.attempts) == 1 + GOODBYES
