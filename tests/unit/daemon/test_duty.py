"""Which slot a wake-up replays, and what becomes of all the others."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from driftwatch.adapters.calendar import slots_between
from driftwatch.daemon.duty import ASLEEP, BUSY, DOWN, INTERRUPTED, UNSTORED, Duty
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.errors import StoreError
from driftwatch.domain.incident import Silence
from driftwatch.domain.replay import Slot, SlotState
from driftwatch.services.tick import Ticked
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import HOUR, START, SmallWorld, capitals, right

NAME = "support-bot"
MINUTE = timedelta(minutes=1)


class Moody(ScriptedModel):
    """Answers, or waits to be told."""

    def __init__(self) -> None:
        super().__init__({"Say word 0.": "word0"})
        self.waits = False
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def ask(self, question: Question) -> Reply:
        if self.waits:
            self.reached.set()
            await self.go_on.wait()
        return await super().ask(question)


@pytest.fixture
def at(tmp_path: Path) -> SmallWorld:
    return small(tmp_path)


def small(folder: Path) -> SmallWorld:
    return SmallWorld(folder, Moody(), probes=capitals(1))


def duty(at: SmallWorld) -> Duty:
    return Duty(at.watched, at.world)


def slots(at: SmallWorld) -> list[tuple[datetime, SlotState, str | None]]:
    return [(r.slot.due, r.state, r.reason) for r in at.store.slots(NAME)]


def states(at: SmallWorld) -> list[SlotState]:
    return [state for _, state, _ in slots(at)]


def wake(on: Duty) -> Ticked | None:
    return asyncio.run(on.on_due())


def claimed(at: SmallWorld, due: datetime) -> None:
    """Leave a slot as a process does that is killed in the middle of it."""
    at.store.claim(Slot(endpoint=NAME, due=due), now=due)


def test_a_new_endpoint_is_replayed_at_once_and_then_at_the_full_hour(at: SmallWorld) -> None:
    at.clock.set(START + 12 * MINUTE)
    on = duty(at)
    assert wake(on) is Ticked.REPLAYED
    assert wake(on) is None
    at.clock.set(START + HOUR)
    assert wake(on) is Ticked.REPLAYED
    assert [due for due, _, _ in slots(at)] == [START + 12 * MINUTE, START + HOUR]


def test_slots_missed_while_nobody_ran_are_skipped_and_the_latest_is_replayed(at: SmallWorld) -> None:
    assert wake(duty(at)) is Ticked.REPLAYED
    at.clock.set(START + 4 * HOUR + MINUTE)
    assert wake(duty(at)) is Ticked.REPLAYED
    done, skipped = SlotState.DONE, SlotState.SKIPPED
    assert slots(at) == [
        (START, done, None),
        *((START + n * HOUR, skipped, DOWN) for n in (1, 2, 3)),
        (START + 4 * HOUR, done, None),
    ]


def test_slots_missed_while_the_machine_slept_say_so(at: SmallWorld) -> None:
    on = duty(at)
    wake(on)
    at.clock.set(START + 3 * HOUR)
    wake(on)
    assert [reason for _, _, reason in slots(at)] == [None, ASLEEP, ASLEEP, None]


def test_a_restart_before_the_next_slot_replays_nothing(at: SmallWorld) -> None:
    wake(duty(at))
    at.clock.set(START + 30 * MINUTE)
    assert wake(duty(at)) is None
    assert states(at) == [SlotState.DONE]


def test_an_interrupted_slot_is_taken_again_while_it_is_the_latest(at: SmallWorld) -> None:
    claimed(at, START)
    at.clock.set(START + 30 * MINUTE)
    with capture_logs() as logs:
        assert wake(duty(at)) is Ticked.REPLAYED
    assert slots(at) == [(START, SlotState.DONE, None)]
    assert [line["late_s"] for line in logs if line["event"] == "replay finished"] == [1800.0]


def test_an_interrupted_slot_is_ended_if_a_later_one_is_due(at: SmallWorld) -> None:
    claimed(at, START)
    at.clock.set(START + HOUR)
    assert wake(duty(at)) is Ticked.REPLAYED
    assert slots(at) == [(START, SlotState.SKIPPED, INTERRUPTED), (START + HOUR, SlotState.DONE, None)]


def test_every_older_interrupted_slot_is_ended_too(at: SmallWorld) -> None:
    claimed(at, START)
    claimed(at, START + HOUR)
    at.clock.set(START + HOUR + MINUTE)
    assert wake(duty(at)) is Ticked.REPLAYED
    assert states(at) == [SlotState.SKIPPED, SlotState.DONE]


def test_a_slot_that_comes_while_one_is_replayed_is_skipped_and_says_why(at: SmallWorld) -> None:
    model = at.model
    assert isinstance(model, Moody)
    on = duty(at)

    async def story() -> None:
        model.waits = True
        first = asyncio.create_task(on.on_due())
        await model.reached.wait()
        at.clock.set(START + HOUR)
        assert await on.on_due() is None
        model.go_on.set()
        assert await first is Ticked.REPLAYED
        at.clock.set(START + 2 * HOUR)
        assert await on.on_due() is Ticked.REPLAYED

    asyncio.run(story())
    assert [(state, reason) for _, state, reason in slots(at)] == [
        (SlotState.DONE, None),
        (SlotState.SKIPPED, BUSY),
        (SlotState.DONE, None),
    ]


def test_slots_missed_before_the_start_were_missed_because_nobody_ran_however_long_the_start_takes(
    at: SmallWorld,
) -> None:
    """A wake-up that came while the first replay was being prepared had them all put down to that replay."""
    at.clock.set(START)
    wake(duty(at))
    at.clock.set(START + 4 * HOUR)
    on = duty(at)
    preparing, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        preparing.set()
        go_on.wait(60)

    async def story() -> None:
        with patch("driftwatch.daemon.duty.decide_pending", slow):
            first = asyncio.create_task(on.on_due())
            await asyncio.to_thread(preparing.wait, 60)
            assert await on.on_due() is None
            go_on.set()
            assert await first is Ticked.REPLAYED

    asyncio.run(story())
    assert [reason for _, _, reason in slots(at)] == [None, DOWN, DOWN, DOWN, None]


def test_a_slot_that_comes_during_a_review_waits_for_it_and_is_replayed(at: SmallWorld) -> None:
    """It was skipped, with the reason that a replay was still running, and none was."""
    on = duty(at)
    reviewing, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        reviewing.set()
        go_on.wait(60)

    async def story() -> None:
        await on.on_due()
        at.clock.set(START + HOUR)
        with patch("driftwatch.daemon.duty.review", slow):
            look = asyncio.create_task(on.review())
            await asyncio.to_thread(reviewing.wait, 60)
            due = asyncio.create_task(on.on_due())
            await asyncio.sleep(0)
            go_on.set()
            await look
            assert await due is Ticked.REPLAYED

    asyncio.run(story())
    assert states(at) == [SlotState.DONE, SlotState.DONE]


def test_after_a_restart_between_two_slots_the_end_of_a_silence_is_told_without_waiting_for_the_next(
    tmp_path: Path,
) -> None:
    at = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story() -> None:
        await at.replay(26)
        now = at.clock.now()
        silence = Silence(
            endpoint=NAME, starts_at=now, ends_at=now + 2 * HOUR + 10 * MINUTE, by="anna", comment="a trial"
        )
        at.store.add_silence(silence)
        at.model.drift(right(40, dict.fromkeys(range(10), "no")))
        await at.replay(2)
        assert at.store.open_incident(NAME) is not None
        assert at.told() == []
        on = duty(at)
        await on.review()
        assert at.told() == [], "what a crash left is judged first"
        assert await on.on_due() is None
        at.clock.advance(30 * MINUTE)
        await on.review()

    asyncio.run(story())
    assert len(at.told()) > 0


@pytest.mark.parametrize("method", ["claim", "record_replay"])
def test_a_slot_in_which_we_fail_ourselves_ends_failed_at_the_next_wake_up(at: SmallWorld, method: str) -> None:
    on = duty(at)
    with broken(at, method), pytest.raises(RuntimeError):
        wake(on)
    assert SlotState.DONE not in states(at)
    at.clock.set(START + HOUR)
    assert wake(on) is Ticked.REPLAYED
    assert [state for _, state, _ in slots(at)] == [SlotState.FAILED, SlotState.DONE]
    # What is inside an exception may be a secret, or a vendor's words.
    assert slots(at)[0] == (START, SlotState.FAILED, "driftwatch itself: RuntimeError")


def test_a_slot_with_its_facts_stays_done_though_its_decision_failed(at: SmallWorld) -> None:
    on = duty(at)
    with broken(at, "commit_decision"), pytest.raises(RuntimeError):
        wake(on)
    assert wake(on) is None
    assert slots(at) == [(START, SlotState.DONE, None)]
    at.clock.set(START + HOUR)
    wake(on)
    assert at.store.decided_seq(NAME) == 2


GONE = StoreError("driftwatch.db: gone.", slug="store-unreachable")


def test_slots_missed_while_nothing_could_be_stored_say_so_and_those_before_keep_their_reason(at: SmallWorld) -> None:
    """They said that this machine slept, or that a replay was still running; one was, waiting for the database."""
    on = duty(at)
    wake(on)
    at.clock.set(START + 3 * HOUR)
    for hour in (3, 4, 6):
        at.clock.set(START + hour * HOUR)
        with broken(at, "claim", GONE), broken(at, "end_slot", GONE), pytest.raises(StoreError):
            wake(on)
    at.clock.set(START + 7 * HOUR)
    assert wake(on) is Ticked.REPLAYED
    assert [reason for _, _, reason in slots(at)] == [None, ASLEEP, ASLEEP, *[UNSTORED] * 4, None]
    at.clock.set(START + 9 * HOUR)
    wake(on)
    assert slots(at)[-2][2] == ASLEEP, "it is over"
    assert at.world.counts.totals("missed_slots") == {(NAME, "asleep"): 3, (NAME, "store"): 4}


def test_slots_missed_after_the_last_wake_up_that_could_not_store_are_not_the_stores(at: SmallWorld) -> None:
    """A laptop that was closed after one error of the store sent whoever read it to look at the store."""
    on = duty(at)
    wake(on)
    at.clock.set(START + HOUR)
    with broken(at, "claim", GONE), pytest.raises(StoreError):
        wake(on)
    at.clock.set(START + 4 * HOUR)
    assert wake(on) is Ticked.REPLAYED
    assert [reason for _, _, reason in slots(at)][2:] == [ASLEEP, ASLEEP, None]
    assert at.world.counts.totals("missed_slots") == {(NAME, "asleep"): 2}


def test_slots_that_come_while_a_replay_waits_for_the_database_are_not_missed_for_that_replay(at: SmallWorld) -> None:
    on = duty(at)
    waiting, go_on = threading.Event(), threading.Event()
    claim = at.store.claim

    def patient(*given: Any, **more: Any) -> bool:
        waiting.set()
        go_on.wait(60)
        return claim(*given, **more)

    async def story() -> None:
        await on.on_due()
        at.clock.set(START + HOUR)
        with patch.object(at.store, "claim", patient), patch.object(at.store, "was_away", lambda _: True):
            first = asyncio.create_task(on.on_due())
            await asyncio.to_thread(waiting.wait, 60)
            for hour in (2, 3):
                at.clock.set(START + hour * HOUR)
                assert await on.on_due() is None
            go_on.set()
            assert await first is Ticked.REPLAYED
        at.clock.set(START + 4 * HOUR)
        assert await on.on_due() is Ticked.REPLAYED

    asyncio.run(story())
    assert [reason for _, _, reason in slots(at)] == [None, None, UNSTORED, UNSTORED, None]


@contextmanager
def broken(at: SmallWorld, method: str, error: Exception | None = None) -> Iterator[None]:
    """Let one method of the store raise what nobody expects."""

    def fail(*_: object, **__: object) -> None:
        raise error or RuntimeError("a mistake of ours")

    with patch.object(at.store, method, fail):
        yield


def test_a_start_with_the_clock_set_back_replays_and_leaves_the_future_alone(at: SmallWorld) -> None:
    at.clock.set(START + 5 * HOUR)
    wake(duty(at))
    at.clock.set(START)
    assert wake(duty(at)) is Ticked.REPLAYED
    assert slots(at) == [(START, SlotState.DONE, None), (START + 5 * HOUR, SlotState.DONE, None)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.integers(1, 200)),
        st.sampled_from([("restart", 0), ("kill", 0), ("claim", 0), ("record_replay", 0), ("commit_decision", 0)]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_every_due_slot_ends_exactly_once_whatever_happens_in_between(steps: Sequence[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        at = small(Path(folder))
        live(at, steps)
        # One quiet hour and a restart: nothing may be left open then.
        live(at, [("restart", 0), ("advance", 60)])
        records = at.store.slots(NAME)
        at.store.close()
    dues = [r.slot.due for r in records]
    assert SlotState.RUNNING not in {r.state for r in records}
    assert len(set(dues)) == len(dues)
    assert set(slots_between(at.watched.endpoint.schedule, dues[0], at.clock.now())) <= set(dues)
    assert all(r.reason for r in records if r.state is not SlotState.DONE)
    assert records[-1].state is SlotState.DONE


def live(at: SmallWorld, steps: Sequence[tuple[str, int]]) -> None:
    """Play the steps; a method's name lets it raise in the next replay, "kill" takes the process with it."""
    on = duty(at)
    for step, minutes in steps:
        # What is to break off has a slot to break off in.
        at.clock.advance((minutes if step in ("advance", "restart") else 60) * MINUTE)
        if step == "kill":
            asyncio.run(killed(on, at))
        elif step not in ("advance", "restart"):
            with broken(at, step), pytest.raises(RuntimeError):
                wake(on)
        on = duty(at) if step in ("restart", "kill") else on
        if step in ("advance", "restart"):
            wake(on)


async def killed(on: Duty, at: SmallWorld) -> None:
    """Cancel the replay when it has asked; what a dead process had claimed stays `running`."""
    model = at.model
    assert isinstance(model, Moody)
    model.waits, model.reached = True, asyncio.Event()
    task = asyncio.create_task(on.on_due())
    await model.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    model.waits = False
