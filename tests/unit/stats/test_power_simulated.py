"""The mixture's simulated delay against the chart itself, and the oracle's against the design's figures."""

import math

import numpy as np
import pytest

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.mixture import Location, LocationMixture
from driftwatch.stats.power import expected_delay
from driftwatch.stats.power_simulated import mixture_delay, oracle_delay


@pytest.mark.parametrize(("shift", "references"), [(1.0, math.inf), (2.0, 24.0)])
def test_the_simulation_is_the_location_chart_replay_by_replay(shift, references):
    """100 runs of `LocationMixture` itself, seed 1, at half the mixture's weight; 4 standard errors of the difference."""
    rng, chart, lengths = np.random.default_rng(1), LocationMixture(arl=500), []
    for _ in range(100):
        state, replays = chart.start(), 0
        while chart.log_mean(state) < 8.7 - math.log(0.5):
            held = 1e9 if math.isinf(references) else references + replays
            left = 1.0 if math.isinf(references) else references / held
            state = chart.update(state, Location(z=rng.normal(shift * left), references=held))
            replays += 1
        lengths.append(replays)
    found = mixture_delay(shift=shift, threshold=8.7, references=references)
    error = math.hypot(found.standard_error, np.std(lengths) / 10)
    assert found.replays == pytest.approx(np.mean(lengths), abs=4 * error)


def test_the_same_seed_gives_the_same_delay_and_another_one_close_to_it():
    one, again, other = (mixture_delay(shift=0.7, threshold=8.7, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert abs(one.replays - other.replays) < 4 * math.hypot(one.standard_error, other.standard_error)


def test_a_larger_shift_is_found_sooner_and_a_fall_as_soon_as_a_rise():
    delays = [mixture_delay(shift=shift, threshold=8.7).replays for shift in (0.5, 1.0, 2.0, 4.0, 1e300)]
    assert delays == sorted(delays, reverse=True)
    assert delays[-1] == 1.0
    assert mixture_delay(shift=-1.0, threshold=8.7) == mixture_delay(shift=1.0, threshold=8.7)


def test_a_reference_that_takes_the_change_in_finds_it_later_or_never():
    full, short = (mixture_delay(shift=1.5, threshold=8.7, references=held) for held in (math.inf, 24.0))
    assert full.replays + 4 * full.standard_error < short.replays
    assert mixture_delay(shift=0.3, threshold=8.7, references=24.0).found == 0.0


def test_no_shift_is_found_by_chance_alone():
    """The ARL is at least exp(threshold), whatever the weight; cut off after 400 replays, within 4 standard errors."""
    quiet = mixture_delay(shift=0.0, threshold=5.0, runs=400)
    assert quiet.replays + 4 * quiet.standard_error >= math.exp(5.0)


def test_the_oracle_is_sooner_than_any_chart_that_must_find_the_shift_itself():
    for shift in (0.3, 0.5, 1.0, 2.0):
        assert oracle_delay(shift=shift, arl=8760) < expected_delay(shift=shift, arl=8760, states=50)
        assert oracle_delay(shift=shift, arl=8760) < mixture_delay(shift=shift, threshold=8.7).replays


def test_the_oracle_reproduces_the_designs_figure():
    """design/engine.md, section 8: 25.9 replays at 0.5 sd and ARL 500, where log(ARL) / KL says 49.7."""
    assert oracle_delay(shift=0.5, arl=500) == pytest.approx(25.9, abs=0.05)


@pytest.mark.parametrize("shift", [0.0, 1e-9, 0.05, 7.0, 1e300])
@pytest.mark.parametrize("arl", [5, 8760, 1e9])
def test_every_shift_has_an_oracle(shift, arl):
    assert 1.0 <= oracle_delay(shift=shift, arl=arl) <= 1.01 * arl + 1


@pytest.mark.parametrize(
    "bad", [{"shift": math.nan}, {"threshold": 0.0}, {"threshold": math.inf}, {"references": 0.0}, {"runs": 1}]
)
def test_what_has_no_delay_is_refused(bad):
    with pytest.raises(DegenerateError, match="power: need a finite shift"):
        mixture_delay(**({"shift": 1.0, "threshold": 8.7} | bad))


@pytest.mark.parametrize("bad", [{"shift": math.inf}, {"arl": 1.0}, {"arl": math.nan}])
def test_what_has_no_oracle_is_refused(bad):
    with pytest.raises(DegenerateError, match="power: "):
        oracle_delay(**({"shift": 1.0, "arl": 500.0} | bad))
