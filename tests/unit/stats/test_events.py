"""What counts as a rare event."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from driftwatch.stats import events, far
from driftwatch.stats.bags import Bags


def worst_and_best(reference, new):
    return events.worst_and_best(Bags(held=reference), new)


def far_below_and_above(reference, new):
    return far.far_below_and_above(Bags(held=reference), new)


VALUES = arrays(
    float, (5, 12), elements=st.one_of(st.integers(-3, 3).map(float), st.floats(-1e300, 1e300), st.just(np.nan))
)


def test_a_first_failure_is_a_low_event_of_its_probe():
    low, high = worst_and_best(np.ones((3, 30)), np.array([[1.0], [0.0], [1.0]]))
    assert low.now.tolist() == [0, 1, 0]
    assert low.past.tolist() == [0, 0, 0]
    assert high.now.tolist() == [1, 0, 1]
    assert low.sizes.tolist() == [30, 30, 30]


def test_the_worst_class_is_the_lowest_that_any_probe_shows():
    reference = np.array([[3.0, 4.0], [1.0, 5.0]])
    low, high = worst_and_best(reference, np.array([[1.0], [5.0]]))
    assert (low.now.tolist(), low.past.tolist()) == ([1, 0], [0, 1])
    assert (high.now.tolist(), high.past.tolist()) == ([0, 1], [0, 1])


SIDES = pytest.mark.parametrize("sides", [worst_and_best, far_below_and_above])


@SIDES
def test_where_nothing_varies_nothing_is_an_event(sides):
    for side in sides(np.ones((4, 9)), np.ones((4, 1))):
        assert side.now.sum() + side.past.sum() == 0


def test_a_value_far_outside_the_probes_own_past_is_an_event_and_a_usual_one_is_none():
    reference = np.tile(np.linspace(-1, 1, 31), (2, 1)) * [[1.0], [100.0]]
    low, high = far_below_and_above(reference, np.array([[-400.0], [-100.0]]))
    assert low.now.tolist() == [1, 0]
    assert high.now.tolist() == [0, 0]


def test_a_refusal_is_far_below_a_length_whose_spread_is_half_its_size():
    """Log-normal with a spread of .45, 200 answers a probe, seed 5: a tenth of the median lies five deviations of the
    logarithms below it, and less than two of the lengths."""
    lengths = np.exp(np.random.default_rng(5).normal(5, 0.45, (20, 200)))
    low, high = far_below_and_above(lengths, np.full((20, 1), 15.0))
    assert low.now.sum() == 20
    assert low.past.sum() + high.past.sum() + high.now.sum() <= 2


def test_where_a_probe_always_says_the_same_any_other_value_is_an_event_unless_other_probes_vary_as_much():
    constant = np.full((1, 30), 7.0)
    low, high = far_below_and_above(constant, np.array([[7.0 + 1e-9]]))
    assert (low.now.tolist(), high.now.tolist()) == ([0], [1])
    beside = np.concatenate([constant, np.tile([6.0, 7.0, 8.0], (2, 10))])
    low, high = far_below_and_above(beside, np.array([[7.1], [7.0], [7.0]]))
    assert low.now.sum() + high.now.sum() == 0


def test_missing_answers_are_not_counted():
    low, _ = worst_and_best(np.array([[1.0, np.nan], [1.0, 0.0]]), np.array([[np.nan], [0.0]]))
    assert low.sizes.tolist() == [1, 2]
    assert low.drawn.tolist() == [0, 1]


@given(values=VALUES)
def test_mirrored_values_have_mirrored_events(values):
    """By class for any values; by distance only where no logarithm is taken."""
    signed = np.concatenate([values, [[-1.0, 1.0] * 6]])
    for sides in (worst_and_best, far_below_and_above):
        low, high = sides(signed[:, :10], signed[:, 10:])
        mirrored_low, mirrored_high = sides(-signed[:, :10], -signed[:, 10:])
        assert (low.now == mirrored_high.now).all()
        assert (high.past == mirrored_low.past).all()


@SIDES
@given(values=VALUES)
def test_counts_never_exceed_the_answers(sides, values):
    for side in sides(values[:, :10], values[:, 10:]):
        assert (side.past <= side.sizes).all()
        assert (side.now <= side.drawn).all()
