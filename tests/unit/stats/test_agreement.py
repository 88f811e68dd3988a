"""Agreement coefficients against the worked examples of the literature."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.agreement import cohen_kappa, krippendorff_alpha, raw_agreement
from driftwatch.stats.errors import DegenerateError

# Fleiss, Levin and Paik, "Statistical methods for rates and proportions" (3rd ed., 2003), table 18.1: 100 subjects.
FLEISS = {("p", "p"): 75, ("p", "n"): 1, ("p", "o"): 4, ("n", "p"): 5, ("n", "n"): 4, ("n", "o"): 1, ("o", "o"): 10}
# Krippendorff (2011), example C: four observers, twelve units, gaps.
FOUR = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40)


def test_kappa_matches_the_table_of_fleiss():
    first, second = zip(*(pair for pair, count in FLEISS.items() for _ in range(count)), strict=True)
    assert raw_agreement(first, second) == pytest.approx(0.89)
    assert cohen_kappa(first, second) == pytest.approx(0.676, abs=5e-4)


def test_alpha_matches_krippendorffs_nominal_example():
    # Krippendorff (2011), example B: Ben and Gerry.
    ben, gerry = (
        ["a", "a", "b", "b", "d", "c", "c", "c", "e", "d", "d", "a"],
        ["b", "a", "b", "b", "b", "c", "c", "c", "e", "d", "d", "d"],
    )
    assert krippendorff_alpha([ben, gerry]) == pytest.approx(0.692, abs=5e-4)


def test_alpha_matches_krippendorffs_example_with_gaps():
    assert krippendorff_alpha(FOUR) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(FOUR, "interval") == pytest.approx(0.849, abs=5e-4)


# 30 grades of a person and a judge, drawn with Python's Random(30).
PERSON = [4, 2, 4, 0, 4, 1, 2, 0, 3, 3, 1, 0, 3, 0, 4, 1, 0, 0, 1, 4, 4, 3, 2, 4, 0, 3, 0, 1, 4, 2]
JUDGE = [4, 3, 3, 0, 4, 0, 3, 0, 3, 3, 1, 0, 3, 1, 3, 1, 0, 0, 0, 3, 4, 4, 2, 4, 1, 3, 0, 1, 4, 2]


@pytest.mark.parametrize(
    ("person", "judge", "scale", "raw", "kappa", "alpha"),
    [
        # scikit-learn 1.9.1, accuracy_score and cohen_kappa_score; krippendorff 0.9.0, alpha(level_of_measurement=scale).
        ([0] * 14 + [1] * 16, [0] * 10 + [1] * 4 + [0] * 4 + [1] * 12, "nominal", 22 / 30, 0.464285714, 0.473214286),
        ([0] * 10 + [1] * 12, [0] * 12 + [1] * 10, "nominal", 20 / 22, 0.819672131, 0.822314050),
        (PERSON, JUDGE, "nominal", 20 / 30, 0.577464789, 0.580965909),
        (PERSON, JUDGE, "interval", 20 / 30, 0.577464789, 0.931712963),
    ],
)
def test_agreement_matches_two_other_programs(person, judge, scale, raw, kappa, alpha):
    assert raw_agreement(person, judge) == pytest.approx(raw)
    assert cohen_kappa(person, judge) == pytest.approx(kappa, abs=1e-9)
    assert krippendorff_alpha([person, judge], scale) == pytest.approx(alpha, abs=1e-9)


@given(LABELS)
def test_who_graded_first_does_not_matter(pairs):
    first, second = zip(*pairs, strict=True)
    one, other = cohen_kappa(first, second), cohen_kappa(second, first)
    assert one == pytest.approx(other, nan_ok=True)
    assert krippendorff_alpha([first, second]) == pytest.approx(krippendorff_alpha([second, first]), nan_ok=True)


@given(LABELS)
def test_no_agreement_is_better_than_full(pairs):
    first, second = zip(*pairs, strict=True)
    for value in (cohen_kappa(first, second), krippendorff_alpha([first, second])):
        assert math.isnan(value) or value <= 1


def test_graders_of_other_units_are_refused():
    with pytest.raises(DegenerateError, match="same units"):
        cohen_kappa("ab", "a")
    with pytest.raises(DegenerateError, match="no unit"):
        krippendorff_alpha([["a", None], [None, "b"]])
