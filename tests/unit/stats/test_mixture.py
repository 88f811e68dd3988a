"""The location mixture: its guarantee, its onset, its refusals."""

from functools import reduce

import numpy as np
import pytest

from driftwatch.stats.channel_mixture import SHARES
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.mixture import Location, LocationMixture
from driftwatch.stats.run_length import simulate_run_length

SHARELESS = [
    {"arl": 100, "shares": shares} for shares in ((1.0,), (0.5, 0.5, 0.5, 0.5, 0.5), (1.0, 0.0, 0.0, 0.0, 0.0))
]


def fold(chart, zs, references=200.0):
    return reduce(chart.update, [Location(z=float(z), references=references) for z in zs], chart.start())


def test_the_statistic_follows_a_calculation_by_hand():
    # One start, z = 1: mean over bets of exp(b - b^2 / 2), b = +-.25, .5, 1, 2, 4.
    bets = np.array([0.25, -0.25, 0.5, -0.5, 1, -1, 2, -2, 4, -4])
    chart = LocationMixture(arl=100)
    expected = max(0.0, np.log(np.exp(bets - bets**2 / 2).mean()))
    assert chart.read(fold(chart, [1.0])).statistic == pytest.approx(expected)
    assert chart.read(fold(chart, [3.0])).statistic == pytest.approx(np.log(np.exp(3 * bets - bets**2 / 2).mean()))


def test_every_shift_counts_by_its_share():
    bets, shares = np.array([0.25, 0.5, 1, 2, 4]), (0.1, 0.4, 0.3, 0.15, 0.05)
    chart = LocationMixture(arl=100, shares=shares)
    either = (np.exp(3 * bets - bets**2 / 2) + np.exp(-3 * bets - bets**2 / 2)) / 2
    assert chart.read(fold(chart, [3.0])).statistic == pytest.approx(np.log(either @ shares))


@pytest.mark.parametrize("kind", ["binary", "graded"])
def test_the_sum_over_starts_is_no_more_than_a_martingale(kind):
    """15 normal replays, 1,500 deployments, seed 6: the sum's mean is at most 15, within 4 SE."""
    rng = np.random.default_rng(6)
    chart = LocationMixture(arl=100, shares=SHARES[kind])
    sums = np.exp([chart.log_mean(fold(chart, rng.standard_normal(15))) for _ in range(1500)])
    assert 8 < sums.mean() < 15 + 4 * sums.std() / np.sqrt(len(sums))


@pytest.mark.statistical
def test_the_in_control_arl_is_at_least_what_was_asked():
    """Nominal 60, 150 runs, seed 51: below 60 only beyond 4 SE."""
    evidence = lambda rng, i: Location(z=rng.normal(), references=30.0 + i)  # noqa: E731
    found = simulate_run_length(LocationMixture(arl=60), evidence, runs=150, horizon=1500, seed=51)
    assert found.arl + 4 * found.standard_error > 60
    assert found.arl > 60


def test_a_mirrored_stream_gives_the_same_statistic():
    zs = np.random.default_rng(1).normal(size=40)
    chart = LocationMixture(arl=100)
    assert chart.read(fold(chart, zs)).statistic == pytest.approx(chart.read(fold(chart, -zs)).statistic)


def test_a_change_is_dated_and_old_starts_are_forgotten():
    chart = LocationMixture(arl=1000, window=20)
    state = fold(chart, [0.1, -0.2] * 30 + [2.0] * 6)
    assert len(state.logs) == 20
    assert chart.read(state).alarm
    assert chart.read(state).onset == 60


def test_a_fading_shift_is_bet_on_as_it_fades():
    """A shift of 1.5 that begins at 20 references; betting on a constant one gains less from the same stream."""
    references = np.arange(20.0, 60.0)
    zs = 1.5 * 20 / references
    chart = LocationMixture(arl=1e6)
    fading = reduce(
        chart.update, [Location(z=z, references=r) for z, r in zip(zs, references, strict=True)], chart.start()
    )
    assert chart.read(fading).statistic > chart.read(fold(chart, zs)).statistic


def test_what_lasts_is_divided_by_the_variance_of_its_sums():
    """Of a start k replays ago, the log ratio counts one over the variance of sums of k: here by hand, for one replay more."""
    chart, zs = LocationMixture(arl=1e6), [1.0, 1.5, 0.5]
    plain = fold(chart, zs)
    divided = fold(chart, zs[:2])
    divided = chart.update(divided, Location(z=zs[2], references=200.0, variances=np.array([1.0, 1.5, 3.0, 9.0])))
    assert divided.variances.tolist() == [3.0, 1.5, 1.0]
    by_hand = np.log(np.exp(plain.logs / np.array([[3.0], [1.5], [1.0]])).sum() / 10)
    assert chart.log_mean(divided) == pytest.approx(by_hand)
    assert chart.log_mean(divided) < chart.log_mean(plain)


def test_at_rest_there_is_no_onset():
    chart = LocationMixture(arl=100)
    assert chart.read(chart.start()).onset is None


@pytest.mark.parametrize(("z", "references"), [(float("nan"), 9), (float("inf"), 9), (0.0, 0), (0.0, float("nan"))])
def test_evidence_that_is_not_finite_is_refused(z, references):
    chart = LocationMixture(arl=100)
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        chart.update(chart.start(), Location(z=z, references=references))


@pytest.mark.parametrize("bad", [{"arl": 1}, {"arl": float("inf")}, {"arl": 100, "window": 0}, *SHARELESS])
def test_parameters_without_a_chart_are_refused(bad):
    with pytest.raises(DegenerateError, match="mixture: "):
        LocationMixture(**bad)
