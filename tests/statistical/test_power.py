"""What `plan` foretells against the engine itself: seeds fixed, tolerance 4 standard errors."""

import math

import numpy as np
import pytest

from driftwatch.stats import ReplayValues, StreamDetector
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
