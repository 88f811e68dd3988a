"""Money: what is reserved, settled, and forgotten at midnight UTC."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.domain.answer import Question, Usage
from driftwatch.domain.endpoint import Price
from driftwatch.services.spend import DEFAULT_MAX_TOKENS, SpendGuard, cost, estimate_question
from driftwatch.testing.clock import ManualClock

PRICE = Price(input_usd=2.0, output_usd=8.0)
NOON = datetime(2026, 7, 20, 12, tzinfo=UTC)


def test_the_budget_begins_anew_at_midnight_utc() -> None:
    clock = ManualClock(datetime(2026, 7, 20, 23, 59, 59, tzinfo=UTC))
    guard = SpendGuard(limit_usd_per_day=1.0, spent_today_usd=1.0, clock=clock)
    assert guard.reserve(0.01) is None
    clock.advance(timedelta(seconds=1))
    assert guard.reserve(1.0) is not None


def test_a_question_asked_before_midnight_is_not_charged_to_the_day_after() -> None:
    clock = ManualClock(datetime(2026, 7, 20, 23, 59, 59, tzinfo=UTC))
    guard = SpendGuard(limit_usd_per_day=1.0, clock=clock)
    reserved = guard.reserve(0.9)
    clock.advance(timedelta(seconds=2))
    assert reserved is not None
    guard.settle(reserved, 0.9)
    assert guard.left_usd == 1.0


def test_a_clock_stepped_back_over_midnight_does_not_give_the_budget_anew() -> None:
    clock = ManualClock(datetime(2026, 7, 21, 0, 0, 5, tzinfo=UTC))
    guard = SpendGuard(limit_usd_per_day=1.0, spent_today_usd=1.0, clock=clock)
    clock.set(datetime(2026, 7, 20, 23, 59, tzinfo=UTC))
    assert guard.reserve(0.5) is None


def test_no_limit_means_no_limit() -> None:
    guard = SpendGuard(limit_usd_per_day=None, clock=ManualClock(NOON))
    assert guard.reserve(1e9) is not None
    assert guard.left_usd is None


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 1.0)), max_size=40))
def test_the_limit_holds_whatever_is_asked_as_long_as_estimates_hold(asks: list[tuple[float, float]]) -> None:
    guard = SpendGuard(limit_usd_per_day=5.0, clock=ManualClock(NOON))
    spent = 0.0
    for estimate, share in asks:
        reserved = guard.reserve(estimate)
        assert guard.spent_usd <= 5.0 + 1e-9
        if reserved is not None:
            guard.settle(reserved, estimate * share)
            spent += estimate * share
    assert guard.spent_usd == pytest.approx(spent, abs=1e-9)


@pytest.mark.parametrize("usage", [Usage(), Usage(input_tokens=3), Usage(output_tokens=3)])
def test_a_cost_is_unknown_where_a_count_is(usage: Usage) -> None:
    assert cost(usage, PRICE) is None


def test_a_cost_is_unknown_without_a_price() -> None:
    assert cost(Usage(input_tokens=1, output_tokens=1), None) is None


def test_more_cached_tokens_than_sent_ones_do_not_make_a_reply_cheaper_than_free() -> None:
    price = Price(input_usd=2.0, output_usd=0.0, cached_input_usd=0.5)
    assert cost(Usage(input_tokens=10, output_tokens=0, cached_tokens=99), price) == pytest.approx(5e-6)


@pytest.mark.parametrize(
    ("params", "tokens"),
    [
        ({}, DEFAULT_MAX_TOKENS),
        ({"max_tokens": 50}, 50),
        ({"max_completion_tokens": 70, "max_tokens": 50}, 70),
        ({"max_tokens": 50, "n": 3}, 150),
    ],
)
def test_an_estimate_counts_the_longest_answer(params: dict[str, int], tokens: int) -> None:
    price = Price(input_usd=0.0, output_usd=1e6)
    assert estimate_question(Question(messages=(), params=params), price) == tokens


@given(st.text(max_size=200))
def test_an_estimate_covers_at_least_a_token_for_every_three_characters(text: str) -> None:
    price = Price(input_usd=1e6, output_usd=0.0)
    question = Question(messages=({"role": "user", "content": text},))
    assert estimate_question(question, price) >= len(text) / 3
