"""The false-alarm budget in words, in replays and per stream."""

import math
import subprocess
import sys

import pytest

from driftwatch.stats.budget import FalseAlarmBudget, allocate_arl
from driftwatch.stats.errors import BudgetError


@pytest.mark.parametrize(
    ("text", "per_year"),
    [
        ("1 per endpoint-year", 1),
        ("2 per endpoint-month", 24),
        ("1 per endpoint-week", 365 / 7),
        ("0.5 per endpoint-quarter", 2),
        ("1 per endpoint-day", 365),
        ("1 per 2 endpoint-years", 0.5),
        ("pages: 1 per endpoint-year", 1),
        ("  Notices: 3  per  endpoint-Years ", 3),
    ],
)
def test_a_budget_is_read_in_words(text, per_year):
    assert FalseAlarmBudget.parse(text).per_year == pytest.approx(per_year)


@pytest.mark.parametrize(
    "text", ["", "1", "one per endpoint-year", "1 per year", "-1 per endpoint-year", "1 per endpoint-decade", "1e999"]
)
def test_a_budget_that_cannot_be_read_is_refused_with_an_example(text):
    with pytest.raises(BudgetError, match="as in '1 per endpoint-year'"):
        FalseAlarmBudget.parse(text)


@pytest.mark.parametrize("text", ["0 per endpoint-year", "0.0 per endpoint-week", "1 per 0 endpoint-years"])
def test_a_budget_of_nothing_is_refused(text):
    with pytest.raises(BudgetError, match="above zero, got 0"):
        FalseAlarmBudget.parse(text)


def test_one_page_a_year_at_one_replay_an_hour_is_one_in_8760_replays():
    assert FalseAlarmBudget.parse("1 per endpoint-year").arl_replays(8760) == pytest.approx(8760)


def test_a_budget_that_no_chart_can_keep_is_refused():
    with pytest.raises(BudgetError, match=r"one every 1 replays.*replay more often"):
        FalseAlarmBudget.parse("1 per endpoint-day").arl_replays(365)


@pytest.mark.parametrize("replays", [0, -1, math.nan, math.inf])
def test_nonsense_replays_are_refused(replays):
    with pytest.raises(BudgetError, match="replays per year"):
        FalseAlarmBudget(count=1, period_days=365).arl_replays(replays)


def test_the_rates_of_all_streams_sum_to_the_budget():
    arls = allocate_arl(8760, {"pass": 3, "length": 1, "latency": 0.5})
    assert sum(1 / arl for arl in arls.values()) == pytest.approx(1 / 8760)
    assert arls["pass"] < arls["length"] < arls["latency"]


def test_a_stream_of_weight_zero_may_never_page():
    assert allocate_arl(500, {"a": 1, "b": 0}) == {"a": 500, "b": math.inf}


def test_a_stream_that_joins_takes_weight_from_the_others():
    alone = allocate_arl(500, {"a": 1})
    assert allocate_arl(500, {"a": 1, "b": 1})["a"] == 2 * alone["a"]


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": -1, "b": 2}, {"a": math.nan}, {"a": math.inf}])
def test_nonsense_weights_are_refused(weights):
    with pytest.raises(BudgetError, match="weights must be"):
        allocate_arl(500, weights)


def test_reading_a_budget_loads_neither_numpy_nor_scipy():
    code = "import sys; from driftwatch.stats import FalseAlarmBudget; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
