"""The laws on the standard library against scipy.special, which the daemon does not load."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from driftwatch.stats.normal import chi_square_tail, normal_cdf, normal_quantile, student_tail


@given(z=st.floats(min_value=-37, max_value=37))
def test_the_normal_law_is_scipys(z: float) -> None:
    assert normal_cdf(z) == pytest.approx(special.ndtr(z), rel=1e-11)


@given(exponent=st.floats(min_value=-300, max_value=-1e-12))
def test_the_normal_quantile_is_scipys(exponent: float) -> None:
    assert normal_quantile(10**exponent) == pytest.approx(special.ndtri(10**exponent), rel=1e-12, abs=1e-12)


@given(tail=st.one_of(st.just(0.0), st.just(1.0), st.just(1 + 2**-52), st.floats(min_value=0, max_value=1)))
def test_the_normal_quantile_is_finite_even_where_rounding_left_the_unit_interval(tail: float) -> None:
    assert -37.1 < normal_quantile(tail) < 8.3


@given(
    size=st.floats(min_value=-6, max_value=3), degrees=st.floats(min_value=0.5, max_value=10_000), centre=st.booleans()
)
def test_students_tail_is_scipys(size: float, degrees: float, centre: bool) -> None:
    t = 0.0 if centre else -(10**size)
    expected = special.stdtr(degrees, t)
    if expected > 1e-290:
        assert student_tail(t, degrees) == pytest.approx(expected, rel=1e-8)


def test_students_tail_of_one_degree_is_the_arc_tangent() -> None:
    assert student_tail(-3.0, 1.0) == pytest.approx(0.5 + math.atan(-3.0) / math.pi, rel=1e-13)


@given(degrees=st.integers(min_value=1, max_value=1000), share=st.floats(min_value=0, max_value=20))
def test_the_chi_square_tail_is_scipys(degrees: int, share: float) -> None:
    expected = special.chdtrc(degrees, share * degrees)
    if expected > 1e-290:
        assert chi_square_tail(share * degrees, degrees) == pytest.approx(expected, rel=1e-9)
