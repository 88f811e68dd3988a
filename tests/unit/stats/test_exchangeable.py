"""Exact conditional scores: moments, lattices and tails against brute force and R's definitions."""

import itertools

import numpy as np
import pytest
from scipy.special import log_ndtr, ndtr
from scipy.stats import hypergeom, kstest

from driftwatch.stats.exchangeable import compare, probe_laws
from driftwatch.stats.lattice import draw_pmf, normal_score, pearson_normal_score, sum_of_rows, sum_pmf


def row(*values):
    return np.array([values], dtype=float)


def test_the_law_of_a_draw_is_that_of_every_subset_of_the_bag():
    bag = [0, 0, 1, 2, 2, 5]
    sums = [sum(draw) for draw in itertools.combinations(bag, 3)]
    expected = np.bincount(sums, minlength=16) / len(sums)
    np.testing.assert_allclose(draw_pmf(np.bincount(bag), 3), expected, atol=1e-15)


def test_the_law_of_passes_drawn_from_a_bag_is_hypergeometric():
    np.testing.assert_allclose(draw_pmf(np.array([7, 23]), 4), hypergeom.pmf(np.arange(5), 30, 23, 4), rtol=1e-12)


@pytest.mark.parametrize("drawn", [1, 2, 5])
@pytest.mark.parametrize("kind", ["binary", "graded", "continuous"])
def test_the_moments_are_those_of_the_exact_law(kind, drawn):
    rng = np.random.default_rng(5)
    values = (rng.random((4, 20)) < 0.8).astype(float) if kind == "binary" else np.rint(rng.normal(0, 2, (4, 20)))
    laws = probe_laws(values[:, drawn:], values[:, :drawn], kind)
    for k in range(4):
        pmf = draw_pmf(laws.counts[k], drawn)
        score = np.arange(len(pmf))
        mean = float(score @ pmf)
        assert laws.total[k] - laws.deviation[k] == pytest.approx(mean)
        assert laws.variance[k] == pytest.approx(float((score - mean) ** 2 @ pmf))
        assert laws.third[k] == pytest.approx(float((score - mean) ** 3 @ pmf), rel=1e-9, abs=1e-9)


def test_the_sum_over_probes_is_the_convolution():
    pmf = sum_pmf([np.array([0.2, 0.8]), np.array([0.5, 0.0, 0.5]), np.array([0.9, 0.1])])
    expected = np.zeros(5)
    for (a, p), (b, q), (c, r) in itertools.product([(0, 0.2), (1, 0.8)], [(0, 0.5), (2, 0.5)], [(0, 0.9), (1, 0.1)]):
        expected[a + b + c] += p * q * r
    np.testing.assert_allclose(pmf, expected)


@pytest.mark.parametrize(("terms", "scores"), [(1, 2), (2, 3), (7, 2), (60, 2), (33, 9), (5, 16)])
def test_the_law_of_a_sum_is_the_same_whether_its_terms_are_added_one_by_one_or_in_pairs(terms, scores):
    laws = np.random.default_rng(terms).dirichlet(np.ones(scores), size=terms)
    np.testing.assert_allclose(sum_of_rows(laws), sum_pmf(list(laws)), rtol=1e-13)


def test_a_first_failure_in_thirty_one_is_no_five_sigma():
    """v = 0 until it fails; then its bag holds one failure in n + 1 and the chance of that is 1/(n + 1)."""
    scores = [compare(np.ones((1, 30)), row(0.0), "binary", u).z for u in (0.0001, 0.5, 0.9999)]
    assert ndtr(scores) == pytest.approx([0.0001 / 31, 0.5 / 31, 0.9999 / 31], rel=1e-6)


def test_tails_far_beyond_rounding_keep_their_accuracy():
    z = compare(np.ones((40, 30)), np.zeros((40, 1)), "binary", 1.0 - 1e-12).z
    assert log_ndtr(z) == pytest.approx(-40 * np.log(31))


def test_even_a_thousand_broken_probes_have_a_finite_score():
    assert compare(np.ones((1000, 200)), np.zeros((1000, 1)), "binary", 0.5).z == pytest.approx(-37.0, abs=0.2)


@pytest.mark.parametrize("kind", ["binary", "graded", "continuous"])
def test_constant_bags_carry_no_information(kind):
    evidence = compare(np.full((5, 30), 0.7), np.full((5, 1), 0.7), kind, 0.5)
    assert evidence.z is None
    assert not evidence.variances.any()


def test_a_probe_without_a_reference_carries_no_information():
    assert compare(np.full((1, 3), np.nan), row(1.0), "binary", 0.5).z is None
    assert compare(np.empty((1, 0)), row(1.0), "continuous", 0.5).z is None
    assert compare(np.empty((0, 0)), np.empty((0, 1)), "graded", 0.5).z is None


def test_missing_answers_leave_the_sum():
    rng = np.random.default_rng(3)
    reference, new = rng.normal(size=(6, 30)), rng.normal(size=(6, 1))
    new[4:] = np.nan
    assert compare(reference, new, "continuous", 0.5).z == compare(reference[:4], new[:4], "continuous", 0.5).z


def test_half_point_grades_are_scored_exactly():
    laws = probe_laws(row(1.0, 1.5, 4.0), row(5.0), "graded")
    assert np.flatnonzero(laws.counts[0]).tolist() == [0, 1, 6, 8]


def test_huge_and_tiny_ranges_have_a_score():
    for low, high in [(-1e308, 1e308), (0.0, 5e-324), (1e-300, 2e-300)]:
        for kind in ("graded", "continuous"):
            z = compare(np.tile([low, high], (30, 5)), np.full((30, 1), high), kind, 0.5).z
            assert 3 < z < 10


def test_the_approximation_agrees_with_the_convolution_where_they_meet():
    rng = np.random.default_rng(8)
    approximate, exact = [], []
    for shift in np.linspace(-0.6, 0.6, 13):
        reference, new = rng.normal(size=(30, 30)), rng.normal(shift, 1, size=(30, 1))
        laws = probe_laws(reference, new, "continuous")
        evidence = compare(reference, new, "continuous", 0.5)
        assert not evidence.exact
        approximate.append(evidence.z)
        exact.append(normal_score(sum_pmf([draw_pmf(c, 1) for c in laws.counts]), int(laws.total.sum()), 0.5))
    np.testing.assert_allclose(approximate, exact, atol=0.03)


def test_wilson_and_hilferty_match_the_gamma_law():
    # A gamma of shape 4 standardised: skewness 1. R: qnorm(pgamma(4 + 2 * 2, 4)) = 1.7203
    assert pearson_normal_score(2.0, 1.0) == pytest.approx(1.7203, abs=0.01)
    assert pearson_normal_score(-1.9, 1.0) < pearson_normal_score(-1.8, 1.0) < 0


def test_a_shift_of_all_grades_counts_most_where_answers_hardly_vary():
    """Half of 60 probes with a spread of .4, half with 1; grades .3 lower; 100 replays, seed 4: the plain sum's mean z."""
    rng = np.random.default_rng(4)
    spread = np.repeat([0.4, 1.0], 30)[:, None]
    weighed, plain = [], []
    for _ in range(100):
        reference, new = (np.rint(2 * rng.normal(mean, spread, (60, n))) / 2 for mean, n in ((3, 40), (2.7, 1)))
        weighed.append(compare(reference, new, "graded", 0.5).z)
        laws = probe_laws(reference, new, "graded")
        plain.append(laws.deviation.sum() / laws.variance.sum() ** 0.5)
    assert np.mean(weighed) < 1.1 * np.mean(plain) < -2


def test_a_probe_that_varied_once_does_not_speak_for_all():
    """Nine probes were graded 5 but for one answer in 41; a tenth varies, and it falls below all of its past."""
    reference = np.full((10, 40), 5.0)
    reference[0] = np.resize([2.0, 3.0, 4.0], 40)
    reference[1:, 0] = 4.5
    new = np.full((10, 1), 5.0)
    new[0] = 1.0
    alone = compare(reference[:1], new[:1], "graded", 0.5).z
    assert compare(reference, new, "graded", 0.5).z < 0.55 * alone < -1


@pytest.mark.parametrize("probes", [1, 5, 15])
def test_weighed_grades_have_the_law_of_their_whole_number_sum(probes):
    rng = np.random.default_rng(probes)
    values = np.rint(rng.normal(3, np.linspace(0.5, 1.5, probes)[:, None], (probes, 31)))
    found = compare(values[:, 1:], values[:, :1], "graded", 0.5)
    laws = probe_laws(values[:, 1:], values[:, :1], "graded")
    rows = np.flatnonzero(laws.variance > 0)
    share = laws.variance[rows] * laws.variance[rows].sum() / (laws.variance[rows] ** 2).sum()
    weights = np.rint(8 / np.sqrt(share + 0.25)).astype(int)
    ways = {0: 1.0}
    for row, weight in zip(rows, weights, strict=True):
        ways_now: dict[int, float] = {}
        for total, chance in ways.items():
            for score in np.flatnonzero(laws.counts[row]):
                key = total + int(score) * int(weight)
                ways_now[key] = ways_now.get(key, 0.0) + chance * laws.counts[row, score] / 31
        ways = ways_now
    law = np.zeros(max(ways) + 1)
    law[list(ways)] = list(ways.values())
    assert found.exact
    assert found.z == pytest.approx(normal_score(law, int((laws.total[rows] * weights).sum()), 0.5), abs=1e-9)


CASES = {
    "one flaky probe": ("binary", 1, 1, lambda r, shape: (r.random(shape) < 0.9).astype(float)),
    "rare failures": ("binary", 10, 1, lambda r, shape: (r.random(shape) < 0.99).astype(float)),
    "sixty of mixed difficulty": (
        "binary",
        60,
        1,
        lambda r, s: (r.random(s) < np.linspace(0.5, 1, s[0])[:, None]) * 1.0,
    ),
    "three samples": ("binary", 8, 3, lambda r, shape: (r.random(shape) < 0.8).astype(float)),
    "one judged probe": ("graded", 1, 1, lambda r, shape: np.clip(np.rint(r.normal(8, 1.5, shape)), 2, 10) / 2),
    "grades, a tenth of which vary": (
        "graded",
        40,
        1,
        lambda r, s: np.clip(np.rint(r.normal(4, np.where(np.arange(s[0]) % 10, 0.2, 1.5)[:, None], s)), 1, 5),
    ),
    "sixty judged probes of many spreads": (
        "graded",
        60,
        1,
        lambda r, s: np.rint(2 * r.normal(3, np.linspace(0.3, 1.5, s[0])[:, None], s)) / 2,
    ),
    "two samples of a grade": (
        "graded",
        6,
        2,
        lambda r, s: np.rint(r.normal(3, np.arange(1, 1 + s[0])[:, None] / 4, s)),
    ),
    "one heavy tail": ("continuous", 1, 1, lambda r, shape: np.exp(2 * r.normal(size=shape))),
    "two samples of five": ("continuous", 5, 2, lambda r, shape: r.standard_cauchy(shape)),
    "forty lengths": ("continuous", 40, 1, lambda r, shape: np.rint(np.exp(r.normal(5, 0.3, shape)))),
}


@pytest.mark.statistical
@pytest.mark.parametrize("case", CASES)
def test_the_evidence_is_standard_normal_whatever_the_law(case):
    """KS at 1e-4 (4 SE) over 1,200 bags of 12 and the moments within 4 standard errors; seed 11."""
    kind, probes, samples, draw = CASES[case]
    rng = np.random.default_rng(11)
    scores = []
    for _ in range(1200):
        values = draw(rng, (probes, 12 + samples))
        scores.append(compare(values[:, samples:], values[:, :samples], kind, rng.random()).z)
    z = np.array([s for s in scores if s is not None])
    assert kstest(z, "norm").pvalue > 1e-4
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)
