"""Why a run is longer than exp(h): `python -m benchmarks.detection.overshoot`, by the python of mirror.txt.

Fair bets and no start forgotten would make the ARL exp(h) times the mean of exp(overshoot): R minus the count of replays
is a martingale. What is left beyond that was thrown away: bets less than fair, windows. Null deployments of fifteen
probes by the laws of tests/statistical, a baseline of 20, seed 11; run lengths cut at the horizon enter as an exponential law's.
"""

import argparse
import math
from collections.abc import Callable, Mapping

import numpy as np

SEED, PROBES, BASELINE = 11, 15, 20
STOP = 5.6
LEVELS = (4.0, 4.6, 5.2, math.log(250))

Draw = Callable[[np.random.Generator, np.ndarray, int], np.ndarray]
LAWS: Mapping[str, tuple[str, Draw]] = {
    "binary": ("pass", lambda rng, rates, n: (rng.random((n, PROBES)) < rates).astype(float)),
    "graded": ("judge", lambda rng, rates, n: np.clip(np.rint(2 * rng.normal(5 * rates, 0.5, (n, PROBES))) / 2, 1, 5)),
    "continuous": ("length", lambda rng, rates, n: np.exp(rng.normal(5 * rates, 0.4, (n, PROBES)))),
}
"""Kind of metric -> the mirror's name for it, and what the probes answer."""


def highest(kind: str, run: int, horizon: int) -> np.ndarray:
    """The highest statistic up to each monitored replay of one deployment, until it reaches `STOP`."""
    from benchmarks.detection.mirror import statistic  # needs numba

    name, draw = LAWS[kind]
    rng = np.random.default_rng([SEED, run, BASELINE, PROBES, sum(map(ord, f"t-{kind}"))])
    rates = np.where(rng.random(PROBES) < 1 / 3, 1.0, rng.beta(4, 1, PROBES))
    values = draw(rng, rates, BASELINE + horizon)
    found = statistic(name, values, BASELINE, STOP, rng.random(BASELINE + horizon))
    return np.maximum.accumulate(found[np.isfinite(found)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.overshoot", description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=list(LAWS), choices=list(LAWS))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--horizon", type=int, default=2000)
    given = parser.parse_args()
    print("| kind | h | ARL | ARL / exp(h) | mean exp(overshoot) | left |\n|---|---|---|---|---|---|")
    for kind in given.kinds:
        tops = [highest(kind, run, given.horizon) for run in range(given.runs)]
        for level in LEVELS:
            crossed = [top[top >= level][0] for top in tops if top[-1] >= level]
            arl = sum(int((top < level).sum()) + bool(top[-1] >= level) for top in tops) / len(crossed)
            over = np.exp(np.array(crossed) - level)
            ratio, error = arl / math.exp(level), 1 / math.sqrt(len(crossed))
            print(
                f"| {kind} | {level:.2f} | {arl:.0f} ± {arl * error:.0f} | {ratio:.2f} ± {ratio * error:.2f} | "
                f"{over.mean():.2f} ± {over.std() * error:.2f} | {ratio / over.mean():.2f} |"
            )


if __name__ == "__main__":
    main()
