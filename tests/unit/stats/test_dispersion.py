"""The stream's own check, the studentised score, the onset and the effect."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import hypergeom
from scipy.stats import t as student

from driftwatch.stats.dispersion import (
    exchangeability_failure,
    next_square,
    over_dispersed,
    over_dispersion,
    self_started,
    studentised,
)
from driftwatch.stats.effect import moved_probes, stratified_effect
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.onset import estimate_onset


@pytest.mark.parametrize("z", [-40.0, -2.0, 0.0, 0.3, 5.0])
def test_the_studentised_score_has_the_tail_of_the_t_law(z):
    score = studentised(z, variance=2.25, degrees=17)
    assert score == pytest.approx(ndtri(student.cdf(z / 1.5, 17)), abs=1e-6)


def test_one_jump_enters_the_scale_at_four_sd():
    assert next_square(30.0, 1.0) == 16.0
    assert next_square(-2.0, 1.0) == 4.0


@pytest.mark.statistical
@pytest.mark.parametrize("studentise", [True, False])
def test_an_exchangeable_stream_is_distrusted_in_under_three_percent(studentise):
    """2,000 streams of 30, seed 21; three checks at 1 % each: 3 % + 4 SE = 4.5 %."""
    rng = np.random.default_rng(21)
    failed = sum(exchangeability_failure(rng.normal(size=30), studentise=studentise) is not None for _ in range(2000))
    assert failed / 2000 < 0.045


def test_what_causes_false_alarms_is_named():
    rng = np.random.default_rng(22)
    noise = rng.normal(size=61)
    assert "autocorrelation" in exchangeability_failure(noise[1:] + noise[:-1], studentise=True)
    assert "runs about zero" in exchangeability_failure(
        np.abs(noise) * np.tile([0.01, 9, 0.01], 21)[:61], studentise=True
    )
    assert "sd" in exchangeability_failure(3 * noise, studentise=False)
    assert exchangeability_failure(3 * noise, studentise=True) is None


@pytest.mark.parametrize("zs", [np.empty(0), np.ones(7), np.zeros(50)])
def test_too_little_to_judge_passes(zs):
    assert exchangeability_failure(zs, studentise=True) is None
    assert not over_dispersed(zs)


def test_the_shape_chart_is_widened_only_by_what_the_past_supports():
    assert over_dispersion(1.1, 40) == 1.0
    assert 1.2 < over_dispersion(4.0, 40) < 2.0


def test_a_constant_series_has_self_starting_scores_of_zero():
    assert not self_started(np.ones(10)).any()


def test_the_onset_of_nothing_is_refused():
    with pytest.raises(DegenerateError, match="no evidence"):
        estimate_onset(np.empty(0))


def test_the_onset_interval_covers_the_onset_in_nine_of_ten():
    """Shift 1.5, 20 quiet and 10 shifted replays, 500 streams, seed 23."""
    rng = np.random.default_rng(23)
    covered = 0
    for _ in range(500):
        onset = estimate_onset(rng.normal(size=30) + 1.5 * (np.arange(30) >= 20))
        covered += onset.low <= 20 <= onset.high
    assert covered / 500 > 0.9


def test_the_effect_weighs_every_probe_the_same():
    reference = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, np.nan, np.nan, np.nan]])
    effect = stratified_effect(reference, np.array([[0.0], [0.0]]))
    assert (effect.before, effect.after, effect.direction) == (0.5, 0.0, -1)


def test_over_dispersion_widens_the_effect_interval():
    rng = np.random.default_rng(1)
    reference, after = rng.normal(size=(5, 20)), rng.normal(size=(5, 3))
    plain, wide = (stratified_effect(reference, after, dispersion=d).interval for d in (1.0, 2.0))
    assert wide[1] - wide[0] == pytest.approx(2 * (plain[1] - plain[0]))


def test_the_effect_interval_covers_a_true_shift():
    """95 % nominal, 400 replays' worth, seed 24: at least 91.6 % (4 SE... of a slightly wide interval)."""
    rng = np.random.default_rng(24)
    covered = 0
    for _ in range(400):
        effect = stratified_effect(rng.normal(size=(12, 30)), rng.normal(0.5, 1, size=(12, 4)))
        covered += effect.interval[0] <= 0.5 <= effect.interval[1]
    assert covered / 400 > 0.916


def test_without_values_on_both_sides_there_is_no_effect():
    assert stratified_effect(np.full((2, 3), np.nan), np.ones((2, 1))) is None
    assert moved_probes(["a", "b"], np.full((2, 3), np.nan), np.ones((2, 1)), "graded") == ()


def test_a_mid_p_value_is_that_of_the_permutation_law():
    # Bag of 4 passes and 1 failure; the new value is the failure: P = 1/5, mid-p 2 * (1/10).
    (moved,) = moved_probes(["a"], np.ones((1, 4)), np.zeros((1, 1)), "binary")
    assert moved.p == pytest.approx(0.2)


def test_many_values_since_onset_fall_back_to_three_moments():
    rng = np.random.default_rng(25)
    (moved,) = moved_probes(["a"], rng.normal(size=(1, 200)), rng.normal(0.5, 1, size=(1, 50)), "continuous")
    assert 0 < moved.p < 0.2


@pytest.mark.parametrize(("held", "given", "failed"), [(200, 250, 5), (200, 250, 0), (24, 250, 40), (200, 600, 300)])
def test_a_mid_p_value_of_many_answers_is_exact_too(held, given, failed):
    """Of 250 answers five failed, of 200 before none: .052 by the hypergeometric law, .039 by three moments."""
    after = np.ones((1, given))
    after[0, :failed] = 0.0
    reference = np.ones((1, held))
    reference[0, : held // 4 * (failed > 100)] = 0.0
    (moved,) = moved_probes(["a"], reference, after, "binary")
    zeros = int((reference == 0).sum()) + failed
    law = hypergeom(held + given, zeros, given)
    tails = law.cdf(failed - 1), law.sf(failed)
    assert moved.p == pytest.approx(min(1.0, 2 * (min(tails) + 0.5 * law.pmf(failed))) if zeros else 1.0, rel=1e-9)


@pytest.mark.statistical
def test_false_discoveries_are_held():
    """None of 40 probes moved, 300 trials, seed 26: any listed at q < .1 in at most 10 % + 4 SE."""
    rng = np.random.default_rng(26)
    listed = 0
    names = [f"p{k}" for k in range(40)]
    for _ in range(300):
        values = (rng.random((40, 35)) < 0.9) * 1.0
        listed += moved_probes(names, values[:, 5:], values[:, :5], "binary")[0].q < 0.1
    assert listed / 300 < 0.1 + 4 * np.sqrt(0.09 / 300)
