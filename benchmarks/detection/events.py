"""What it brings to bet on the right answer of a pass/fail metric: `python -m benchmarks.detection.events`.

Metrics that are mostly zero, such as refusals, by whole detectors that look for more zeros, and for more ones. 60
probes, baseline 24, 50 quiet replays, then the change; an ARL of 35,040 replays: a quarter of one page a year.
"""

import argparse
from collections.abc import Callable

import numpy as np

from driftwatch.stats import ReplayValues, StreamDetector

PROBES, BASELINE, QUIET, HORIZON, ARL, SEED = 60, 24, 50, 150, 35_040, 5

Rates = Callable[[np.random.Generator], np.ndarray]


def never(_rng):
    return np.zeros(PROBES)


def now_and_then(rng):
    return np.where(rng.random(PROBES) < 0.2, rng.beta(1, 20, PROBES), 0)


def always_one(rates):
    return np.where(np.arange(PROBES) == 7, 0.95, rates)


ROWS: dict[str, tuple[Rates, Callable[[np.ndarray], np.ndarray]]] = {
    "never; then 5 % of all answers": (never, lambda rates: rates + 0.05),
    "never; then 2 % of all answers": (never, lambda rates: rates + 0.02),
    "never; then one probe nearly always": (never, always_one),
    "never; then 3 probes half of the time": (never, lambda rates: np.where(np.arange(PROBES) < 3, 0.5, rates)),
    "a fifth of the probes now and then; then 3 % more": (now_and_then, lambda rates: rates + 0.03),
    "a fifth of the probes now and then; then one probe nearly always": (now_and_then, always_one),
}


def delay(event: str, values: np.ndarray) -> int:
    """Replays from the change to the alarm, the horizon without one; 0 or less where it came before."""
    detector = StreamDetector(baseline_replays=BASELINE, arl=ARL, kind="binary", event=event)
    state = detector.start()
    for i, row in enumerate(values.tolist()):
        state = detector.update(state, ReplayValues(key=f"{i}", values={f"p{k}": (v,) for k, v in enumerate(row)}))
        if state.latch is not None:
            return i + 1 - BASELINE - QUIET
    return HORIZON


def row(name: str, runs: int) -> str:
    """Mean delays of both, with their standard errors."""
    before, change = ROWS[name]
    found: dict[str, list[int]] = {"zeros": [], "ones": []}
    for run in range(runs):
        rng = np.random.default_rng([SEED, run])
        rates = before(rng)
        quiet, changed = rng.random((BASELINE + QUIET, PROBES)), rng.random((HORIZON, PROBES))
        values = np.concatenate([quiet < rates, changed < change(rates)]).astype(float)
        for event, delays in found.items():
            delays.append(delay(event, values))
    watched = [np.array([d for d in delays if d > 0]) for delays in found.values()]
    return f"| {name} | " + " | ".join(f"{d.mean():.1f} ± {d.std() / d.size**0.5:.1f}" for d in watched) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    given = parser.parse_args()
    print("| ones | looking for zeros | looking for ones |\n|---|---|---|")
    for name in ROWS:
        print(row(name, given.runs), flush=True)


if __name__ == "__main__":
    main()
