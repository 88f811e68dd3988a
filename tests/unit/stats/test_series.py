"""Recursive residuals: independent standard normal scores of a series whose level, rhythm and memory nobody knows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from driftwatch.stats.dispersion import studentised
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.lagged import follows_itself, lagged_model, started
from driftwatch.stats.series import RecursiveResiduals

LEVEL = RecursiveResiduals(lags=0, daily=0, weekly=0)
DAILY = RecursiveResiduals(lags=0, daily=1, weekly=0)
BOTH = RecursiveResiduals()


def scores(model, values, hours=None, active=None):
    state, out = model.start(), []
    for i, value in enumerate(values):
        at = None if hours is None else float(hours[i])
        state = model.update(state, float(value), hours=at, active=active)
        out.append(np.nan if state.z is None else state.z)
    return np.array(out)


def follows(rng, n, memory):
    out, last = np.empty(n), rng.normal()
    for i in range(n):
        out[i] = last
        last = memory * last + math.sqrt(1 - memory**2) * rng.normal()
    return out


def test_scores_of_normal_values_of_unknown_level_are_hawkins_self_starting_ones():
    """Scores by the mean and sd of the past through the t law, computed with scipy.stats.t."""
    x = np.random.default_rng(40).normal(7.0, 3.0, 30)
    expected = [
        stats.norm.ppf(stats.t.cdf((x[n] - x[:n].mean()) / (x[:n].std(ddof=1) * math.sqrt(1 + 1 / n)), n - 1))
        for n in range(2, 30)
    ]
    np.testing.assert_allclose(scores(LEVEL, x)[2:], expected, atol=1e-9)


def test_scores_equal_least_squares_on_the_rows_before():
    """Recursive residuals by numpy.linalg.lstsq on a design with lags and a daily wave."""
    rng, n = np.random.default_rng(41), 60
    hours = np.cumsum(rng.uniform(2, 3, n))
    y = follows(rng, n, 0.5) + np.sin(hours * 2 * np.pi / 24)
    model = RecursiveResiduals(lags=1, weekly=0)
    active = np.ones(4, dtype=bool)
    lag = np.concatenate([[0.0], y[:-1] - y[0]])
    x = np.column_stack([np.ones(n), lag, np.sin(hours * 2 * np.pi / 24), np.cos(hours * 2 * np.pi / 24)])
    found = scores(model, y, hours, active)
    for i in (20, 45, 59):
        past, target = x[1:i], y[1:i] - y[0]
        b, rss, *_ = np.linalg.lstsq(past, target, rcond=None)
        f = 1 + x[i] @ np.linalg.solve(past.T @ past, x[i])
        t = (y[i] - y[0] - x[i] @ b) / math.sqrt(f * rss[0] / (i - 1 - 4))
        assert found[i] == pytest.approx(stats.norm.ppf(stats.t.cdf(t, i - 1 - 4)), abs=1e-6)


@pytest.mark.parametrize("length", [6, 14])
def test_scores_are_exactly_standard_normal_and_independent_for_fixed_regressors(length):
    """600 series of a level and a daily wave; Kolmogorov-Smirnov at 1e-4, correlation within 4 / sqrt(600)."""
    rng, runs = np.random.default_rng([42, length]), 600
    hours, active = np.arange(length) * 5.0, np.ones(3, dtype=bool)
    wave = 4 * np.sin(hours * 2 * np.pi / 24)
    found = np.array([scores(DAILY, 50 + wave + 2 * rng.normal(size=length), hours, active)[-2:] for _ in range(runs)])
    for column in found.T:
        assert stats.kstest(column, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(found.T)[0, 1]) < 4 / math.sqrt(runs)


def test_scores_are_exactly_standard_normal_over_weeks_such_as_the_prior_expects():
    """600 series with weekly coefficients of 0.3 errors; Kolmogorov-Smirnov at 1e-4, correlation within 4 / sqrt(600)."""
    rng, runs, hours = np.random.default_rng(54), 600, np.arange(12) * 5.0
    model, active = RecursiveResiduals(lags=0, daily=0, weekly_prior=0.3), np.ones(3, dtype=bool)
    week = np.stack([np.sin(hours * 2 * np.pi / 168), np.cos(hours * 2 * np.pi / 168)])
    series = (50 + 2 * (rng.normal(0, 0.3, 2) @ week + rng.normal(size=12)) for _ in range(runs))
    found = np.array([scores(model, values, hours, active)[-2:] for values in series])
    for column in found.T:
        assert stats.kstest(column, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(found.T)[0, 1]) < 4 / math.sqrt(runs)


def test_an_expected_week_is_in_with_the_day():
    model, state = RecursiveResiduals(weekly_prior=0.3), RecursiveResiduals(weekly_prior=0.3).start()
    for hour in range(0, 72, 3):
        assert not model.active(state)[-4:].any()
        state = model.update(state, math.sin(hour**2), hours=float(hour))
    assert model.active(model.update(state, 0.0, hours=72.0)).all()


def test_what_follows_itself_leaves_scores_that_do_not():
    """AR(.5) with a daily wave, 8 x 300 scores after the first 100; 4 standard errors of a correlation."""
    rng = np.random.default_rng(43)
    hours = np.arange(400) * 3.0
    wave = 2 * np.sin(hours * 2 * np.pi / 24)
    z = np.array([scores(BOTH, wave + follows(rng, 400, 0.5), hours)[100:] for _ in range(8)])
    limit = 4 / math.sqrt(z.size)
    assert abs(z.mean()) < limit
    assert abs(z.std() - 1) < limit
    assert abs((z[:, 1:] * z[:, :-1]).mean()) < limit


def test_regressors_enter_by_rows_and_hours_alone():
    model, state, entered = RecursiveResiduals(), RecursiveResiduals().start(), []
    for hour in range(0, 600, 3):
        entered.append(int(model.active(state).sum()))
        state = model.update(state, math.sin(hour**2), hours=float(hour))
    assert sorted(set(entered)) == [1, 3, 5, 7]
    assert entered.index(3) == 9 + 2  # three rows for each of 3 columns; the first two have no lags
    assert entered.index(5) == 72 // 3 + 1
    assert entered.index(7) == 504 // 3 + 1


def test_a_value_of_today_does_not_choose_its_own_regressors():
    """The scores before it and the columns in use stay, whatever it is."""
    x = np.random.default_rng(44).normal(size=40)
    other = np.concatenate([x[:-1], [1000.0]])
    np.testing.assert_array_equal(scores(BOTH, x, np.arange(40))[:-1], scores(BOTH, other, np.arange(40))[:-1])


def test_replays_once_a_day_have_a_day_that_cannot_be_told_from_the_level():
    x = np.random.default_rng(45).normal(size=60)
    found, level = scores(DAILY, x, np.arange(60) * 24.0), scores(LEVEL, x)
    np.testing.assert_allclose(found[2:], level[2:], atol=1e-6)


def test_missing_replays_and_uneven_intervals_do_no_harm():
    """AR(.5) and a wave, a third of the replays missing: sd within 4 standard errors and 3 %."""
    rng = np.random.default_rng(46)
    z = []
    for _ in range(6):
        kept = np.flatnonzero(rng.random(450) > 1 / 3)
        hours = (kept + rng.uniform(-0.3, 0.3, kept.size)) * 3.0
        y = follows(rng, 450, 0.5)[kept] + 2 * np.sin(hours * 2 * np.pi / 24)
        z.append(scores(BOTH, y, hours)[100:])
    z = np.concatenate(z)
    assert np.isfinite(z).all()
    assert abs(z.std() - 1) < 4 / math.sqrt(2 * z.size) + 0.03
    assert abs((z[1:] * z[:-1]).mean()) < 4 / math.sqrt(z.size) + 0.05


def test_one_wild_value_neither_hides_the_next_nor_moves_the_level():
    x = np.random.default_rng(47).normal(size=60)
    wild = x.copy()
    wild[40] = 1e6
    plain, found = scores(LEVEL, x), scores(LEVEL, wild)
    assert found[40] > 6
    assert np.abs(found[41:] - plain[41:]).max() < 0.6


def test_after_a_shift_that_stays_the_scores_fade():
    """The decaying signature: a shift at replay c is seen at r as about c / r of it."""
    x = np.random.default_rng(48).normal(size=(30, 200)) * 0.5 + np.where(np.arange(200) >= 50, 0.5, 0.0)
    z = np.array([scores(LEVEL, row)[[52, 198]] for row in x]).mean(axis=0)
    assert z[0] == pytest.approx(50 / 52, abs=4 / math.sqrt(30))
    assert z[1] == pytest.approx(50 / 198, abs=4 / math.sqrt(30))


def test_what_was_unlearned_was_never_learned():
    rng = np.random.default_rng(49)
    state, rows = BOTH.start(), []
    for i in range(40):
        state = BOTH.update(state, float(rng.normal(100, 5)), hours=i * 3.0)
        rows.append((state.row, state.value))
        if i == 29:
            before = state
    after = BOTH.unlearned(state, [r for r, _ in rows[30:]], [v for _, v in rows[30:]])
    np.testing.assert_allclose(after.gram, before.gram, atol=1e-9)
    np.testing.assert_allclose(after.moment, before.moment, atol=1e-9)
    assert (after.count, after.square) == (before.count, pytest.approx(before.square))


@given(
    st.lists(st.floats(-1e90, 1e90) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=40),
    st.sampled_from([0.0, 0.01, 3.0, 24.0, 1e5]),
)
@settings(max_examples=60, deadline=None)
def test_no_score_is_ever_nan(values, step):
    found = scores(RecursiveResiduals(daily_after_h=1, weekly_after_h=1), values, np.arange(len(values)) * step)
    state = BOTH.start()
    for value in values:
        state = BOTH.update(state, value)
        assert state.z is None or math.isfinite(state.z)
    assert not np.isinf(found).any()


@given(st.lists(st.floats(-100, 100), min_size=12, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_mirrored_series_has_the_mirrored_scores(values):
    found, mirrored = scores(LEVEL, values), scores(LEVEL, [-v for v in values])
    np.testing.assert_allclose(mirrored, -found, atol=1e-9)


def test_a_constant_series_says_nothing():
    assert np.isnan(scores(LEVEL, [3.0] * 30)).all()


def test_without_any_regressor_it_is_the_studentised_score_of_a_centred_series():
    """The benchmark's row without lags crashed on a regression without columns."""
    z = np.random.default_rng(53).normal(size=20)
    model = RecursiveResiduals(intercept=False, lags=0, daily=0, weekly=0, scale_prior=20.0)
    expected = studentised(float(z[19]), variance=(20 + float(z[:19] @ z[:19])) / 39, degrees=39)
    assert scores(model, z)[19] == pytest.approx(expected)


def test_the_state_does_not_grow():
    state = BOTH.start()
    for i in range(300):
        state = BOTH.update(state, math.sin(i * i), hours=float(i))
    assert (len(state.gaps), len(state.last), state.gram.shape) == (9, 2, (7, 7))


def test_a_level_far_from_zero_costs_no_digits():
    x = np.random.default_rng(50).normal(size=50)
    np.testing.assert_allclose(scores(LEVEL, x + 2.0**30)[3:], scores(LEVEL, x)[3:], atol=1e-5)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e200])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        LEVEL.update(LEVEL.start(), value)
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        LEVEL.update(LEVEL.start(), 1.0, hours=value)


@pytest.mark.parametrize(
    "bad", [{"lags": -1}, {"daily": 5}, {"daily_after_h": 0.0}, {"scale_prior": math.nan}, {"weekly_prior": -1.0}]
)
def test_parameters_without_a_model_are_refused(bad):
    with pytest.raises(DegenerateError, match="series"):
        RecursiveResiduals(**bad)


def test_lags_are_asked_for_by_one_baseline_in_twenty_that_needs_none():
    """Nominal 5 %, 2,000 baselines of 30; 4 standard errors and 1.5 % for the approximation."""
    rng = np.random.default_rng(51)
    share = np.mean([follows_itself(rng.normal(size=30)) for _ in range(2000)])
    assert abs(share - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 2000) + 0.015


def test_lagged_evidence_keeps_a_small_shift_that_a_level_would_learn():
    """Mean score 60 replays after a shift of 1 sd, AR(.5): about (1 - .5) / sqrt(.75) = 0.58 where lags alone are in."""
    rng, found = np.random.default_rng(52), []
    for _ in range(30):
        z = follows(rng, 160, 0.5) + np.where(np.arange(160) >= 50, 1.0, 0.0)
        state, model = started(z[:50]), lagged_model()
        for value in z[50:110]:
            state = model.update(state, float(value))
        found.append(state.z)
    with_level = RecursiveResiduals(daily=0, weekly=0)
    rng, level = np.random.default_rng(52), []
    for _ in range(30):
        z = follows(rng, 160, 0.5) + np.where(np.arange(160) >= 50, 1.0, 0.0)
        level.append(scores(with_level, z[:110])[-1])
    assert np.mean(found) > np.mean(level)
