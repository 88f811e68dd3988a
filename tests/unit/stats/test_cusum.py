"""The CUSUM against published charts and against R (spc 0.6.7 and surveillance 1.20.3, run by us; engine.md 10)."""

from functools import reduce

import numpy as np
import pytest
from scipy.special import ndtri

from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.cusum import Cusum
from driftwatch.stats.dispersion import self_started
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.run_length import lattice_cusum_arl, one_sided_arl, siegmund_arl, two_sided_arl

SHIFTS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3)
# R spc::xcusum.arl(k = .5, h, mu, sided = "two")
TWO_SIDED = {
    4: (167.6838, 74.2240, 26.6302, 13.2851, 8.3831, 4.7472, 3.3428, 2.1945),
    5: (465.4435, 139.4937, 37.9961, 17.0483, 10.3760, 5.7472, 4.0089, 2.5733),
}
# The golden-ratio sequence of engine.md 10: no random generator, so that any language can repeat it.
WORKED = ndtri(np.modf(0.6180339887498949 * np.arange(1, 101))[0]) + (np.arange(1, 101) > 60)


def fold(chart, stream):
    return chart.read(reduce(chart.update, stream, chart.start()))


def first_alarm(chart, stream):
    state = chart.start()
    for count, value in enumerate(stream, start=1):
        state = chart.update(state, float(value))
        if chart.read(state).alarm:
            return count
    return None


@pytest.mark.parametrize("threshold", TWO_SIDED)
def test_the_two_sided_arl_is_that_of_spc(threshold):
    ours = [two_sided_arl(reference=0.5, threshold=threshold, shift=shift) for shift in SHIFTS]
    assert ours == pytest.approx(TWO_SIDED[threshold], rel=3e-4)


def test_the_two_sided_arl_of_a_slow_chart_is_that_of_spc():
    assert two_sided_arl(reference=0.25, threshold=8) == pytest.approx(368.3939, rel=3e-4)


@pytest.mark.parametrize(
    ("reference", "threshold", "arl"), [(0.5, 4, 335.3676), (0.5, 5, 930.8870), (1, 2.5, 716.0039)]
)  # R spc::xcusum.arl(sided = "one")
def test_the_one_sided_arl_is_that_of_spc(reference, threshold, arl):
    assert one_sided_arl(reference=reference, threshold=threshold) == pytest.approx(arl, rel=3e-4)


@pytest.mark.parametrize(("shift", "arl"), [(0, 430.390), (0.5, 28.666), (1, 6.3469)])  # R spc, hs = 2.5
def test_the_fast_initial_response_arl_is_that_of_spc(shift, arl):
    assert two_sided_arl(reference=0.5, threshold=5, shift=shift, head_start=0.5) == pytest.approx(arl, rel=3e-4)


@pytest.mark.parametrize(
    ("arl", "reference", "threshold"),
    [
        (500, 0.125, 13.150290),
        (500, 0.25, 8.585058),
        (500, 0.5, 5.070704),
        (500, 0.75, 3.538425),
        (500, 1, 2.665058),
        (370, 0.25, 8.0083),
        (370, 0.5, 4.7738),
        (1000, 0.25, 9.9312),
        (1000, 0.5, 5.7574),
    ],
)  # R spc::xcusum.crit
def test_the_threshold_for_an_arl_is_that_of_spc(arl, reference, threshold):
    assert cusum_threshold(arl=arl, reference=reference) == pytest.approx(threshold, rel=3e-4)


def test_the_one_sided_threshold_is_that_of_spc():
    assert cusum_threshold(arl=500, sides="upper") == pytest.approx(4.3891297, rel=3e-4)


def test_siegmunds_formula_gives_the_textbook_value():
    assert siegmund_arl(reference=0.5, threshold=4) == pytest.approx(338.06, rel=3e-4)
    assert siegmund_arl(reference=0.5, threshold=4, shift=0.5) == pytest.approx(5.166**2)


@pytest.mark.parametrize("threshold", [3.0, 4.0, 5.0])
def test_siegmunds_formula_agrees_with_the_chain_within_two_percent(threshold):
    exact = one_sided_arl(reference=0.5, threshold=threshold)
    assert siegmund_arl(reference=0.5, threshold=threshold) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize(
    ("threshold", "reference", "arl"), [(3, 1.5, 52.9434), (4, 1.5, 121.952), (5, 1.5, 273.650), (4, 2, 537.698)]
)  # R surveillance::arlCusum(h, k, theta = 1, distr = "poisson")
def test_the_poisson_cusum_arl_is_that_of_surveillance(threshold, reference, arl):
    counts = np.arange(60)
    chances = np.exp(-1 - np.cumsum(np.log(np.maximum(counts, 1))))
    chances /= chances.sum()
    ours = lattice_cusum_arl(counts - reference, chances, threshold=threshold, grid=0.5)
    assert ours == pytest.approx(arl, rel=3e-4)


RISKS, WEIGHTS = np.array([0.002, 0.05, 0.1, 0.2, 0.3]), np.array([0.45, 0.15, 0.15, 0.15, 0.1])


@pytest.mark.parametrize(
    ("odds", "threshold", "in_control", "shifted"),
    [
        (2, 2, 356.155, 67.5514),
        (2, 3, 1220.99, 112.958),
        (2, 4.5, 6203.66, 184.353),
        (0.5, 2, 459.231, 115.371),
        (0.5, 3, 1583.27, 194.796),
        (0.5, 4.5, 8064.65, 319.787),
    ],
)  # R vlad::racusum_arl_mc(scaling = 3000); both scalings differ, hence 3e-3
def test_the_risk_adjusted_cusum_arl_is_that_of_vlad(odds, threshold, in_control, shifted):
    norm = 1 - RISKS + odds * RISKS
    steps = np.concatenate([np.log(odds / norm), np.log(1 / norm)])
    under = [RISKS, odds * RISKS / norm]
    arls = [
        lattice_cusum_arl(
            steps,
            np.concatenate([WEIGHTS * p, WEIGHTS * (1 - p)]),
            threshold=threshold,
            grid=1 / (3000 if threshold < 4 else 10000),
        )
        for p in under
    ]
    assert arls == pytest.approx([in_control, shifted], rel=3e-3)


def test_the_known_baseline_chart_alarms_at_71_in_the_worked_example():
    assert first_alarm(Cusum(reference=0.5, threshold=5.0707), WORKED) == 71


def test_the_self_starting_chart_alarms_at_76_in_the_worked_example():
    assert first_alarm(Cusum(reference=0.5, threshold=5.0707), self_started(WORKED)) == 76


def test_the_statistic_follows_a_calculation_by_hand():
    # 1.5 - .5 = 1; 1 + 2 - .5 = 2.5; 2.5 - 1 - .5 = 1. Below: 0; 0; 0 + 1 - .5 = .5.
    chart = Cusum(reference=0.5, threshold=2.5)
    assert fold(chart, [1.5, 2.0]).alarm
    state = reduce(chart.update, [1.5, 2.0, -1.0], chart.start())
    assert (state.upper, state.lower, chart.read(state).onset) == (1.0, 0.5, 0)


def test_onset_counts_the_updates_before_the_excursion():
    assert fold(Cusum(), [0.0, -0.2, 3.0, 3.0]).onset == 2
    assert fold(Cusum(), [3.0, -9.0, 9.0]).onset == 2
    assert fold(Cusum(), [0.1]).onset is None


def test_a_one_sided_chart_is_deaf_to_the_other_side():
    assert fold(Cusum(sides="upper"), [-9.0]).statistic == 0
    assert fold(Cusum(sides="lower"), [-9.0]).alarm


def test_a_head_start_shortens_the_way_to_the_alarm():
    assert first_alarm(Cusum(head_start=0.5), [1.0] * 20) < first_alarm(Cusum(), [1.0] * 20)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_refused(value):
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        Cusum().update(Cusum().start(), value)


@pytest.mark.parametrize("bad", [{"reference": 0}, {"threshold": float("nan")}, {"threshold": -1}, {"head_start": 1}])
def test_parameters_without_a_chart_are_refused(bad):
    with pytest.raises(DegenerateError, match="cusum: "):
        Cusum(**bad)


@pytest.mark.parametrize("arl", [0, 4.9, 1e12, float("nan"), float("inf")])
def test_an_arl_without_a_threshold_is_refused(arl):
    with pytest.raises(DegenerateError, match="in-control ARL must lie between"):
        cusum_threshold(arl=arl)


@pytest.mark.parametrize("reference", [0, 5, float("nan")])
def test_a_reference_without_a_threshold_is_refused(reference):
    with pytest.raises(DegenerateError, match="reference must lie between"):
        cusum_threshold(arl=500, reference=reference)


def test_probabilities_that_do_not_sum_to_one_are_refused():
    with pytest.raises(DegenerateError, match=r"sum to 0.9"):
        lattice_cusum_arl([1, -1], [0.4, 0.5], threshold=2, grid=1)
