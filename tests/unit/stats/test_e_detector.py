"""Shiryaev-Roberts banks: the recursion, and the guarantee it gives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.e_detector import Bank, log_mean

BETS = st.lists(st.floats(min_value=-5, max_value=5), min_size=1, max_size=40)


@given(bets=BETS)
def test_a_process_is_the_sum_over_starts_of_the_likelihood_ratio_since(bets):
    bank = Bank.empty((1,))
    for bet in bets:
        bank = bank.fed(np.array([bet]))
    starts = [math.fsum(bets[start:]) for start in range(len(bets))]
    assert bank.logs[0] == pytest.approx(np.logaddexp.reduce(starts), abs=1e-9)


@given(bets=BETS)
def test_since_counts_the_updates_of_the_current_excursion(bets):
    bank, expected = Bank.empty((1,)), 0
    for bet in bets:
        bank = bank.fed(np.array([bet]))
        expected = expected + 1 if bank.logs[0] >= 0 else 0
        assert bank.since[0] == expected


def test_the_arl_is_at_least_the_exponential_of_the_threshold():
    """Normal evidence, a bet of one sd, h = ln 50; 1,000 streams, seed 11; the bound is 50, within 4 SE."""
    rng = np.random.default_rng(11)
    bank, length = Bank.empty((1000,)), np.zeros(1000)
    running = np.ones(1000, dtype=bool)
    while running.any():
        bank = bank.fed(rng.standard_normal(1000) - 0.5)
        length += running
        running &= bank.logs < math.log(50)
    assert length.mean() > 50 - 4 * length.std() / math.sqrt(1000)


def test_a_new_row_begins_without_a_past_and_the_others_keep_theirs():
    bank = Bank.empty((2, 1)).fed(np.array([[1.0], [2.0]]))
    moved = bank.with_rows(np.array([1, -1, 0]))
    assert moved.logs[:, 0].tolist() == [2.0, -math.inf, 1.0]
    assert moved.since[:, 0].tolist() == [1, 0, 1]


def test_the_mean_of_no_processes_is_nothing():
    assert log_mean(np.zeros((0, 6))) == -math.inf


def test_a_process_without_a_bet_stays_where_it_is():
    bank = Bank.empty((2,)).fed(np.array([1.0, np.nan]))
    after = bank.fed(np.array([np.nan, np.nan]))
    assert after.logs.tolist() == bank.logs.tolist() == [1.0, -math.inf]
