"""The Bernoulli CUSUM: its exact ARL against other chains and simulation, laws, refusals."""

import math
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.bernoulli import BernoulliCusum, bernoulli_arl, bernoulli_reference, bernoulli_threshold
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.failure_counts import count_law
from driftwatch.stats.outcomes import Outcomes
from driftwatch.stats.run_length import lattice_cusum_arl


def replay(failed, answers):
    return Outcomes(failures=np.array([failed]), answers=np.array([answers]), risks=np.array([0.5]))


def simulated_arl(chart, rate, answers, runs, seed):
    """Mean and standard error of the run lengths of `runs` charts side by side, in cells, none cut."""
    rng = np.random.default_rng(seed)
    reference = bernoulli_reference(chart.failure_rate, chart.odds)
    limit = round(chart.threshold * reference.denominator)
    cells, lengths, step = np.zeros(runs, dtype=int), [], 0
    while cells.size:
        step += 1
        moved = rng.binomial(answers, rate, cells.size) * reference.denominator - answers * reference.numerator
        cells = np.maximum(0, cells + (moved if chart.odds > 1 else -moved))
        lengths += [step] * int((cells >= limit).sum())
        cells = cells[cells < limit]
    return np.mean(lengths), np.std(lengths) / math.sqrt(runs)


@pytest.mark.parametrize(("odds", "answers"), [(2.0, 1), (1.5, 60), (0.5, 1), (1 / 1.5, 60)])
@pytest.mark.parametrize("shifted", [False, True])
def test_the_arl_is_that_of_a_simulation(odds, answers, shifted):
    """4,000 runs, seed 12, 4 standard errors."""
    threshold = bernoulli_threshold(arl=150, failure_rate=0.11, odds=odds, answers=answers)
    chart = BernoulliCusum(failure_rate=0.11, threshold=threshold, odds=odds)
    true_odds = odds if shifted else 1.0
    rate = true_odds * 0.11 / (0.89 + true_odds * 0.11)
    arl = bernoulli_arl(failure_rate=0.11, threshold=threshold, odds=odds, answers=answers, true_odds=true_odds)
    mean, error = simulated_arl(chart, rate, answers, 4000, 12)
    assert abs(arl - mean) < 4 * error


def test_a_step_up_on_two_failures_has_the_arl_of_a_calculation_by_hand():
    """Reference 1/2, threshold 1, rate p: sums 0 and .5; ARL0 = 1 + q ARL0 + p ARL.5, ARL.5 = 1 + q ARL0; p = .5: 6."""
    law = count_law(np.array([0.5]))
    assert law.tolist() == [0.5, 0.5]
    assert bernoulli_reference(0.4, 2.25) == Fraction(1, 2)
    assert bernoulli_arl(failure_rate=0.4, threshold=1, odds=2.25, true_odds=1.5) == pytest.approx(6)


def test_single_answers_have_the_arl_of_the_sparse_chain():
    near = bernoulli_reference(0.05, 3.0)
    steps, grid = [float(1 - near), float(-near)], 1 / near.denominator
    ours = bernoulli_arl(failure_rate=0.05, threshold=2.0, odds=3.0)
    assert ours == pytest.approx(lattice_cusum_arl(steps, [0.05, 0.95], threshold=2.0, grid=grid), rel=1e-6)


@pytest.mark.parametrize("arl", [20, 500, 1e6])
@pytest.mark.parametrize("odds", [1.5, 4, 0.5])
def test_the_threshold_is_the_smallest_that_keeps_the_arl(arl, odds):
    threshold = bernoulli_threshold(arl=arl, failure_rate=0.1, odds=odds, answers=30)
    cell = 1 / bernoulli_reference(0.1, odds).denominator
    kept, broken = (
        bernoulli_arl(failure_rate=0.1, threshold=h, odds=odds, answers=30) for h in (threshold, threshold - cell)
    )
    assert broken < arl <= kept


def test_probes_of_unequal_rates_alarm_no_sooner_than_stated():
    """The Notes' claim: half the probes at .01, half at .19, the chart told .1; 2,000 runs, seed 8, 4 SE."""
    threshold = bernoulli_threshold(arl=150, failure_rate=0.1, answers=40)
    near = bernoulli_reference(0.1, 2.0)
    rng, cells, lengths, step = np.random.default_rng(8), np.zeros(2000, dtype=int), [], 0
    while cells.size:
        step += 1
        failed = rng.binomial(20, 0.01, cells.size) + rng.binomial(20, 0.19, cells.size)
        cells = np.maximum(0, cells + failed * near.denominator - 40 * near.numerator)
        over = cells >= round(threshold * near.denominator)
        lengths, cells = lengths + [step] * int(over.sum()), cells[~over]
    assert np.mean(lengths) > 150 - 4 * np.std(lengths) / math.sqrt(2000)


@given(st.floats(1e-4, 1 - 1e-4), st.floats(0.05, 20).filter(lambda odds: abs(odds - 1) > 0.01))
def test_the_reference_lies_between_the_two_rates(rate, odds):
    changed = odds * rate / (1 - rate + odds * rate)
    assert min(rate, changed) < bernoulli_reference(rate, odds) < max(rate, changed)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(9, 12)), max_size=20))
def test_a_fall_is_the_mirror_image_of_a_rise_among_passes(replays):
    up = BernoulliCusum(failure_rate=0.25, threshold=3, odds=2.0)
    down = BernoulliCusum(failure_rate=0.75, threshold=3, odds=0.5)
    risen = reduce(up.update, (replay(f, n) for f, n in replays), up.start())
    fallen = reduce(down.update, (replay(n - f, n) for f, n in replays), down.start())
    assert up.read(risen) == down.read(fallen)


def test_a_replay_without_answers_leaves_the_sum():
    chart = BernoulliCusum(failure_rate=0.1, threshold=3)
    before = chart.update(chart.start(), replay(3, 5))
    after = chart.update(before, replay(0, 0))
    assert (after.cells, after.onset, after.updates) == (before.cells, 0, 2)


def test_the_threshold_itself_alarms_in_spite_of_rounding():
    # Three failures less ten references of 1/10 each make 2, in floats and in cells.
    chart = BernoulliCusum(failure_rate=0.1, threshold=3 - 10 * float(bernoulli_reference(0.1, 2.0)))
    assert chart.read(chart.update(chart.start(), replay(3, 10))).alarm


@pytest.mark.parametrize(
    "bad",
    [
        {"failure_rate": 0},
        {"failure_rate": 1},
        {"failure_rate": float("nan")},
        {"threshold": 0},
        {"threshold": float("inf")},
        {"odds": 1},
        {"odds": -2},
        {"odds": float("nan")},
    ],
)
def test_parameters_without_a_chart_are_refused(bad):
    with pytest.raises(DegenerateError, match="bernoulli: "):
        BernoulliCusum(**{"failure_rate": 0.1, "threshold": 3.0, **bad})


@pytest.mark.parametrize("arl", [1, 1e12, float("nan")])
def test_an_arl_without_a_threshold_is_refused(arl):
    with pytest.raises(DegenerateError, match="in-control ARL must lie between"):
        bernoulli_threshold(arl=arl, failure_rate=0.1)


def test_a_replay_of_no_answers_has_no_arl():
    with pytest.raises(DegenerateError, match="answers must be 1 or more"):
        bernoulli_arl(failure_rate=0.1, threshold=3, answers=0)
