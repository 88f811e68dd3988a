"""Delays of pass/fail long after the reference is full, at matched run lengths: `python -m benchmarks.detection.at_rest`.

By the compiled mirror, so by a python with what mirror.txt names. Every deployment is quiet for 500 replays after its baseline and
then changes in one of several ways. The level is that at which the quiet replays from the 251st on alarm as often as the run length
asks for; a deployment that had alarmed by then is left out.
"""

import argparse
from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.detection import mirror
from benchmarks.detection.scenarios import PROBES, broken, flaky, passes

SEED, BASELINE, QUIET, SETTLED, AFTER = 33, 30, 500, 250, 80

CHANGES: Mapping[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "pass .89 to .83": lambda _rng, rates: rates * 0.83 / 0.89,
    "pass .89 to .87": lambda _rng, rates: rates * 0.87 / 0.89,
    "one probe breaks": broken,
    "flaky probes, .02 in all": lambda rng, rates: flaky(rng, rates, 0.02),
    "flaky probes, .06 in all": flaky,
    "2 % of answers turn": lambda _rng, rates: rates * 0.98,
    "three break": lambda rng, rates: broken(rng, rates, 3),
}


def statistic(run: int, change: str) -> np.ndarray:
    """The mixture's statistic of one deployment, from the end of its baseline on."""
    rng = np.random.default_rng([SEED, run])
    law = passes(rng)
    quiet = law.sample(rng, np.zeros(BASELINE + QUIET))
    uniforms = rng.random(BASELINE + QUIET + AFTER)
    later = np.random.default_rng([SEED + 1, run])
    rates = CHANGES[change](later, law.before)
    changed = (later.random((AFTER, PROBES)) < rates).astype(float)
    return mirror.statistic("pass", np.concatenate([quiet, changed]), BASELINE, 1e9, uniforms)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.at_rest", description=__doc__)
    parser.add_argument("--runs", type=int, default=700)
    parser.add_argument("--arl", type=float, nargs="+", default=[500.0, 5000.0])
    given = parser.parse_args()
    names = [list(CHANGES)[run % len(CHANGES)] for run in range(given.runs)]
    found = np.array([statistic(run, name) for run, name in enumerate(names)])
    quiet, changed = found[:, SETTLED:QUIET], found[:, QUIET:]
    for arl in given.arl:
        level = float(np.quantile(quiet.max(axis=1), np.exp(-(QUIET - SETTLED) / arl)))
        print(f"\nrun length {arl:g}: level {level:.2f}, {np.log(arl) - level:.2f} below its logarithm\n")
        print("| change | delay | deployments |\n|---|---|---|")
        for name in CHANGES:
            own = (np.array(names) == name) & (quiet.max(axis=1) < level)
            hits = changed[own] >= level
            delays = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, AFTER + 1)
            print(f"| {name} | {delays.mean():.2f} ± {delays.std() / len(delays) ** 0.5:.2f} | {len(delays)} |")


if __name__ == "__main__":
    main()
