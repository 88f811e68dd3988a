"""The mixture's simulated delay against the chart itself, and the oracle's against the design's figures."""

import math

import numpy as np
import pytest

from driftwatch.stats.channel_mixture import SHARES, WEIGHTS
from driftwatch.stats.dispersion import next_square, studentised
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import compare
from driftwatch.stats.mixture import Location, LocationMixture
from driftwatch.stats.power import expected_delay, shift_of_own_spread
from driftwatch.stats.power_simulated import mixture_delay, oracle_delay


@pytest.mark.parametrize(("shift", "references", "kind"), [(1.0, math.inf, "graded"), (2.0, 24.0, "continuous")])
def test_the_simulation_is_the_location_chart_replay_by_replay(shift, references, kind):
    """100 runs of `LocationMixture` itself on studentised evidence, seed 1; 4 standard errors of the difference."""
    rng, chart, lengths = np.random.default_rng(1), LocationMixture(arl=500, shares=SHARES[kind]), []
    for _ in range(100):
        state, replays, past = chart.start(), 0, (rng.normal(size=int(min(references, 200))) ** 2).tolist()
        while chart.log_mean(state) < 8.7 - math.log(WEIGHTS[kind]["location"]):
            held = 1e9 if math.isinf(references) else references + replays
            raw = rng.normal(shift * (1.0 if math.isinf(references) else references / held))
            variance, degrees = (sum(past[-200:]) + 20) / (len(past[-200:]) + 20), len(past[-200:]) + 20.0
            past.append(next_square(raw, variance))
            z = studentised(raw, variance=variance, degrees=degrees)
            state = chart.update(state, Location(z=z, references=held))
            replays += 1
        lengths.append(replays)
    found = mixture_delay(shift=shift, threshold=8.7, references=references, kind=kind)
    error = math.hypot(found.standard_error, np.std(lengths) / 10)
    assert found.replays == pytest.approx(np.mean(lengths), abs=4 * error)


def grades(latent):
    return np.clip(np.rint(2 * latent) / 2, 1, 5)


def test_what_grades_count_in_the_engine_is_what_their_shift_is_reckoned_with():
    """Mean evidence of 60 probes that vary twice and six steps, over 400 replays, seed 3; within 4 standard errors."""
    rng, sd = np.random.default_rng(3), np.repeat([0.3, 0.9], 30)
    reference = grades(rng.normal(3.0, sd, (400, 60))).T
    scores = [
        compare(reference, grades(rng.normal(3.0 + 0.4 * sd, sd))[:, None], "graded", uniform=0.5).z for _ in range(400)
    ]
    told = shift_of_own_spread(0.4, reference.var(axis=1, ddof=1), "graded")
    assert np.mean(scores) == pytest.approx(told, abs=4 * np.std(scores) / 20)
    assert told < 0.4 * math.sqrt(60)


@pytest.mark.parametrize("bad", [{"effect": math.nan}, {"variances": []}, {"variances": [0.0]}, {"samples": 0}])
def test_an_effect_in_spreads_of_nothing_is_refused(bad):
    with pytest.raises(DegenerateError, match="power: need a finite effect, finite variances above zero"):
        shift_of_own_spread(**({"effect": 1.0, "variances": [1.0], "kind": "graded"} | bad))


def test_the_same_seed_gives_the_same_delay_and_another_one_close_to_it():
    one, again, other = (mixture_delay(shift=0.7, threshold=8.7, kind="binary", seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert abs(one.replays - other.replays) < 4 * math.hypot(one.standard_error, other.standard_error)


def test_a_larger_shift_is_found_sooner_and_a_fall_as_soon_as_a_rise():
    delays = [mixture_delay(shift=shift, threshold=8.7, kind="binary").replays for shift in (0.5, 1.0, 2.0, 4.0, 1e300)]
    assert delays == sorted(delays, reverse=True)
    assert delays[-1] == 1.0
    fall, rise = (mixture_delay(shift=shift, threshold=8.7, kind="binary") for shift in (-1.0, 1.0))
    assert fall == rise


def test_a_reference_that_takes_the_change_in_finds_it_later_or_never():
    full, short = (mixture_delay(shift=1.5, threshold=8.7, references=held, kind="binary") for held in (math.inf, 24.0))
    assert full.replays + 4 * full.standard_error < short.replays
    assert mixture_delay(shift=0.3, threshold=8.7, references=24.0, kind="binary").found == 0.0


def test_no_shift_is_found_by_chance_alone():
    """The ARL is at least exp(threshold), whatever the weight; cut off after 400 replays, within 4 standard errors."""
    quiet = mixture_delay(shift=0.0, threshold=5.0, kind="binary", runs=400)
    assert quiet.replays + 4 * quiet.standard_error >= math.exp(5.0)


def test_the_oracle_is_sooner_than_any_chart_that_must_find_the_shift_itself():
    for shift in (0.3, 0.5, 1.0, 2.0):
        assert oracle_delay(shift=shift, arl=8760) < expected_delay(shift=shift, arl=8760, states=50)
        assert oracle_delay(shift=shift, arl=8760) < mixture_delay(shift=shift, threshold=8.7, kind="binary").replays


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
        mixture_delay(**({"shift": 1.0, "threshold": 8.7, "kind": "binary"} | bad))


@pytest.mark.parametrize("bad", [{"shift": math.inf}, {"arl": 1.0}, {"arl": math.nan}])
def test_what_has_no_oracle_is_refused(bad):
    with pytest.raises(DegenerateError, match="power: "):
        oracle_delay(**({"shift": 1.0, "arl": 500.0} | bad))
