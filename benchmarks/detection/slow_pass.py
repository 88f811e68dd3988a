"""False alarms of pass/fail under a factor common to all probes that changes slowly: `python -m benchmarks.detection.slow_pass`.

Whole detectors, an hour between replays. The factor, in standard deviations of a replay's evidence, moves the odds of every probe that
sometimes fails; it is AR(1). After an alarm the stream is watched anew once it has been calm for six replays.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from driftwatch.stats.stream import ReplayValues, StreamDetector

SEED, PROBES, SURE, PASSING, BASELINE, LEARNED, CALM = 9, 60, 20, 0.835, 24, 1000, 6


def replays(run: int, count: int, factor: float, memory: float) -> Iterator[np.ndarray]:
    """Passes of every replay, shape (n_probes,): a third always pass, the others at rates of .83 on average."""
    rng = np.random.default_rng([SEED, run])
    rates = rng.beta(5, 1, PROBES)
    rates[:SURE] = 1.0
    rates[SURE:] *= PASSING / rates[SURE:].mean()
    rates = np.minimum(rates, 1)
    spread, level = (rates * (1 - rates)).sum() ** 0.5, rng.normal()
    for _ in range(count):
        level = memory * level + (1 - memory**2) ** 0.5 * rng.normal()
        now, some = rates.copy(), (rates > 0) & (rates < 1)
        odds = now[some] / (1 - now[some]) * np.exp(factor * level / spread)
        now[some] = odds / (1 + odds)
        yield (rng.random(PROBES) < now).astype(float)


def alarms(run: int, count: int, factor: float, memory: float, arl: float) -> list[int]:
    """Replays of one deployment's alarms."""
    detector = StreamDetector(baseline_replays=BASELINE, arl=arl, kind="binary")
    state, found, latched = detector.start(), list[int](), False
    for at, row in enumerate(replays(run, count, factor, memory)):
        values = {f"p{k}": (value,) for k, value in enumerate(row.tolist())}
        state = detector.update(state, ReplayValues(key=f"{run}-{at}", values=values, hours=float(at)))
        if state.latch is not None and not latched:
            found.append(at)
        latched = state.latch is not None
        if state.latch is not None and state.latch.calm >= CALM:
            state, latched = detector.rearm(state), False
    return found


def _mean(numbers: list[int]) -> str:
    return f"{np.mean(numbers):.1f} ± {np.std(numbers) / len(numbers) ** 0.5:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.slow_pass", description=__doc__)
    parser.add_argument("--runs", type=int, default=18)
    parser.add_argument("--replays", type=int, default=3000)
    parser.add_argument("--arl", type=float, default=8760)
    given = parser.parse_args()
    print(f"| factor | alarms in {given.replays} | after the first {LEARNED} |\n|---|---|---|")
    for factor, memory in ((0.5, 0.95), (0.5, 0.8), (1.0, 0.95)):
        found = [alarms(run, given.replays, factor, memory, given.arl) for run in range(given.runs)]
        late = [sum(at >= LEARNED for at in each) for each in found]
        print(f"| {factor:g}, AR({memory:g}) | {_mean([len(each) for each in found])} | {_mean(late)} |", flush=True)


if __name__ == "__main__":
    main()
