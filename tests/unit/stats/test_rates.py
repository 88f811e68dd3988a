"""Rates borrowed from all probes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.rates import FLOOR, empirical_bayes_rates

COUNTS = st.lists(
    st.integers(min_value=0, max_value=50).flatmap(
        lambda n: st.tuples(st.integers(min_value=0, max_value=n), st.just(n))
    ),
    min_size=1,
    max_size=40,
)


@given(counts=COUNTS)
def test_rates_are_finite_and_between_the_floor_and_its_mirror(counts):
    events, sizes = (np.array(column) for column in zip(*counts, strict=True))
    rates = empirical_bayes_rates(events, sizes)
    assert rates.shape == events.shape
    assert (rates >= FLOOR - 1e-12).all()
    assert (rates <= 1 - FLOOR + 1e-12).all()


@given(counts=COUNTS)
def test_events_and_their_absence_are_mirror_images(counts):
    events, sizes = (np.array(column) for column in zip(*counts, strict=True))
    mirrored = empirical_bayes_rates(sizes - events, sizes)
    assert empirical_bayes_rates(events, sizes) == pytest.approx(1 - mirrored, abs=1e-9)


@given(counts=COUNTS, seed=st.integers(min_value=0, max_value=2**32 - 1))
def test_the_order_of_the_probes_is_irrelevant(counts, seed):
    events, sizes = (np.array(column) for column in zip(*counts, strict=True))
    order = np.random.default_rng(seed).permutation(len(events))
    rates = empirical_bayes_rates(events, sizes)
    assert empirical_bayes_rates(events[order], sizes[order]) == pytest.approx(rates[order], abs=1e-12)


def test_more_events_of_as_many_answers_are_a_higher_rate():
    rates = empirical_bayes_rates(np.arange(31), np.full(31, 30))
    assert (np.diff(rates) > 0).all()


def test_the_rates_of_many_probes_with_one_rate_are_near_it():
    """2,000 probes of rate 0.1, 30 answers each, seed 5: the prior must find that they are alike."""
    events = np.random.default_rng(5).binomial(30, 0.1, 2000)
    rates = empirical_bayes_rates(events, np.full(2000, 30))
    assert rates.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 60_000))
    assert rates.std() < 0.5 * (events / 30).std()
