"""Power figures for planning, against the chain they come from and against simulation elsewhere."""

import math

import numpy as np
import pytest

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.power import (
    detectable_effect,
    detectable_shift,
    expected_delay,
    fading_delay,
    shift_of_effect,
)
from driftwatch.stats.run_length import censored_arl, one_sided_arl, two_sided_arl


def test_the_delay_of_no_shift_is_the_in_control_arl():
    assert expected_delay(shift=0, arl=500) == pytest.approx(500)


def test_a_fall_is_found_as_soon_as_a_rise():
    assert expected_delay(shift=-0.7, arl=500) == pytest.approx(expected_delay(shift=0.7, arl=500))


def test_the_detectable_shift_is_found_in_the_wanted_time():
    shift = detectable_shift(delay=6.0, arl=8760)
    assert expected_delay(shift=shift, arl=8760) == pytest.approx(6.0, rel=1e-4)


@pytest.mark.parametrize(("reference", "arl"), [(0.125, 1e9), (0.125, 1e7), (0.5, 1e9), (1.0, 20)])
def test_the_largest_shift_that_any_delay_needs_is_within_the_search(reference, arl):
    """The search used to end at 40 sd: below what a chart as high as these needs for a delay of 1.5 replays."""
    shift = detectable_shift(delay=1.5, arl=arl, reference=reference)
    assert expected_delay(shift=shift, arl=arl, reference=reference) == pytest.approx(1.5, rel=1e-3)


@pytest.mark.parametrize("shift", [0.3, 1, 3])
def test_a_short_chain_is_good_enough_for_planning(shift):
    assert expected_delay(shift=shift, arl=8760, states=50) == pytest.approx(
        expected_delay(shift=shift, arl=8760), rel=0.01
    )


def test_a_shift_beyond_all_measure_is_found_at_once():
    assert expected_delay(shift=1e300, arl=8760) == pytest.approx(1.0)


def test_the_effect_of_a_pass_rate_follows_from_the_bags():
    # 40 probes at 0.9, one answer each: sd of the mean is sqrt(.09 / 40); 0.1 is 2.108 of them.
    assert shift_of_effect(0.1, [0.09] * 40) == pytest.approx(0.1 / math.sqrt(0.09 / 40))
    assert shift_of_effect(0.1, [0.09] * 40, samples=4) == pytest.approx(0.2 / math.sqrt(0.09 / 40))
    effect = detectable_effect(delay=6.0, arl=8760, variances=[0.09] * 40)
    assert shift_of_effect(effect, [0.09] * 40) == pytest.approx(detectable_shift(delay=6.0, arl=8760))


def test_a_short_reference_takes_longer():
    assert fading_delay(shift=1, arl=500, references=30) > fading_delay(shift=1, arl=500, references=3000)


def test_a_very_large_shift_needs_one_replay():
    assert two_sided_arl(reference=0.5, threshold=5, shift=40) == pytest.approx(1.0)
    assert one_sided_arl(reference=0.5, threshold=5, shift=-40) == math.inf


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_shift_that_is_not_finite_is_refused(bad):
    with pytest.raises(DegenerateError, match="shift must be a finite number"):
        expected_delay(shift=bad, arl=500)


@pytest.mark.parametrize("delay", [1.0, 500.0, float("nan")])
def test_a_delay_that_no_chart_has_is_refused(delay):
    with pytest.raises(DegenerateError, match="delay must lie between"):
        detectable_shift(delay=delay, arl=500)


@pytest.mark.parametrize("variances", [[], [0.0, 0.0], [-1.0, 2.0], [np.inf]])
def test_probes_that_never_vary_have_no_power_figure(variances):
    with pytest.raises(DegenerateError, match="variances not negative and not all zero"):
        shift_of_effect(0.1, variances)


def test_runs_that_never_alarmed_have_an_infinite_arl():
    found = censored_arl([500, 500], [False, False])
    assert (found.arl, found.standard_error, found.alarms) == (math.inf, math.inf, 0)
