"""The common effect of a replay: what all probes do together, and nothing that one of them does alone."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.common_factor import ProbeLevels, common_effect, log_values, probe_levels
from driftwatch.stats.errors import DegenerateError

FINITE = st.floats(-1e6, 1e6)


def levels(probes=60, scale=1.0):
    return ProbeLevels(centre=np.zeros(probes), scale=np.full(probes, scale))


def test_its_score_is_standard_normal_when_the_probes_share_nothing():
    """4 standard errors of the mean and of the sd over 4,000 replays; clipping costs 1 % of the variance."""
    rng = np.random.default_rng(30)
    scores = [common_effect(levels(), rng.normal(size=(60, 1))).score for _ in range(4000)]
    assert abs(np.mean(scores)) < 4 / math.sqrt(4000)
    assert abs(np.std(scores) - 1) < 4 / math.sqrt(8000) + 0.01


@pytest.mark.parametrize("factor", [-40.0, -0.1, 0.3, 7.0])
def test_a_factor_of_any_size_comes_through_whole(factor):
    new = np.random.default_rng(31).normal(size=(60, 1))
    without = common_effect(levels(), new).shift
    assert common_effect(levels(), new + factor).shift == pytest.approx(without + factor, abs=1e-9)


def test_one_probe_gone_wild_counts_as_two_and_a_half_standard_deviations():
    new = np.zeros((50, 1))
    new[3] = 1e9
    assert common_effect(levels(50), new).shift == pytest.approx(2.5 / 50)


def test_probes_of_another_precision_weigh_by_it():
    """Weighted mean of 1 (sd 1) and 0 (sd .5), both within the clip: 1 / (1 + 4)."""
    unequal = ProbeLevels(centre=np.zeros(2), scale=np.array([1.0, 0.5]))
    assert common_effect(unequal, np.array([[1.0], [0.0]])).shift == pytest.approx(0.2)


@given(st.lists(FINITE, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_probes_is_irrelevant(values, random):
    order = random.sample(range(len(values)), len(values))
    new = np.array(values)[:, None]
    one, other = common_effect(levels(len(values)), new), common_effect(levels(len(values)), new[order])
    assert other.shift == pytest.approx(one.shift, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(other.without, one.without[order], rtol=1e-9, atol=1e-6)


@given(st.lists(FINITE, min_size=1, max_size=12))
def test_mirrored_values_have_the_mirrored_effect(values):
    new = np.array(values)[:, None]
    shift = common_effect(levels(len(values)), new).shift
    assert common_effect(levels(len(values)), -new).shift == pytest.approx(-shift, rel=1e-9, abs=1e-9)


def test_missing_answers_leave_the_sum_and_samples_of_one_probe_are_averaged():
    new = np.array([[1.0, np.nan], [0.0, 2.0], [np.nan, np.nan]])
    effect = common_effect(levels(3), new)
    assert effect.shift == pytest.approx(1.0)
    assert np.isnan(effect.without[2]).all()


def test_a_replay_of_too_few_answers_has_no_effect():
    new = np.full((8, 1), np.nan)
    new[0] = 5.0
    effect = common_effect(levels(8), new)
    assert (effect.shift, effect.score) == (None, None)
    assert effect.without[0, 0] == 5.0


def test_a_probe_that_never_varied_or_was_seen_once_has_no_level():
    found = probe_levels(np.array([[2.0, 2.0, 2.0], [1.0, np.nan, np.nan], [np.nan] * 3, [1.0, 2.0, 4.0]]))
    assert np.isnan(found.scale).tolist() == [True, True, True, False]
    assert common_effect(found, np.array([[9.0], [9.0], [9.0], [2.0]])).shift == 0.0


def test_a_nearly_constant_probe_does_not_speak_for_all():
    steady = np.tile([1.0, 1.0 + 1e-9], (1, 5))
    others = np.random.default_rng(32).normal(size=(9, 10))
    scales = probe_levels(np.concatenate([steady, others])).scale
    assert scales[0] >= 0.2 * np.median(scales[1:])


def test_a_level_survives_ties_of_more_than_half():
    assert probe_levels(np.array([[1.0, 1.0, 1.0, 1.0, 5.0]])).scale[0] == pytest.approx(1.6)


def test_what_is_not_positive_has_no_logarithm():
    assert np.isnan(log_values(np.array([0.0, -1.0, np.nan]))).all()
    assert log_values(np.array([math.e]))[0] == pytest.approx(1.0)


def test_an_infinity_is_refused():
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        common_effect(levels(1), np.array([[math.inf]]))
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        probe_levels(np.array([[1.0, -math.inf]]))


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40))
def test_the_median_is_numpys_to_the_last_bit(values):
    """Stored states rest on it; numpy's own would load numpy.ma with every replay (tests/architecture/test_startup.py)."""
    assert statistics.median(values) == float(np.median(values))
