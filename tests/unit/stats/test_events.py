"""What counts as a rare event."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from driftwatch.stats.events import low_and_high

VALUES = arrays(
    float, (5, 12), elements=st.one_of(st.integers(-3, 3).map(float), st.floats(-1e300, 1e300), st.just(np.nan))
)


def test_a_first_failure_is_a_low_event_of_its_probe():
    low, high = low_and_high(np.ones((3, 30)), np.array([[1.0], [0.0], [1.0]]), "binary")
    assert low.now.tolist() == [0, 1, 0]
    assert low.past.tolist() == [0, 0, 0]
    assert high.now.tolist() == [1, 0, 1]
    assert low.sizes.tolist() == [30, 30, 30]


def test_the_worst_class_is_the_lowest_that_any_probe_shows():
    reference = np.array([[3.0, 4.0], [1.0, 5.0]])
    low, high = low_and_high(reference, np.array([[1.0], [5.0]]), "graded")
    assert (low.now.tolist(), low.past.tolist()) == ([1, 0], [0, 1])
    assert (high.now.tolist(), high.past.tolist()) == ([0, 1], [0, 1])


def test_where_nothing_varies_nothing_is_an_event():
    for kind in ("binary", "graded", "continuous"):
        for side in low_and_high(np.ones((4, 9)), np.ones((4, 1)), kind):
            assert side.now.sum() + side.past.sum() == 0


def test_a_value_far_outside_the_probes_own_past_is_an_event_and_a_usual_one_is_none():
    reference = np.tile(np.linspace(-1, 1, 31), (2, 1)) * [[1.0], [100.0]]
    low, high = low_and_high(reference, np.array([[-9.0], [-9.0]]), "continuous")
    assert low.now.tolist() == [1, 0]
    assert high.now.tolist() == [0, 0]


def test_where_a_probe_always_says_the_same_any_other_value_is_an_event():
    low, high = low_and_high(np.full((1, 30), 7.0), np.array([[7.0 + 1e-9]]), "continuous")
    assert (low.now.tolist(), high.now.tolist()) == ([0], [1])


def test_missing_answers_are_not_counted():
    low, _ = low_and_high(np.array([[1.0, np.nan], [1.0, 0.0]]), np.array([[np.nan], [0.0]]), "binary")
    assert low.sizes.tolist() == [1, 2]
    assert low.drawn.tolist() == [0, 1]


@given(values=VALUES)
def test_mirrored_values_have_mirrored_events(values):
    low, high = low_and_high(values[:, :10], values[:, 10:], "graded")
    mirrored_low, mirrored_high = low_and_high(-values[:, :10], -values[:, 10:], "graded")
    assert (low.now == mirrored_high.now).all()
    assert (high.past == mirrored_low.past).all()


@given(values=VALUES, kind=st.sampled_from(["binary", "graded", "continuous"]))
def test_counts_never_exceed_the_answers(values, kind):
    for side in low_and_high(values[:, :10], values[:, 10:], kind):
        assert (side.past <= side.sizes).all()
        assert (side.now <= side.drawn).all()
