"""In-control ARL of the whole stream detector: `python benchmarks/detection/in_control.py`.

Both charts together, budget split as in production, reference growing, probes of unequal difficulty.
Run length counts monitored replays; runs are cut at a horizon and counted as censored.
"""

import argparse
from collections.abc import Callable

import numpy as np

from driftwatch.stats.run_length import RunLength, censored_arl
from driftwatch.stats.stream import ReplayValues, StreamDetector

Draw = Callable[[np.random.Generator], np.ndarray]


def binary(rng: np.random.Generator, probes: int) -> Draw:
    """Pass/fail; a third of the probes always pass."""
    rates = np.where(rng.random(probes) < 1 / 3, 1.0, rng.beta(4, 1, probes))
    return lambda r: (r.random(probes) < rates).astype(float)


def graded(rng: np.random.Generator, probes: int) -> Draw:
    """A judge's 1 to 5 in half points."""
    means, sd = rng.uniform(2.5, 4.8, probes), rng.uniform(0.2, 0.7, probes)
    return lambda r: np.clip(np.rint(2 * r.normal(means, sd)) / 2, 1, 5)


def continuous(rng: np.random.Generator, probes: int) -> Draw:
    """Lengths: log-normal with a spread of each probe's own."""
    means, sd = rng.normal(5, 1, probes), rng.uniform(0.1, 0.6, probes)
    return lambda r: np.exp(r.normal(means, sd))


def common(rng: np.random.Generator, probes: int) -> Draw:
    """Continuous with an independent factor per replay that moves every probe by 0.2 sd (Z has sd 1.8)."""
    base = continuous(rng, probes)
    return lambda r: base(r) * np.exp(0.35 * 0.2 * r.normal())


KINDS = {"binary": binary, "graded": graded, "continuous": continuous, "common": common}


def one_run(detector: StreamDetector, draw: Draw, rng: np.random.Generator, horizon: int) -> tuple[int, bool, str]:
    """Monitored replays to the first alarm that may page."""
    state = detector.start()
    for i in range(detector.baseline_replays + horizon):
        values = draw(rng)
        replay = ReplayValues(
            key=f"{rng.integers(2**60)}-{i}", values={f"p{k:04}": (float(v),) for k, v in enumerate(values)}
        )
        state = detector.update(state, replay)
        if state.latch is not None:
            return i + 1 - detector.baseline_replays, True, state.latch.chart
    return horizon, False, ""


def measure(
    kind: str, detector: StreamDetector, probes: int, runs: int, seed: int, shares: dict[str, int]
) -> RunLength:
    """ARL over `runs` deployments, each with its own probes."""
    lengths, alarmed = [], []
    for run in range(runs):
        rng = np.random.default_rng([seed, run, detector.baseline_replays, sum(map(ord, kind))])
        length, alarm, chart = one_run(detector, KINDS[kind](rng, probes), rng, int(4 * detector.arl))
        lengths.append(length)
        alarmed.append(alarm)
        shares[chart] = shares.get(chart, 0) + 1
    return censored_arl(lengths, alarmed)


def main() -> None:
    """Print one row per kind and baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arl", type=float, default=500)
    parser.add_argument("--kinds", nargs="+", default=["binary", "graded", "continuous"])
    parser.add_argument("--baselines", nargs="+", type=int, default=[20, 30, 50])
    parser.add_argument("--probes", type=int, default=30)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20251)
    parser.add_argument("--set", nargs="*", default=[], help="detector settings, name=value")
    given = parser.parse_args()
    settings = {name: float(value) for name, value in (item.split("=") for item in given.set)}
    for kind in given.kinds:
        for baseline in given.baselines:
            cap = int(settings.pop("reference_cap", 200))
            detector = StreamDetector(
                baseline_replays=baseline,
                arl=given.arl,
                kind="continuous" if kind == "common" else kind,
                reference_cap=cap,
                **settings,
            )
            settings["reference_cap"] = cap
            shares: dict[str, int] = {}
            found = measure(kind, detector, given.probes, given.runs, given.seed, shares)
            print(f"{kind} {baseline} {found.arl:.0f} +- {found.standard_error:.0f} {shares}", flush=True)


if __name__ == "__main__":
    main()
