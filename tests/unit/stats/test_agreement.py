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
