"""The KS chart: exact values from R, uniform ranks, thresholds."""

import numpy as np
import pytest
from scipy.stats import kstest

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.ks import KsChart, ks_distance, ks_p_value, modified_distance, sequential_ranks
from driftwatch.stats.ks_table import ks_threshold


def test_the_exact_p_value_is_that_of_r():
    # R: ks.test((1:30 - .5) / 30 + .15, "punif", exact = TRUE)
    assert ks_p_value((np.arange(1, 31) - 0.5) / 30 + 0.15) == pytest.approx(0.3371005641, abs=1e-10)


def test_the_distance_is_that_of_scipy():
    ranks = np.random.default_rng(1).random(37)
    assert ks_distance(ranks) == pytest.approx(kstest(ranks, "uniform").statistic)


def test_the_modified_distance_tends_to_the_asymptotic_five_percent_point():
    # 1.3580986: asymptotic 5 % point (engine.md 10); Stephens' modification makes it hold from n = 5 on.
    for n in (5, 20, 100):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            shifted = np.clip((np.arange(n) + 1) / n - middle, 0, 1)
            low, high = (middle, high) if ks_p_value(shifted) > 0.05 else (low, middle)
        assert modified_distance(shifted) == pytest.approx(1.3580986, rel=0.01)


@pytest.mark.parametrize("samples", [1, 3])
def test_ranks_are_uniform_whatever_the_ties(samples):
    """KS p above 1e-4 (4 SE), 4,000 ranks or more, seed 2."""
    rng = np.random.default_rng(2)
    ranks = [
        sequential_ranks(rng.integers(0, 3, (5, 9)) * 1.0, rng.integers(0, 3, (5, samples)) * 1.0, rng)
        for _ in range(900)
    ]
    assert ks_p_value(np.concatenate(ranks)) > 1e-4


def test_a_constant_bag_gives_no_rank():
    rng = np.random.default_rng(0)
    assert sequential_ranks(np.ones((3, 10)), np.ones((3, 1)), rng).size == 0
    assert sequential_ranks(np.ones((3, 10)), np.array([[1.0], [0.0], [np.nan]]), rng).size == 1


def test_the_window_forgets():
    chart = KsChart(threshold=2.0, window=3)
    state = chart.start()
    for _ in range(10):
        state = chart.update(state, np.full(5, 0.99))
    assert len(state.window) == 3
    assert state.updates == 10


def test_a_change_of_shape_with_the_mean_held_alarms_and_is_dated():
    rng = np.random.default_rng(4)
    chart = KsChart(threshold=ks_threshold(arl=5000, window=8))
    state = chart.start()
    for _ in range(20):
        state = chart.update(state, rng.random(60))
    assert chart.read(state).onset is None
    for _ in range(4):
        state = chart.update(state, rng.beta(0.3, 0.3, 60))
    reading = chart.read(state)
    assert reading.alarm
    assert reading.onset == 20


def test_an_empty_chart_is_at_rest():
    chart = KsChart(threshold=2.0)
    assert chart.read(chart.start()).statistic == 0
    assert chart.read(chart.update(chart.start(), np.empty(0))).onset is None


@pytest.mark.parametrize("ranks", [[0.5, float("nan")], [1.5], [-0.1]])
def test_what_is_no_rank_is_refused(ranks):
    chart = KsChart(threshold=2.0)
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        chart.update(chart.start(), np.array(ranks))


@pytest.mark.parametrize("bad", [{"threshold": 0}, {"threshold": float("inf")}, {"threshold": 2, "window": 0}])
def test_parameters_without_a_chart_are_refused(bad):
    with pytest.raises(DegenerateError, match="KS chart: "):
        KsChart(**bad)


def test_the_p_value_of_nothing_is_refused():
    with pytest.raises(DegenerateError, match="no ranks"):
        ks_p_value(np.empty(0))


def test_thresholds_grow_with_the_arl():
    thresholds = [ks_threshold(arl=arl, window=8) for arl in (20, 100, 1e3, 1e4, 1e5, 1e6)]
    assert thresholds == sorted(thresholds)
    assert thresholds[-1] == pytest.approx(2.70, abs=0.03)


@pytest.mark.parametrize(
    "bad", [{"arl": 5, "window": 8}, {"arl": float("nan"), "window": 8}, {"arl": 500, "window": 7}]
)
def test_a_threshold_off_the_table_is_refused(bad):
    with pytest.raises(DegenerateError, match="KS chart: "):
        ks_threshold(**bad)
