"""What `plan` foretells against the engine itself: seeds fixed, tolerance 4 standard errors."""

import math

import numpy as np
import pytest

from driftwatch.stats import ReplayValues, StreamDetector
from driftwatch.stats.channel_mixture import WEIGHTS
from driftwatch.stats.dispersion import next_square, studentised
from driftwatch.stats.mixture import Location, LocationMixture
from driftwatch.stats.power import shift_of_own_spread
from driftwatch.stats.power_simulated import mixture_delay

pytestmark = pytest.mark.statistical

DRAWN = {
    "graded": lambda rng, mean, sd: np.clip(np.rint(2 * rng.normal(mean, sd)) / 2, 1, 5),
    "continuous": lambda rng, mean, sd: np.exp(rng.normal(mean, sd)),
}


def engine(kind, seed, effect, baseline=24):
    """Replays that the detector takes for a change right after its baseline; its threshold and its bags' variances."""
    rng = np.random.default_rng([9, seed])
    mean, sd = rng.uniform(2.6, 3.4, 30), rng.choice([0.3, 0.9], 30)
    detector = StreamDetector(baseline_replays=baseline, arl=8760, kind=kind)
    state, threshold, variances = detector.start(), 0.0, []
    for i in range(baseline + 200):
        values = DRAWN[kind](rng, mean + effect * sd * (i >= baseline), sd).tolist()
        state = detector.update(state, ReplayValues(key=f"{i}", values={f"p{k}": (v,) for k, v in enumerate(values)}))
        if i == baseline - 1:
            threshold, variances = detector.mixture_threshold(state), state.reference.bags.held.var(axis=1, ddof=1)
        if state.latch is not None:
            break
    return i - baseline + 1, threshold, variances[variances > 0]


@pytest.mark.parametrize("kind", DRAWN)
def test_the_engine_itself_is_as_late_as_the_simulation_foretells(kind):
    """60 deployments of 30 probes that all move by .4 of their sd right after a baseline of 24; 4 standard errors.

    Without studentising, the simulation foretold two thirds of it.
    """
    delays, thresholds, variances = zip(*(engine(kind, seed, 0.4) for seed in range(60)), strict=True)
    shift = float(np.mean([shift_of_own_spread(0.4, own, kind) for own in variances]))
    told = mixture_delay(shift=shift, threshold=float(np.mean(thresholds)), references=24.0, kind=kind)
    error = math.hypot(told.standard_error, np.std(delays) / math.sqrt(60))
    assert told.replays == pytest.approx(np.mean(delays), abs=4 * error)


def is_found(shift, threshold, rng, horizon):
    """Whether `LocationMixture` itself, at a full reference, finds the shift; evidence studentised by its last 200."""
    chart, past = LocationMixture(arl=500), (rng.normal(size=200) ** 2).tolist()
    state, level = chart.start(), threshold - math.log(WEIGHTS["continuous"]["location"])
    for _ in range(horizon):
        raw, variance = rng.normal(shift), (sum(past[-200:]) + 20) / 220
        past.append(next_square(raw, variance))
        state = chart.update(state, Location(z=studentised(raw, variance=variance, degrees=220.0), references=1e9))
        if chart.log_mean(state) >= level:
            return True
    return False


def test_a_change_too_small_for_the_window_of_the_chart_is_foretold_as_late_as_the_chart_finds_it():
    """How many of 100 runs of the chart itself find it within 1,000 replays, seed 4; 4 standard errors of the difference.

    With every start kept, and runs cut off after 400 replays, the simulation foretold half the delay: the chart forgets
    the starts before its last 200 replays, and what they hold does not prove so small a shift.
    """
    rng = np.random.default_rng(4)
    share = np.mean([is_found(0.25, 14.0, rng, 1000) for _ in range(100)])
    told = mixture_delay(shift=0.25, threshold=14.0, kind="continuous", runs=1000)
    missed = math.exp(-1000 / told.replays)
    error = math.hypot(math.sqrt(share * (1 - share) / 100), missed * 1000 / told.replays**2 * told.standard_error)
    assert 1 - missed == pytest.approx(share, abs=4 * error)
