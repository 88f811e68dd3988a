"""Sums of replays that follow each other are known to wander, as far as that is proved, and a run that goes on proves nothing."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from driftwatch.stats.wander import SPANS, WanderState


def fed(zs, state=None, *, start=0, baseline=30):
    state = state or WanderState.empty()
    for i, z in enumerate(zs, start):
        state = state.fed(float(z), index=i, baseline=i < baseline)
    return state


def slow(rng, n, sd=0.5, memory=0.9):
    """Independent scores and an AR(1) factor, together of variance 1."""
    factor = lfilter([1.0], [1.0, -memory], rng.normal(size=n) * math.sqrt(1 - memory**2))
    return (rng.normal(size=n) + sd * factor) / math.sqrt(1 + sd**2)


def test_independent_replays_are_hardly_ever_thought_to_wander():
    """60 streams of 300 replays, seed 1: a bound of 1.5 standard errors is passed by 7 % of normal estimates, 4 errors."""
    rng = np.random.default_rng(1)
    found = np.array([fed(rng.normal(size=300)).variances() for _ in range(60)])
    assert (found > 1).mean() < 0.07 + 4 * math.sqrt(0.07 * 0.93 / 60)
    assert found.mean() < 1.02


def test_a_slow_factor_is_proved_up_to_its_size():
    """20 streams of 2,000 replays, seed 2; sums of 32 have variance 1 + .2 (V - 1) with V of the factor's own sums."""
    rng, k, rho = np.random.default_rng(2), 32, 0.9
    own = 1 + 2 * sum((1 - lag / k) * rho**lag for lag in range(1, k))
    truth = 0.8 + 0.2 * own
    found = np.array([fed(slow(rng, 2000)).variances()[SPANS.index(k)] for _ in range(20)])
    assert truth > 3
    assert 0.55 * truth < found.mean() < truth + 4 * found.std() / math.sqrt(20)


def test_a_run_on_one_side_counts_only_when_it_is_over():
    state = fed(np.random.default_rng(3).normal(size=60))
    after = fed([2.0] * 20, state, start=60)
    over = fed([-0.4] * 40, after, start=80)
    assert np.array_equal(after.squares, state.squares)
    assert (over.counts[:3] > state.counts[:3] + 50).all()
    assert over.squares[2] > state.squares[2] + 20 * 16


def test_what_was_counted_since_an_onset_is_taken_back():
    zs = slow(np.random.default_rng(4), 190)
    before, after = fed(zs[:150]), fed(zs).without_since(150)
    late = fed(zs[:150]).rows[:, 2] == 1  # those that waited at replay 150 may have been counted since
    np.testing.assert_allclose(after.rows[late], before.rows[late])
    still = fed(np.zeros(30), before, start=150), fed(np.zeros(30), after.rested(), start=150)
    np.testing.assert_allclose(still[0].squares, still[1].squares)
    np.testing.assert_allclose(still[0].counts, still[1].counts)


def test_ages_lie_between_the_spans_and_the_last_reading_stays():
    by_age = fed(slow(np.random.default_rng(5), 1500)).by_age(200)
    assert by_age is not None
    assert by_age.shape == (200,)
    assert by_age[0] == 1
    assert by_age[127] == by_age[199] > 1.5
    assert min(by_age[15], by_age[31]) <= by_age[20] <= max(by_age[15], by_age[31])


def test_the_state_does_not_grow():
    assert fed(np.random.default_rng(6).normal(size=450)).rows.shape == (200, 3 + len(SPANS))


def test_one_wild_replay_counts_no_more_than_four():
    zs = np.random.default_rng(7).normal(size=120)
    zs[50] = 1e9
    assert fed(zs).squares.sum() == pytest.approx(fed(np.where(zs > 4, 4.0, zs)).squares.sum())
