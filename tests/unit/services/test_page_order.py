"""The pager over the real SQLite outbox, with sinks that remember and a clock in the hand."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs

from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.adapters.store.tables import OUTBOX
from driftwatch.domain.delivery import Arrival, Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError, StoreError
from driftwatch.domain.metric import Severity
from driftwatch.services.page import Pager
from driftwatch.services.patience import Patience
from driftwatch.services.ports import Notifier
from driftwatch.services.sinks import TRIP
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.notifier import RecordingNotifier

START = datetime(2026, 7, 20, 6, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def promise(number: int, route: str = "oncall", *, incident: str | None = None, **changes: Any) -> Delivery:
    facts = {
        "key": f"bot/1/{number}/FIRST/{number}@{route}",
        "route": route,
        "severity": Severity.PAGE,
        "payload": {"key": incident or f"bot/1/{number}", "kind": "drift", "said": number},
        "created_at": START + timedelta(seconds=number),
    }
    return Delivery(**(facts | changes))


def pager(store: SqlStore, clock: ManualClock, fallback: str | None = None, **notifiers: Notifier) -> Pager:
    return Pager(store, notifiers, clock=clock, fallback=fallback, rng=Random(7))


def later(clock: ManualClock, **by: float) -> None:
    clock.advance(timedelta(**by))


def transient(**more: Any) -> DeliveryError:
    return DeliveryError("Slack is out of order.", permanent=False, **more)


def row(store: SqlStore, key: str) -> Delivery:
    return next(d for d in store.deliveries() if d.key == key)


def test_what_was_promised_is_delivered_once(store: SqlStore, clock: ManualClock) -> None:
    sink = RecordingNotifier()
    store.enqueue([promise(1)])
    subject = pager(store, clock, oncall=sink)
    assert [asyncio.run(subject.deliver_due()) for _ in range(3)] == [1, 0, 0]
    kept = row(store, promise(1).key)
    assert (kept.state, kept.attempts, kept.possible_repeat) == (DeliveryState.SENT, 1, False)
    assert kept.sent_at is not None


def test_sending_is_committed_before_the_network_call(store: SqlStore, clock: ManualClock) -> None:
    seen: list[Delivery] = []

    class Looking(Notifier):
        async def send(self, delivery: Delivery) -> None:
            seen.append(row(store, delivery.key))

    store.enqueue([promise(1)])
    asyncio.run(pager(store, clock, oncall=Looking()).deliver_due())
    assert (seen[0].state, seen[0].attempts, seen[0].started_at) == (DeliveryState.SENDING, 1, START)


def test_one_message_a_second_and_route(store: SqlStore, clock: ManualClock) -> None:
    store.enqueue([promise(n) for n in range(5)])
    asyncio.run(pager(store, clock, oncall=RecordingNotifier()).deliver_due())
    assert sum(clock.slept) == pytest.approx(4.0)


def test_a_crashs_leftover_waits_15_seconds_and_goes_out_as_a_possible_repeat(
    store: SqlStore, clock: ManualClock
) -> None:
    store.enqueue([promise(1)])
    store.save_delivery(promise(1, state=DeliveryState.SENDING, attempts=1, started_at=START))
    sink = RecordingNotifier()
    subject = pager(store, clock, oncall=sink)
    later(clock, seconds=14)
    assert asyncio.run(subject.deliver_due()) == 0
    later(clock, seconds=1)
    assert asyncio.run(subject.deliver_due()) == 1
    assert sink.taken[0].possible_repeat
    assert sink.taken[0].attempts == 2


@pytest.mark.parametrize("ambiguous", [False, True])
def test_only_an_ambiguous_failure_makes_the_next_attempt_a_possible_repeat(
    store: SqlStore, clock: ManualClock, ambiguous: bool
) -> None:
    store.enqueue([promise(1)])
    sink = RecordingNotifier(transient(ambiguous=ambiguous))
    subject = pager(store, clock, oncall=sink)
    asyncio.run(subject.deliver_due())
    later(clock, minutes=4)
    asyncio.run(subject.deliver_due())
    assert [d.possible_repeat for d in sink.attempts] == [False, ambiguous]


def test_waits_grow_with_full_jitter_from_1_second_to_5_minutes(store: SqlStore, clock: ManualClock) -> None:
    store.enqueue([promise(1)])
    subject = pager(store, clock, oncall=RecordingNotifier(*(transient() for _ in range(60))))
    waits = []
    for _ in range(60):
        asyncio.run(subject.deliver_due())
        not_before = row(store, promise(1).key).not_before
        assert not_before is not None
        waits.append((not_before - clock.now()).total_seconds())
        clock.advance(not_before - clock.now())
    assert all(1.0 <= wait <= min(300.0, 2.0 ** (n + 1)) + 1e-3 for n, wait in enumerate(waits))
    # Full jitter over 0-300 s: 50 waits average 150 s; 4 standard errors of 300 / sqrt(12 * 50) are 49 s.
    assert 101 < sum(waits[10:]) / 50 < 199


@pytest.mark.parametrize(("asked", "waited"), [(30.0, 30.0), (0.0, 1.0), (86_400.0, 900.0)])
def test_retry_after_is_honoured_up_to_15_minutes(
    store: SqlStore, clock: ManualClock, asked: float, waited: float
) -> None:
    store.enqueue([promise(1)])
    sink = RecordingNotifier(transient(retry_after_s=asked))
    subject = pager(store, clock, oncall=sink)
    asyncio.run(subject.deliver_due())
    later(clock, seconds=waited - 0.5)
    assert asyncio.run(subject.deliver_due()) == 0
    later(clock, seconds=0.5)
    assert asyncio.run(subject.deliver_due()) == 1


def test_order_is_kept_within_a_route_and_other_routes_go_on(store: SqlStore, clock: ManualClock) -> None:
    store.enqueue([promise(1), promise(2), promise(3, "quiet")])
    oncall, quiet = RecordingNotifier(transient(retry_after_s=30.0)), RecordingNotifier()
    subject = pager(store, clock, oncall=oncall, quiet=quiet)
    assert asyncio.run(subject.deliver_due()) == 1
    assert (oncall.keys, quiet.keys) == ([], [promise(3, "quiet").key])
    later(clock, seconds=31)
    asyncio.run(subject.deliver_due())
    assert oncall.keys == [promise(1).key, promise(2).key]


def test_order_survives_a_restart(store: SqlStore, clock: ManualClock) -> None:
    store.enqueue([promise(1), promise(2)])
    asyncio.run(pager(store, clock, oncall=RecordingNotifier(transient(retry_after_s=30.0))).deliver_due())
    after = RecordingNotifier()
    assert asyncio.run(pager(store, clock, oncall=after).deliver_due()) == 0
    later(clock, seconds=31)
    asyncio.run(pager(store, clock, oncall=after).deliver_due())
    assert after.keys == [promise(1).key, promise(2).key]


def test_a_permanent_refusal_is_dead_and_told_on_the_fallback_route_at_once(
    store: SqlStore, clock: ManualClock
) -> None:
    store.enqueue([promise(1), promise(2)])
    oncall, ops = RecordingNotifier(DeliveryError("archived", permanent=True)), RecordingNotifier()
    subject = pager(store, clock, "ops", oncall=oncall, ops=ops)
    asyncio.run(subject.deliver_due())
    asyncio.run(subject.deliver_due())
    assert row(store, promise(1).key).state is DeliveryState.DEAD
    assert ops.keys == [f"{promise(1).key}>ops"]
    assert ops.taken[0].payload["instead_of"] == "oncall"
    assert oncall.keys == [promise(2).key]


def test_undelivered_for_five_minutes_is_told_on_the_fallback_route_once(store: SqlStore, clock: ManualClock) -> None:
    store.enqueue([promise(0)])
    oncall, ops = RecordingNotifier(*(transient() for _ in range(500))), RecordingNotifier()
    subject = pager(store, clock, "ops", oncall=oncall, ops=ops)
    for _ in range(60):
        asyncio.run(subject.deliver_due())
        later(clock, seconds=4.9)
    assert not ops.taken
    for _ in range(60):
        asyncio.run(subject.deliver_due())
        later(clock, seconds=10)
    assert ops.keys == [f"{promise(0).key}>ops"]
    assert ops.taken[0].payload["delayed_min"] == 5
    assert row(store, promise(0).key).state is DeliveryState.PENDING


def test_what_the_fallback_has_no_longer_holds_up_other_incidents_but_its_own(
    store: SqlStore, clock: ManualClock
) -> None:
    """A message that one sink always refuses must not keep every later page from it for three days."""
    store.enqueue([promise(1, incident="a"), promise(2, incident="a"), promise(3, incident="b")])
    sink = RecordingNotifier(*(transient() for _ in range(30)))
    subject = pager(store, clock, "ops", oncall=sink, ops=RecordingNotifier())
    later(clock, minutes=6)
    sink.failures.clear()
    sink.failures.append(transient())
    asyncio.run(subject.deliver_due())
    assert sink.keys == [promise(3).key]
    later(clock, minutes=5)
    asyncio.run(subject.deliver_due())
    assert sink.keys == [promise(3).key, promise(1).key, promise(2).key]


def test_a_later_page_of_an_incident_falls_back_though_the_first_still_waits(
    store: SqlStore, clock: ManualClock
) -> None:
    """It was passed over before anybody asked how old it was: news stayed untold while the first message was stuck."""
    store.enqueue([promise(1, incident="a"), promise(2, incident="a")])
    oncall, ops = RecordingNotifier(*(transient() for _ in range(30))), RecordingNotifier()
    subject = pager(store, clock, "ops", oncall=oncall, ops=ops)
    later(clock, minutes=6)
    for _ in range(2):
        asyncio.run(subject.deliver_due())
    assert ops.keys == [f"{promise(n, incident='a').key}>ops" for n in (1, 2)]
    assert {delivery.key for delivery in oncall.attempts} == {promise(1).key}, "the order within an incident stands"


def test_details_that_are_stuck_hold_up_no_page_of_their_incident(store: SqlStore, clock: ManualClock) -> None:
    """What only adds to a message kept its incident's next page back for as long as it was refused."""
    details = promise(1, payload={"key": "a", "kind": "drift", "part": "details"})
    store.enqueue([details, promise(2, incident="a")])
    sink = RecordingNotifier(transient())
    asyncio.run(pager(store, clock, oncall=sink).deliver_due())
    assert sink.keys == [promise(2).key]
    later(clock, minutes=1)
    asyncio.run(pager(store, clock, oncall=sink).deliver_due())
    assert sink.keys == [promise(2).key, details.key]


def test_one_message_that_is_always_refused_does_not_starve_the_others_of_its_sink(
    store: SqlStore, clock: ManualClock
) -> None:
    """The circuit was open for exactly the wait of that message, so it alone ever tried, and failed."""
    poison = promise(1)

    class Choking(RecordingNotifier):
        async def send(self, delivery: Delivery) -> str:
            if delivery.key == poison.key:
                raise transient()
            return await super().send(delivery)

    store.enqueue([poison])
    sink = Choking()
    subject = pager(store, clock, "ops", oncall=sink, ops=RecordingNotifier())

    def wait(seconds: int) -> None:
        for _ in range(seconds):
            asyncio.run(subject.deliver_due())
            later(clock, seconds=1)

    wait(400)
    assert row(store, poison.key).attempts > TRIP
    fresh = promise(2, created_at=clock.now())
    store.enqueue([fresh])
    wait(320)
    assert sink.keys == [fresh.key]


def test_a_sink_with_a_bug_in_what_it_is_asked_costs_an_attempt_not_the_route(
    store: SqlStore, clock: ManualClock
) -> None:
    """The exception ended the pass of its route, and every later one: nothing behind that row was ever sent."""

    class Puzzled(RecordingNotifier):
        async def arrived(self, delivery: Delivery) -> Arrival:
            raise KeyError("oops")

    store.enqueue([promise(1)])
    store.save_delivery(promise(1, state=DeliveryState.SENDING, attempts=1, started_at=START))
    sink = Puzzled()
    subject = pager(store, clock, oncall=sink)
    later(clock, seconds=20)
    with capture_logs() as logs:
        asyncio.run(subject.deliver_due())
    assert "sink failed unexpectedly" in {entry["event"] for entry in logs}
    assert row(store, promise(1).key).state is DeliveryState.AMBIGUOUS
    later(clock, minutes=6)
    asyncio.run(subject.deliver_due())
    assert [delivery.possible_repeat for delivery in sink.taken] == [True]


def test_after_72_hours_a_promise_is_given_up_loudly(store: SqlStore, clock: ManualClock) -> None:
    store.enqueue([promise(1)])
    store.save_delivery(promise(1, attempts=1))
    sink = RecordingNotifier()
    later(clock, hours=73)
    with capture_logs() as logs:
        asyncio.run(pager(store, clock, oncall=sink).deliver_due())
    assert not sink.attempts
    assert row(store, promise(1).key).state is DeliveryState.DEAD
    assert [entry["log_level"] for entry in logs] == ["critical"]


def test_a_route_that_was_removed_from_the_configuration_ends_on_the_fallback(
    store: SqlStore, clock: ManualClock
) -> None:
    store.enqueue([promise(1, "gone")])
    ops = RecordingNotifier()
    subject = pager(store, clock, "ops", ops=ops)
    asyncio.run(subject.deliver_due())
    asyncio.run(subject.deliver_due())
    assert ops.keys == [f"{promise(1, 'gone').key}>ops"]


def test_a_refusal_by_the_fallback_itself_is_critical(store: SqlStore, clock: ManualClock) -> None:
    store.enqueue([promise(1, "ops")])
    ops = RecordingNotifier(DeliveryError("archived", permanent=True))
    with capture_logs() as logs:
        asyncio.run(pager(store, clock, "ops", ops=ops).deliver_due())
    assert ("critical", "message refused, nobody told") in {(entry["log_level"], entry["event"]) for entry in logs}


def test_a_sink_with_a_bug_costs_an_attempt_not_the_pager(store: SqlStore, clock: ManualClock) -> None:
    class Broken(Notifier):
        async def send(self, delivery: Delivery) -> None:
            raise KeyError("oops")

    store.enqueue([promise(1), promise(2, "quiet")])
    quiet = RecordingNotifier()
    with capture_logs():
        asyncio.run(pager(store, clock, oncall=Broken(), quiet=quiet).deliver_due())
    assert quiet.keys == [promise(2, "quiet").key]
    kept = row(store, promise(1).key)
    assert kept.state is DeliveryState.AMBIGUOUS


def test_a_store_that_fails_after_the_message_was_taken_causes_no_repeat(store: SqlStore, clock: ManualClock) -> None:
    """The row is still `sending` then and looks like a crash's leftover; this process knows better."""
    failing = [True]

    class Forgetful(RecordingNotifier):
        async def send(self, delivery: Delivery) -> str:
            taken = await super().send(delivery)
            subject._courier._store = Unwritable(store, failing)
            return taken

    sink = Forgetful()
    store.enqueue([promise(1)])
    subject = pager(store, clock, oncall=sink)
    with pytest.raises(OSError, match="disk"):
        asyncio.run(subject.deliver_due())
    assert row(store, promise(1).key).state is DeliveryState.SENDING
    failing[0] = False
    later(clock, minutes=2)
    asyncio.run(subject.deliver_due())
    assert sink.keys == [promise(1).key]
    assert row(store, promise(1).key).state is DeliveryState.SENT


class Unwritable:
    """The real store on a bad day."""

    def __init__(self, store: SqlStore, failing: list[bool]) -> None:
        self._store, self._failing = store, failing

    def __getattr__(self, name: str) -> Any:
        if name == "save_delivery" and self._failing[0]:
            raise OSError("disk full")
        return getattr(self._store, name)


def test_running_delivers_what_is_committed_meanwhile_and_what_is_left_at_the_stop(
    store: SqlStore, clock: ManualClock
) -> None:
    sink = RecordingNotifier()

    async def scenario() -> None:
        stop, wake = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(pager(store, clock, oncall=sink).run(stop, wake))
        await asyncio.sleep(0.05)
        store.enqueue([promise(1)])
        wake.set()
        async with asyncio.timeout(60):
            while not sink.taken:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        store.enqueue([promise(2)])
        stop.set()
        await asyncio.wait_for(running, 60)

    asyncio.run(scenario())
    assert sink.keys == [promise(1).key, promise(2).key]


def test_a_route_that_hangs_holds_up_nobody_else(store: SqlStore, clock: ManualClock) -> None:
    hangs = asyncio.Event()

    class Hanging(Notifier):
        async def send(self, delivery: Delivery) -> None:
            hangs.set()
            await asyncio.sleep(3600)

    quiet = RecordingNotifier()

    async def scenario() -> None:
        store.enqueue([promise(1)])
        running = asyncio.create_task(pager(store, clock, oncall=Hanging(), quiet=quiet).run(asyncio.Event()))
        await asyncio.wait_for(hangs.wait(), 60)
        store.enqueue([promise(2, "quiet")])
        async with asyncio.timeout(60):
            while not quiet.taken:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
    assert row(store, promise(1).key).state is DeliveryState.SENDING


# -- a group of endpoints: one message, after a minute ----------------------------------------------

MINUTE = timedelta(minutes=1)


def grouped(number: int, group: str = "openai gpt", **changes: Any) -> Delivery:
    payload = {"key": f"bot/1/{number}", "kind": "drift", "endpoint": f"bot-{number}", "group": group}
    facts = {"payload": payload, "created_at": START, "not_before": START + MINUTE}
    return promise(number, **(facts | changes))


def waiting_pager(store: SqlStore, clock: ManualClock, **notifiers: Notifier) -> Pager:
    return Pager(store, notifiers, clock=clock, rng=Random(7), interval=5 * MINUTE)


def told(sink: RecordingNotifier) -> list[list[str]]:
    return [
        [sent.payload["endpoint"], *(one["endpoint"] for one in sent.payload.get("also", ()))]
        for sent in sink.taken
        if "endpoint" in sent.payload
    ]


def test_endpoints_of_a_group_that_moved_within_a_minute_are_one_message(store: SqlStore, clock: ManualClock) -> None:
    sink = RecordingNotifier()
    store.enqueue([grouped(1), grouped(2, severity=Severity.NOTICE), grouped(3, not_before=START + 3 * MINUTE)])
    subject = waiting_pager(store, clock, oncall=sink)
    assert asyncio.run(subject.deliver_due()) == 0
    later(clock, seconds=61)
    assert asyncio.run(subject.deliver_due()) == 1
    assert told(sink) == [["bot-1", "bot-3", "bot-2"]]
    states = [d.state for d in store.deliveries()]
    assert states == [DeliveryState.SENT, DeliveryState.JOINED, DeliveryState.JOINED]
    assert asyncio.run(subject.deliver_due()) == 0


def test_what_waits_for_its_group_holds_up_nobody_else(store: SqlStore, clock: ManualClock) -> None:
    sink = RecordingNotifier()
    store.enqueue([grouped(1), grouped(2, "mistral mistral", not_before=None), promise(3)])
    asyncio.run(waiting_pager(store, clock, oncall=sink).deliver_due())
    assert sink.keys == [promise(2).key, promise(3).key]


def test_further_ones_of_a_group_are_told_together_after_five_minutes(store: SqlStore, clock: ManualClock) -> None:
    sink = RecordingNotifier()
    subject = waiting_pager(store, clock, oncall=sink)
    store.enqueue([grouped(1)])
    later(clock, seconds=60)
    asyncio.run(subject.deliver_due())
    store.enqueue([grouped(n, created_at=clock.now(), not_before=clock.now() + MINUTE) for n in (2, 3)])
    later(clock, minutes=4)
    asyncio.run(subject.deliver_due())
    assert told(sink) == [["bot-1"]]
    later(clock, minutes=1)
    asyncio.run(subject.deliver_due())
    assert told(sink) == [["bot-1"], ["bot-2", "bot-3"]]


def test_a_process_that_died_before_it_sent_what_it_had_joined_loses_nobody(
    store: SqlStore, clock: ManualClock
) -> None:
    class Killed(BaseException):
        pass

    class Dies(RecordingNotifier):
        async def send(self, delivery: Delivery) -> str:
            raise Killed

    store.enqueue([grouped(1), grouped(2)])
    later(clock, seconds=61)
    with pytest.raises(Killed):
        asyncio.run(waiting_pager(store, clock, oncall=Dies()).deliver_due())
    sink = RecordingNotifier()
    later(clock, seconds=20)
    asyncio.run(waiting_pager(store, clock, oncall=sink).deliver_due())
    assert told(sink) == [["bot-1", "bot-2"]]


def test_the_fallback_hears_of_all_that_a_refused_message_told(store: SqlStore, clock: ManualClock) -> None:
    refusing, backup = RecordingNotifier(DeliveryError("archived", permanent=True)), RecordingNotifier()
    store.enqueue([grouped(1), grouped(2)])
    later(clock, seconds=61)
    subject = Pager(
        store,
        {"oncall": refusing, "backup": backup},
        clock=clock,
        fallback="backup",
        rng=Random(7),
        interval=5 * MINUTE,
    )
    for _ in range(2):
        asyncio.run(subject.deliver_due())
    assert told(backup) == [["bot-1", "bot-2"]]


def test_an_outbox_that_cannot_be_read_is_one_line_an_outage(
    store: SqlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that was away for a night left a traceback a second."""
    sound, trouble = store.due_deliveries, StoreError("database: gone.", slug="store-unreachable")
    looks = 0

    def unsound(**given: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks <= 5:
            raise trouble
        return sound(**given)

    monkeypatch.setattr(store, "due_deliveries", unsound)

    async def story() -> None:
        stop = asyncio.Event()
        quick = Pager(store, {"oncall": RecordingNotifier()}, clock=clock, patience=Patience(poll_s=0.01))
        running = asyncio.create_task(quick.run(stop))
        async with asyncio.timeout(30):
            while looks < 8:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        stop.set()
        await running

    with capture_logs() as logs:
        asyncio.run(story())
    assert [line["event"] for line in logs] == ["outbox unreadable", "the outbox can be read again"]


def test_a_page_under_the_key_of_a_notice_that_the_database_forgot_is_sent(store: SqlStore, clock: ManualClock) -> None:
    """What a failover lost is decided again: as a page it was written down as sent, and nobody was woken."""
    oncall, notice = RecordingNotifier(), promise(1, severity=Severity.NOTICE)
    store.enqueue([notice])
    here = pager(store, clock, oncall=oncall)
    asyncio.run(here.deliver_due())
    forget(store, notice)
    for again in (notice, promise(1)):
        forget(store, again)
        store.enqueue([again])
        asyncio.run(here.deliver_due())
    assert [sent.severity for sent in oncall.taken] == [Severity.NOTICE, Severity.PAGE]
    assert {row.state for row in store.deliveries()} == {DeliveryState.SENT}


def forget(store: SqlStore, row: Delivery) -> None:
    with store._db.writing() as connection:
        connection.execute(delete(OUTBOX).where(OUTBOX.c.key == row.key))
