"""Simulated run lengths against theory: seeds fixed, tolerance 4 standard errors; `-m slow` runs the long forms."""

import numpy as np
import pytest

from driftwatch.stats import Cusum, ReplayValues, StreamDetector, cusum_threshold
from driftwatch.stats.run_length import censored_arl, simulate_run_length, two_sided_arl

pytestmark = pytest.mark.statistical


def normal(shift=0.0):
    return lambda rng, _: rng.normal(shift)


@pytest.mark.parametrize(("reference", "shift"), [(0.5, 0.0), (0.5, 1.0), (0.25, 0.5)])
def test_the_simulated_arl_of_the_cusum_is_that_of_the_markov_chain(reference, shift):
    """400 runs at ARL 100: 4 SE are 20 %."""
    chart = Cusum(reference=reference, threshold=cusum_threshold(arl=100, reference=reference))
    found = simulate_run_length(chart, normal(shift), runs=400, horizon=2000, seed=31)
    exact = two_sided_arl(reference=reference, threshold=chart.threshold, shift=shift)
    assert abs(found.arl - exact) < 4 * found.standard_error


def test_steady_state_delays_are_those_of_spc():
    """R spc::xcusum.ad(k = .5, h = 5.0707): 37.3025, 9.7874, 3.7347 at shifts .5, 1, 2; 4 SE of 20,000 charts, seed 32."""
    rng = np.random.default_rng(32)
    charts = 20_000
    for shift, expected in [(0.5, 37.3025), (1.0, 9.7874), (2.0, 3.7347)]:
        upper, lower = np.zeros(charts), np.zeros(charts)
        for _ in range(60):
            z = rng.normal(size=charts)
            upper, lower = np.maximum(0, upper + z - 0.5), np.maximum(0, lower - z - 0.5)
            quiet = np.maximum(upper, lower) < 5.0707
            upper, lower = upper[quiet], lower[quiet]
            charts = upper.size
        start, delay, alive = upper.size, np.zeros(upper.size), np.ones(upper.size, dtype=bool)
        while alive.any():
            delay += alive
            z = rng.normal(shift, size=start)
            upper, lower = np.maximum(0, upper + z - 0.5), np.maximum(0, lower - z - 0.5)
            alive &= np.maximum(upper, lower) < 5.0707
        assert abs(delay.mean() - expected) < 4 * delay.std() / np.sqrt(start)
        charts = 20_000


KINDS = {
    "binary": lambda rng, rates: (rng.random(rates.size) < rates).astype(float),
    "graded": lambda rng, rates: np.clip(np.rint(2 * rng.normal(5 * rates, 0.5)) / 2, 1, 5),
    "continuous": lambda rng, rates: np.exp(rng.normal(5 * rates, 0.4)),
}


def one_run(kind, arl, seed, horizon):
    rng = np.random.default_rng(seed)
    rates = np.where(rng.random(15) < 1 / 3, 1.0, rng.beta(4, 1, 15))
    detector = StreamDetector(baseline_replays=20, arl=arl, kind=kind)
    state = detector.start()
    for i in range(20 + horizon):
        values = KINDS[kind](rng, rates)
        state = detector.update(
            state, ReplayValues(key=f"{seed}-{i}", values={f"p{k:02}": (float(v),) for k, v in enumerate(values)})
        )
        if state.latch is not None:
            return i - 19, True
    return horizon, False


def measured(kind, arl, runs):
    return censored_arl(*zip(*(one_run(kind, arl, [41, run], 4 * arl) for run in range(runs)), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_detector_keeps_its_budget(kind):
    """Nominal 60 replays, the mixture that pages, 80 deployments: 4 SE are 45 %."""
    found = measured(kind, 60, 80)
    assert abs(found.arl - 60) < 4 * found.standard_error


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_detector_keeps_its_budget_at_500(kind):
    """400 deployments: 4 SE are 20 %. Longer is no broken promise."""
    found = measured(kind, 500, 400)
    assert found.arl > 500 - 4 * found.standard_error


@pytest.mark.parametrize("shift", [1.0, 2.0])
def test_the_cusum_on_exchangeable_scores_is_as_quick_as_the_chain_says(shift):
    """A shift of `shift` sd in z per replay, 200 quiet replays before: within 15 % and 4 SE of the chain."""
    detector = StreamDetector(baseline_replays=30, arl=500, kind="continuous", paging=("cusum",))
    delays = []
    for run in range(40):
        rng = np.random.default_rng([43, run])
        state, delay = detector.start(), 0
        for i in range(260):
            values = rng.normal(shift / np.sqrt(12) * (i >= 200), size=12)
            replay = ReplayValues(key=f"{run}-{i}", values={f"p{k}": (float(v),) for k, v in enumerate(values)})
            state = detector.update(state, replay)
            if state.latch is not None:
                delay = i - 199
                break
        if delay > 0:
            delays.append(delay)
    mean, error = np.mean(delays), np.std(delays) / np.sqrt(len(delays))
    exact = two_sided_arl(reference=0.5, threshold=cusum_threshold(arl=500), shift=shift)
    assert mean - 4 * error < 1.15 * exact
    assert mean + 4 * error > 0.85 * exact
