"""The dense channel: many probes, each moving its own way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.dense import PARTS, DenseState, Part
from driftwatch.stats.latch import Latch, recovered
from driftwatch.stats.recovery import Recovery
from driftwatch.stats.tilts import STRONG, WEAK

OF_SCORES = PARTS["continuous"]


def bets(scores):
    return np.stack([tilt * scores - tilt**2 / 2 for tilt in (WEAK, -WEAK, STRONG, -STRONG)], axis=-1)


def fed(replays):
    state = DenseState.empty()
    for scores in replays:
        state = state.fed(bets(scores))
    return state


def test_the_sum_over_starts_is_no_more_than_a_martingale():
    """30 normal replays of 20 probes, 4,000 deployments, seed 2: the sum's mean is at most 30, within 4 SE."""
    rng = np.random.default_rng(2)
    sums = np.array([np.exp(fed(rng.standard_normal((30, 20))).by_start(OF_SCORES)).sum() for _ in range(4000)])
    assert sums.mean() < 30 + 4 * sums.std() / math.sqrt(len(sums))


def test_opposite_moves_that_cancel_in_every_sum_are_found():
    """60 probes, half up and half down by .5 sd from replay 20: the threshold of ARL 500 within a dozen replays."""
    rng = np.random.default_rng(3)
    replays = rng.standard_normal((32, 60))
    replays[20:] += np.where(np.arange(60) % 2, 0.5, -0.5)
    state = fed(replays)
    assert np.logaddexp.reduce(state.by_start(OF_SCORES)) > math.log(500)
    assert abs(int(state.starts[np.argmax(state.by_start(OF_SCORES))]) - 20) <= 4


def test_memory_is_bounded_in_the_number_of_replays():
    state = fed(np.zeros((2000, 1)))
    assert len(state.starts) <= 32
    assert (state.updates - state.starts <= 48).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_up_and_down_are_mirror_images(seed):
    replays = np.random.default_rng(seed).standard_normal((12, 5))
    assert fed(replays).by_start(OF_SCORES) == pytest.approx(fed(-replays).by_start(OF_SCORES), abs=1e-9)


def test_three_probes_of_sixty_that_break_are_found_whichever_they_are():
    """Three probes fall by 2.5 sd at replay 20: the threshold of ARL 500 within six replays."""
    replays = np.random.default_rng(3).standard_normal((26, 60))
    replays[20:, [4, 31, 57]] -= 2.5
    assert np.logaddexp.reduce(fed(replays[:20]).by_start(OF_SCORES)) < math.log(500)
    assert np.logaddexp.reduce(fed(replays).by_start(OF_SCORES)) > math.log(500)


def test_one_probe_alone_averages_its_bets_and_the_parts():
    state = DenseState.empty().fed(np.log([[2.0, 0.5, 6.0]]))
    parts = (Part(of_probes=0.2, bets=(0, 1)), Part(of_probes=0.1, bets=(2,)), Part(of_probes=None, bets=(2,)))
    expected = np.mean([0.8 + 0.2 * 1.25, 0.9 + 0.1 * 6, 6])
    assert math.exp(state.by_start(parts)[0]) == pytest.approx(expected)


def test_a_replay_back_at_the_reference_speaks_against_what_was_learned():
    rng = np.random.default_rng(4)
    moved = rng.standard_normal((30, 60)) + np.where(np.arange(60) % 2, 1.0, -1.0)
    state = fed(moved)
    calm = bets(rng.standard_normal(60))
    assert state.fed(calm).latest(calm, OF_SCORES) < -2
    again = bets(rng.standard_normal(60) + np.where(np.arange(60) % 2, 1.0, -1.0))
    assert state.fed(again).latest(again, OF_SCORES) > 2


@pytest.mark.parametrize("kind", ["binary", "graded", "continuous"])
def test_a_probe_that_stays_broken_never_outgrows_the_statistic(kind):
    """Two of 60 probes with ten samples each gained 20 units a replay: past 709 the statistic was NaN, read as 0."""
    log_bets = np.zeros((60, 3 if kind == "binary" else 4))
    log_bets[:2] = 20.0
    state, found = DenseState.empty(), []
    for _ in range(64):
        state = state.fed(log_bets)
        found.append(np.logaddexp.reduce(state.by_start(PARTS[kind])))
    assert (np.diff(found[:48]) > 30).all()
    assert min(found[48:]) > 1000  # old starts are dropped, eight at a time
    assert math.isfinite(state.latest(log_bets, PARTS[kind]))


def test_a_bet_that_cannot_be_read_is_no_sign_of_recovery():
    """`min` of a number and NaN was the number: the latch of a broken endpoint stood at the most calm there is."""
    latch = Latch(
        chart="mixture",
        onset_index=0,
        onset_key="a",
        onset_interval=("a", "a"),
        shift=0.0,
        channel="dense",
        recovery=Recovery(ratio=5.2),
    )
    for bet in (math.nan, -math.inf, math.inf):
        after = recovered(latch, z=0.0, shape=0.0, bet=bet)
        assert (after.recovery.ratio, after.calm) == (0.0, 0)
