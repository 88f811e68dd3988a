"""Published and independent values (engine.md 10) that no other test holds.

The rest stand in test_cusum.py (spc: ARL, thresholds, head start; surveillance; vlad on the bare chain; the worked
example), test_ks.py (one-sample exact, 5 % point). Not here: cpm's thresholds and its alarms in the worked
example belong to change-point models, which the engine does not have.
"""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from driftwatch.stats.cusum import Cusum
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.ewma import ewma_arl, ewma_threshold
from driftwatch.stats.ks_two_sample import ks_two_sample_p_value
from driftwatch.stats.risk_adjusted import risk_mix_arl
from driftwatch.stats.steady_state import steady_state_delay

# D. C. Montgomery, Introduction to Statistical Quality Control, table 9.1: twenty values around 10, ten around 11.
MONTGOMERY = (
    *(9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34),
    *(9.03, 11.47, 10.51, 9.40, 10.08, 9.37, 10.62, 10.31, 8.52, 10.84),
    *(10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52),
)


def test_montgomerys_cusum_example_alarms_at_sample_29_with_the_books_sum_and_count():
    """Book, table 9.2: C+ = 5.28 at sample 29, N+ = 7, so the shift came between samples 22 and 23."""
    chart = Cusum(reference=0.5, threshold=5.0)
    states, state = [], chart.start()
    for value in MONTGOMERY:
        state = chart.update(state, value - 10)
        states.append(state)
    alarms = [sample for sample, each in enumerate(states, start=1) if chart.read(each).alarm]
    assert alarms[0] == 29
    assert states[28].upper == pytest.approx(5.28)
    assert 29 - states[28].upper_onset == 7


def test_the_ewma_threshold_and_arl_are_those_of_spc():
    # R spc::xewma.crit(.2, 500, sided = "two"), spc::xewma.arl(.2, 2.9621784, 1, sided = "two")
    assert ewma_threshold(arl=500, smoothing=0.2) == pytest.approx(2.9621784, abs=1e-6)
    assert ewma_arl(smoothing=0.2, threshold=2.9621784, shift=1) == pytest.approx(10.5430, abs=5e-5)


def test_without_memory_the_ewma_is_shewharts_chart():
    # 1 / P(|z| > 3)
    assert ewma_arl(smoothing=1, threshold=3) == pytest.approx(370.3983, abs=5e-5)


@pytest.mark.parametrize(("shift", "delay"), [(0.5, 37.3025), (1, 9.7874), (2, 3.7347)])
def test_the_steady_state_delay_is_that_of_spc(shift, delay):
    """R spc::xcusum.ad(.5, 5.0707, mu1, sided = "two"): within 1e-3, as we take each side's quiet law by itself."""
    ours = steady_state_delay(reference=0.5, threshold=5.0707, shift=shift)
    assert ours == pytest.approx(delay, rel=1e-3)


RISKS, WEIGHTS = (0.002, 0.05, 0.1, 0.2, 0.3), (0.45, 0.15, 0.15, 0.15, 0.1)


@pytest.mark.parametrize(
    ("odds", "threshold", "in_control", "shifted"),
    [
        (2, 2, 356.155, 67.5514),
        (2, 3, 1220.99, 112.958),
        (0.5, 2, 459.231, 115.371),
        (0.5, 3, 1583.27, 194.796),
    ],
)
def test_steiners_risk_adjusted_arl_is_that_of_vlad(odds, threshold, in_control, shifted):
    """R vlad::racusum_arl_mc(scaling = 3000); both scalings differ, hence 3e-3. Threshold 4.5: test_cusum.py."""
    ours = [risk_mix_arl(RISKS, WEIGHTS, odds=odds, threshold=threshold, true_odds=true) for true in (1, odds)]
    assert ours == pytest.approx([in_control, shifted], rel=3e-3)


def test_the_exact_two_sample_p_value_is_that_of_r():
    # R: ks.test(1:8, 5.5:10.5, exact = TRUE)
    assert ks_two_sample_p_value(np.arange(1.0, 9), np.arange(5.5, 11)) == pytest.approx(0.09257409257, abs=1e-11)


def test_the_exact_two_sample_p_value_given_ties_is_that_of_r():
    # R: ks.test(c(1,2,2,3,3), c(1,2,3,3,4,5), exact = TRUE), conditional on the ties
    tied = np.array([1.0, 2, 2, 3, 3]), np.array([1.0, 2, 3, 3, 4, 5])
    assert ks_two_sample_p_value(*tied) == pytest.approx(0.7402597, abs=5e-8)


def test_the_exact_two_sample_p_value_without_ties_is_that_of_scipy():
    rng = np.random.default_rng(5)
    for n, m in [(1, 1), (7, 12), (30, 41)]:
        first, second = rng.normal(size=n), rng.normal(0.7, size=m)
        exact = ks_2samp(first, second, method="exact").pvalue
        assert ks_two_sample_p_value(first, second) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize(("first", "second"), [([], [1.0]), ([1.0], [np.nan]), ([1.0], np.zeros(2000))])
def test_samples_without_an_exact_p_value_are_refused(first, second):
    with pytest.raises(DegenerateError, match="two samples of finite values"):
        ks_two_sample_p_value(np.array(first, dtype=float), np.array(second, dtype=float))


@pytest.mark.parametrize("shift", [np.nan, np.inf])
def test_a_steady_state_without_a_finite_shift_is_refused(shift):
    with pytest.raises(DegenerateError, match="shift must be a finite number"):
        steady_state_delay(reference=0.5, threshold=5, shift=shift)


def test_a_steady_state_delay_is_shorter_than_one_from_zero_and_the_same_for_a_fall():
    # 10.3760: R spc::xcusum.arl(.5, 5, 1, sided = "two")
    assert steady_state_delay(reference=0.5, threshold=5, shift=1) < 10.3760
    rise, fall = (steady_state_delay(reference=0.5, threshold=5, shift=s) for s in (0.7, -0.7))
    assert rise == pytest.approx(fall)
