"""Detection delay of the stream detector: `python benchmarks/detection/delay.py`.

60 probes, baseline 30, change 50 replays later, mean delay in replays with runs cut at 200. Deployments
that alarmed before the change are left out. Thresholds are the detector's own for the stated ARL.
"""

import argparse

import numpy as np

from driftwatch.stats.stream import ReplayValues, StreamDetector

PROBES, BASELINE, QUIET, HORIZON = 60, 30, 50, 200


def passes(rng):
    """A third of the probes always pass, the rest have rates around 0.84: 0.89 in all."""
    rates = np.where(np.arange(PROBES) < PROBES // 3, 1.0, rng.beta(5, 1, PROBES))
    rates[PROBES // 3 :] *= 0.835 / rates[PROBES // 3 :].mean()
    return np.minimum(rates, 1.0)


def pass_fall(rng, to):
    """Every rate falls by the same factor."""
    rates = passes(rng)
    return "binary", lambda changed: (rng.random(PROBES) < rates * (to / 0.89 if changed else 1)).astype(float)


def one_breaks(rng):
    """One probe that always passed fails for good."""
    rates = passes(rng)
    broken = np.where(np.arange(PROBES) == 0, 0.0, 1.0)
    return "binary", lambda changed: (rng.random(PROBES) < rates * (broken if changed else 1)).astype(float)


def judge(rng, shift=0.0, spread=1.0, refusals=0.0):
    """A judge's 1 to 5 in half points."""
    means, sd = rng.uniform(2.5, 4.5, PROBES), rng.uniform(0.3, 0.7, PROBES)

    def draw(changed):
        noise = rng.normal(0, sd * (spread if changed else 1))
        grades = np.clip(np.rint(2 * (means + noise + (shift if changed else 0))) / 2, 1, 5)
        return np.where(changed & (rng.random(PROBES) < refusals), 1.0, grades)

    return "graded", draw


def length(rng, factor=1.0, spread=1.0):
    """Log-normal counts, a spread of each probe's own."""
    means, sd = rng.normal(5, 0.8, PROBES), rng.uniform(0.1, 0.4, PROBES)

    def draw(changed):
        return np.rint(np.exp(rng.normal(means, sd * (spread if changed else 1))) * (factor if changed else 1))

    return "continuous", draw


SCENARIOS = {
    "pass .89 to .83": lambda rng: pass_fall(rng, 0.83),
    "pass .89 to .87": lambda rng: pass_fall(rng, 0.87),
    "one probe of 60 breaks": one_breaks,
    "judge mean -0.2": lambda rng: judge(rng, shift=-0.2),
    "judge mean -0.05": lambda rng: judge(rng, shift=-0.05),
    "judge spread x1.3": lambda rng: judge(rng, spread=1.3),
    "5 % refusals, judged": lambda rng: judge(rng, refusals=0.05),
    "length x0.9": lambda rng: length(rng, factor=0.9),
    "length x0.97": lambda rng: length(rng, factor=0.97),
    "length spread x1.5": lambda rng: length(rng, spread=1.5),
}


def delay(scenario, arl, seed):
    """Replays from the change to the alarm, and the chart; None when it came too early."""
    rng = np.random.default_rng(seed)
    kind, draw = SCENARIOS[scenario](rng)
    detector = StreamDetector(baseline_replays=BASELINE, arl=arl, kind=kind)
    state = detector.start()
    at = BASELINE + QUIET
    for i in range(at + HORIZON):
        values = {f"p{k:02}": (float(v),) for k, v in enumerate(draw(i >= at))}
        state = detector.update(state, ReplayValues(key=f"{seed}-{i}", values=values))
        if state.latch is not None:
            return (i - at + 1, state.latch.chart) if i >= at else None
    return HORIZON, "none"


def main():
    """Print one row per scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arl", type=float, default=500)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20252)
    given = parser.parse_args()
    for scenario in SCENARIOS:
        found = [d for run in range(given.runs) if (d := delay(scenario, given.arl, [given.seed, run])) is not None]
        delays = np.array([d for d, _ in found])
        charts = {name: sum(c == name for _, c in found) for name in ("cusum", "ks", "none")}
        print(f"{scenario} | {delays.mean():.1f} +- {delays.std() / np.sqrt(delays.size):.1f} | {charts}", flush=True)


if __name__ == "__main__":
    main()
