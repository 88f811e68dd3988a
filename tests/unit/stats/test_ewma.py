"""The EWMA: laws, and its ARL against simulation; spc's values stand in test_reference_values.py."""

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.ewma import Ewma, ewma_arl, ewma_threshold

values = st.lists(st.floats(-1e150, 1e150), max_size=30)


def simulated_arl(smoothing, threshold, shift, runs, seed):
    """Mean and standard error of the run lengths of `runs` charts side by side, none cut."""
    rng = np.random.default_rng(seed)
    average, lengths, step = np.zeros(runs), [], 0
    limit = threshold * math.sqrt(smoothing / (2 - smoothing))
    while average.size:
        step += 1
        average = (1 - smoothing) * average + smoothing * (rng.standard_normal(average.size) + shift)
        alarmed = np.abs(average) >= limit
        lengths += [step] * int(alarmed.sum())
        average = average[~alarmed]
    return np.mean(lengths), np.std(lengths) / math.sqrt(runs)


@pytest.mark.parametrize(("smoothing", "shift"), [(0.2, 0), (0.2, 0.5), (0.05, 0), (0.05, 1), (1, 0)])
def test_the_arl_is_that_of_a_simulation(smoothing, shift):
    """20,000 runs, seed 11, 4 standard errors."""
    threshold = ewma_threshold(arl=100, smoothing=smoothing)
    mean, error = simulated_arl(smoothing, threshold, shift, 20_000, 11)
    assert abs(ewma_arl(smoothing=smoothing, threshold=threshold, shift=shift) - mean) < 4 * error


@pytest.mark.parametrize("smoothing", [0.01, 0.2, 1])
@pytest.mark.parametrize("arl", [5, 500, 1e6, 1e9])
def test_the_threshold_gives_the_wanted_arl(arl, smoothing):
    threshold = ewma_threshold(arl=arl, smoothing=smoothing)
    assert ewma_arl(smoothing=smoothing, threshold=threshold) == pytest.approx(arl, rel=1e-4)


@given(values)
def test_the_statistic_is_the_same_for_the_mirror_image(stream):
    chart = Ewma()
    up, down = (reduce(chart.update, each, chart.start()) for each in (stream, [-v for v in stream]))
    assert chart.read(up) == chart.read(down)


@given(values)
def test_the_statistic_is_finite_and_the_onset_no_later_than_now(stream):
    chart = Ewma()
    state = reduce(chart.update, stream, chart.start())
    reading = chart.read(state)
    assert math.isfinite(reading.statistic)
    assert (reading.onset is None) == (state.average == 0)
    assert reading.onset is None or reading.onset < len(stream)


def test_the_average_follows_a_calculation_by_hand():
    # .8 * 0 + .2 * 2 = .4; .8 * .4 - .2 * 3 = -.28; sd at rest sqrt(.2 / 1.8) = 1/3.
    chart = Ewma(smoothing=0.2, threshold=1.2)
    states = [reduce(chart.update, [2.0, -3.0][:n], chart.start()) for n in (1, 2)]
    assert [state.average for state in states] == pytest.approx([0.4, -0.28])
    assert [chart.read(state).statistic for state in states] == pytest.approx([1.2, 0.84])
    assert [chart.read(state).onset for state in states] == [0, 1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_refused(value):
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        Ewma().update(Ewma().start(), value)


@pytest.mark.parametrize("bad", [{"smoothing": 0}, {"smoothing": 1.1}, {"threshold": 0}, {"threshold": np.nan}])
def test_parameters_without_a_chart_are_refused(bad):
    with pytest.raises(DegenerateError, match="ewma: "):
        Ewma(**bad)


@pytest.mark.parametrize("arl", [4.9, 1e12, float("nan")])
def test_an_arl_without_a_threshold_is_refused(arl):
    with pytest.raises(DegenerateError, match="in-control ARL must lie between"):
        ewma_threshold(arl=arl)


def test_an_arl_at_no_finite_shift_is_refused():
    with pytest.raises(DegenerateError, match="shift must be a finite number"):
        ewma_arl(smoothing=0.2, threshold=3, shift=np.inf)
