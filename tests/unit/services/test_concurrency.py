"""The pace: up by doubling, down by a fifth, once an episode."""

import asyncio
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.services.concurrency import COOL_DOWN_S, Gate, Pace
from driftwatch.testing.clock import ManualClock


def answered(pace: Pace, times: int, now: float = 0.0) -> Pace:
    return reduce(lambda p, _: p.answered(now=now), range(times), pace)


def test_the_limit_doubles_after_each_clean_round_up_to_the_most() -> None:
    pace = Pace()
    seen = [pace.allowed]
    for _ in range(3):
        pace = answered(pace, pace.allowed)
        seen.append(pace.allowed)
    assert seen == [4, 8, 16, 16]


def test_after_the_first_429_it_grows_by_a_twentieth() -> None:
    limited = answered(Pace(), 4 + 8).rate_limited(now=0.0)
    assert limited.limit == pytest.approx(12.8)
    assert answered(limited, 12, now=COOL_DOWN_S).limit == pytest.approx(12.8 * 1.05)


def test_429s_of_one_episode_count_once() -> None:
    pace = answered(Pace(), 12)
    once = pace.rate_limited(now=0.0)
    assert once.rate_limited(now=COOL_DOWN_S - 0.1).limit == once.limit
    assert once.rate_limited(now=COOL_DOWN_S + 0.1).limit == pytest.approx(once.limit * 0.8)


def test_nothing_grows_during_the_cool_down() -> None:
    limited = Pace().rate_limited(now=0.0)
    assert answered(limited, 100, now=COOL_DOWN_S - 0.1).limit == limited.limit


def test_a_failure_begins_the_round_anew() -> None:
    assert answered(answered(Pace(), 3).failed(), 3).allowed == 4


@given(
    st.lists(st.tuples(st.sampled_from(["answered", "failed", "rate_limited"]), st.floats(0, 20))), st.integers(1, 16)
)
def test_the_limit_stays_between_one_and_the_most(events: list[tuple[str, float]], most: int) -> None:
    pace, now = Pace(most=most), 0.0
    for event, later in events:
        now += later
        pace = pace.failed() if event == "failed" else getattr(pace, event)(now=now)
        assert 1 <= pace.allowed <= most


def test_places_are_given_in_order_and_a_cancelled_wait_gives_its_place_away() -> None:
    async def scenario() -> list[int]:
        gate, entered = Gate(Pace(limit=1, most=1), clock=ManualClock()), []

        async def visit(number: int) -> None:
            async with gate:
                entered.append(number)
                await asyncio.sleep(0.001)

        visits = [asyncio.create_task(visit(n)) for n in range(5)]
        await asyncio.sleep(0)
        visits[2].cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        async with asyncio.timeout(60), gate:
            return entered

    assert asyncio.run(scenario()) == [0, 1, 3, 4]


def test_cancelling_in_the_moment_of_admission_loses_no_place() -> None:
    async def scenario() -> None:
        gate = Gate(Pace(limit=1, most=1), clock=ManualClock())
        release = asyncio.Event()

        async def hold() -> None:
            async with gate:
                await release.wait()

        first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
        await asyncio.sleep(0)
        release.set()
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        async with asyncio.timeout(60), gate:
            pass

    asyncio.run(scenario())


def test_a_limit_that_grows_lets_the_waiting_in() -> None:
    async def scenario() -> int:
        gate, inside = Gate(Pace(limit=1, most=4), clock=ManualClock()), []
        done = asyncio.Event()

        async def visit() -> None:
            async with gate:
                inside.append(1)
                await done.wait()

        visits = [asyncio.create_task(visit()) for _ in range(4)]
        await asyncio.sleep(0)
        gate.answered()
        await asyncio.sleep(0)
        count = len(inside)
        done.set()
        await asyncio.gather(*visits)
        return count

    assert asyncio.run(scenario()) == 2
