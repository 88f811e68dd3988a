"""The dense channel: many probes, each moving its own way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.dense import SHARES, SHIFT, DenseState


def bets(scores):
    return np.stack([SHIFT * scores - SHIFT**2 / 2, -SHIFT * scores - SHIFT**2 / 2], axis=-1)


def fed(replays):
    state = DenseState.empty(replays.shape[1])
    for scores in replays:
        state = state.fed(bets(scores))
    return state


def test_the_sum_over_starts_is_no_more_than_a_martingale():
    """30 normal replays of 20 probes, 4,000 deployments, seed 2: the sum's mean is at most 30, within 4 SE."""
    rng = np.random.default_rng(2)
    sums = np.array([np.exp(fed(rng.standard_normal((30, 20))).by_start()).sum() for _ in range(4000)])
    assert sums.mean() < 30 + 4 * sums.std() / math.sqrt(len(sums))


def test_opposite_moves_that_cancel_in_every_sum_are_found():
    """60 probes, half up and half down by .5 sd from replay 20: the threshold of ARL 500 within a dozen replays."""
    rng = np.random.default_rng(3)
    replays = rng.standard_normal((32, 60))
    replays[20:] += np.where(np.arange(60) % 2, 0.5, -0.5)
    state = fed(replays)
    assert np.logaddexp.reduce(state.by_start()) > math.log(500)
    assert abs(int(state.starts[np.argmax(state.by_start())]) - 20) <= 4


def test_memory_is_bounded_in_the_number_of_replays():
    state = fed(np.zeros((2000, 1)))
    assert len(state.starts) <= 32
    assert (state.updates - state.starts <= 48).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_up_and_down_are_mirror_images(seed):
    replays = np.random.default_rng(seed).standard_normal((12, 5))
    assert fed(replays).by_start() == pytest.approx(fed(-replays).by_start(), abs=1e-9)


def test_one_probe_alone_averages_its_two_directions():
    state = fed(np.array([[1.0]]))
    both = 0.5 * (math.exp(SHIFT - SHIFT**2 / 2) + math.exp(-SHIFT - SHIFT**2 / 2))
    expected = np.mean([1 - share + share * both for share in SHARES])
    assert math.exp(state.by_start()[0]) == pytest.approx(expected)


def test_a_replay_back_at_the_reference_speaks_against_what_was_learned():
    rng = np.random.default_rng(4)
    moved = rng.standard_normal((30, 60)) + np.where(np.arange(60) % 2, 1.0, -1.0)
    state = fed(moved)
    calm = bets(rng.standard_normal(60))
    assert state.fed(calm).latest(calm) < -2
    again = bets(rng.standard_normal(60) + np.where(np.arange(60) % 2, 1.0, -1.0))
    assert state.fed(again).latest(again) > 2
