"""The charts by name: what they read, the ARL they promise, and what is refused."""

import math
from functools import reduce

import numpy as np
import pytest

from driftwatch.stats.bernoulli import BernoulliCusum
from driftwatch.stats.chart_registry import CHARTS, make_chart
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.outcomes import Outcomes
from driftwatch.stats.risk_adjusted import RiskAdjustedCusum
from driftwatch.stats.run_length import simulate_run_length

RISKS = np.concatenate([np.full(5, 0.002), np.linspace(0.05, 0.3, 10)])
OPTIONS = {"bernoulli": {"failure_rate": 0.1, "answers": 15}}


def quiet(name, rng):
    if CHARTS[name].evidence == "z":
        return float(rng.standard_normal())
    if CHARTS[name].evidence == "ranks":
        return rng.random(15)
    risks = np.full(15, 0.1) if name == "bernoulli" else RISKS
    return Outcomes(failures=(rng.random(15) < risks) * 1, answers=np.ones(15, dtype=int), risks=risks)


def test_the_names_are_those_that_a_user_may_write():
    assert {"cusum", "ks", "cvm", "ewma", "bernoulli", "risk-adjusted"} <= set(CHARTS)


@pytest.mark.parametrize("name", ["cusum", "ks", "cvm", "ewma", "bernoulli", "risk-adjusted"])
def test_every_chart_keeps_the_arl_that_it_was_asked_for(name):
    """ARL 25, 200 runs through the chart itself, seed 21: 4 standard errors; a window takes some replays to fill."""
    found = simulate_run_length(
        make_chart(name, arl=25, **OPTIONS.get(name, {})),
        lambda rng, i: quiet(name, rng),
        runs=200,
        horizon=300,
        seed=21,
    )
    filling = 8 if CHARTS[name].evidence == "ranks" else 0
    coarse = 8 if name == "bernoulli" else 1  # few answers, whole failures: the next smaller threshold is below 25
    assert 25 - 4 * found.standard_error <= found.arl <= 25 + 4 * found.standard_error + filling + coarse


@pytest.mark.parametrize("name", ["cusum", "ks", "cvm", "ewma", "bernoulli"])
def test_a_longer_arl_needs_a_higher_threshold(name):
    thresholds = [make_chart(name, arl=arl, **OPTIONS.get(name, {})).threshold for arl in (50, 500, 5e4)]
    assert thresholds == sorted(set(thresholds))


@pytest.mark.parametrize("name", ["cusum", "ks", "cvm", "ewma", "bernoulli", "risk-adjusted"])
def test_an_update_leaves_its_state_as_it_was_so_that_resuming_changes_nothing(name):
    chart = make_chart(name, arl=100, **OPTIONS.get(name, {}))
    rng = np.random.default_rng(6)
    stream = [quiet(name, rng) for _ in range(12)]
    saved = reduce(chart.update, stream[:6], chart.start())
    once, again = (chart.read(reduce(chart.update, stream[6:], saved)) for _ in range(2))
    assert once == again == chart.read(reduce(chart.update, stream, chart.start()))


def test_pass_fail_charts_say_that_they_are():
    assert {name for name, kind in CHARTS.items() if kind.binary_only} == {"bernoulli", "risk-adjusted"}


def test_known_risks_give_the_chart_with_fixed_limits():
    chart = make_chart("risk-adjusted", arl=100, risks=tuple(RISKS), odds=2.0)
    assert isinstance(chart, RiskAdjustedCusum)
    assert math.isfinite(chart.worse_threshold)


def test_an_option_reaches_the_chart():
    chart = make_chart("bernoulli", arl=100, failure_rate=0.2, answers=10, odds=3.0)
    assert isinstance(chart, BernoulliCusum)
    assert (chart.failure_rate, chart.odds) == (0.2, 3.0)


def test_a_chart_that_is_none_is_refused_with_the_names_there_are():
    with pytest.raises(DegenerateError, match="choose one of bernoulli, cusum"):
        make_chart("shewhart", arl=500)


def test_an_option_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(DegenerateError, match="no option lambda; it has smoothing"):
        make_chart("ewma", arl=500, **{"lambda": 0.2})


def test_a_missing_option_is_refused_by_name():
    with pytest.raises(DegenerateError, match="answers and failure_rate must be given"):
        make_chart("bernoulli", arl=500)


@pytest.mark.parametrize("name", ["cusum", "ks", "cvm", "ewma", "bernoulli", "risk-adjusted"])
@pytest.mark.parametrize("arl", [1.0, float("nan"), 1e12])
def test_an_arl_that_no_chart_has_is_refused(name, arl):
    with pytest.raises(DegenerateError, match="ARL must lie between"):
        make_chart(name, arl=arl, **OPTIONS.get(name, {}))
