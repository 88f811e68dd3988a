"""Fit what `driftwatch.stats.mixture_slack` holds: `python -m benchmarks.detection.mixture_slack --kinds binary`.

By the compiled mirror. Null deployments of many laws; when each first reaches each level is counted by stretches of its
life: while the reference grows, and as it rests longer. The logarithm of the run length less the level, the slack, is
then a Poisson regression on what the product knows of a stream. Counts are kept in mixture_slack.json; `--simulate
FAMILY,PROBES,BASELINE,RUNS,HORIZON ...` adds cells by the python of mirror.txt (seed 101), `--again` renews those kept.
"""

import argparse
import itertools
import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.detection.in_control_long import HARD, metric
from benchmarks.detection.ours import SETTINGS
from benchmarks.detection.scenarios import FAMILIES, PROBES
from driftwatch.stats.bags import Bags
from driftwatch.stats.mixture_slack import shown

KEPT = Path(__file__).parent / "mixture_slack.json"
SEED, CAP = 101, 200
LEVELS = (4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5)
SIXTY = 60
SPREADS = {"binary": (0.08, 0.25, 0.08), "graded": (0.2, 1.0, 0.25), "continuous": (0.0, 0.3, 0.0)}
"""Range of what is known of a stream's answers that counts, and the middle from which: variances, and shares of ties."""

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def _passing(rates: Callable[[np.random.Generator, int], np.ndarray]) -> Draw:
    def draw(rng, replays, probes):
        chances = rates(rng, probes)
        return (rng.random((replays, probes)) < chances).astype(float)

    return draw


def _third_sure(rng, probes):
    rates = rng.beta(5, 1, probes)
    rates[: probes // 3] = 1
    return rates


def _some_never(rng, probes):
    kind = rng.random(probes)
    return np.where(kind < 0.5, 1.0, np.where(kind < 0.7, 0.0, rng.beta(2, 2, probes)))


def _measures(noise: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]) -> Draw:
    def draw(rng, replays, probes):
        mean, sd = rng.normal(5, 0.8, probes), rng.uniform(0.1, 0.4, probes)
        return np.exp(mean + sd * noise(rng, (replays, probes)))

    return draw


def _counts(rng, replays, probes):
    rates = rng.uniform(2, 12, probes)
    return 1.0 + rng.poisson(rates, (replays, probes))


def _words(rng, replays, probes):
    mean = rng.uniform(0.7, 2.5, probes)
    return np.maximum(np.rint(np.exp(rng.normal(mean, 0.3, (replays, probes)))), 1.0)


def _folded(rng, replays, probes):
    """Sizes of differences, as distances of log-probabilities are: by their logarithms a long tail below."""
    return np.exp(rng.normal(-5, 1, probes)) * np.abs(rng.normal(size=(replays, probes)))


def _refusing(rng, replays, probes):
    values = _measures(_normal)(rng, replays, probes)
    return np.where(rng.random(values.shape) < rng.beta(1, 30, probes), values / 10, values)


def _texts(rng, replays, probes):
    """Novelty: a probe has few texts that it says again and again, each with its distance, or says a new one."""
    values = np.zeros((replays, probes))
    for k in range(probes):
        known = 1 + rng.geometric(0.4)
        distances = np.append(0.0 if rng.random() < 0.5 else 0.05, rng.uniform(0.1, 0.5, known))
        said = rng.choice(distances, replays, p=rng.dirichlet(np.full(known + 1, 0.7)))
        new = rng.beta(8, 12, replays)
        values[:, k] = np.where(rng.random(replays) < rng.beta(1, 3), new, said)
    return values


def _sparse(rng, replays, probes):
    """Distances of an endpoint that mostly says word for word what it said."""
    other = rng.random((replays, probes)) < rng.beta(1, 12, probes)
    return np.where(other, rng.beta(2, 5, other.shape), 0.0)


def _normal(rng, shape):
    return rng.normal(size=shape)


def _five(rng, replays, probes):
    mean = rng.uniform(3, 5, probes)
    return np.clip(np.rint(rng.normal(mean, 0.7, (replays, probes))), 1, 5)


def _tests_grades(rng, replays, probes):
    rates = np.where(rng.random(probes) < 1 / 3, 1.0, rng.beta(4, 1, probes))
    return np.clip(np.rint(2 * rng.normal(5 * rates, 0.5, (replays, probes))) / 2, 1, 5)


def _mostly(draw: Draw, same: float) -> Draw:
    """The same where four probes of five always answer alike."""

    def drawn(rng, replays, probes):
        values = draw(rng, replays, probes)
        values[:, rng.random(probes) < 0.8] = same
        return values

    return drawn


LAWS: Mapping[str, tuple[str, Draw]] = {
    "tpass": (
        "pass",
        _passing(lambda rng, n: np.where(rng.random(n) < 1 / 3, 1.0, rng.beta(4, 1, n))),
    ),
    "half": ("pass", _passing(lambda rng, n: rng.beta(3, 3, n))),
    "few": ("pass", _passing(lambda rng, n: np.where(rng.random(n) < 0.8, 1.0, rng.beta(2, 1, n)))),
    "alwaysfail": ("pass", _passing(_some_never)),
    "bigpass": ("pass", _passing(_third_sure)),
    "bigreliable": ("pass", _passing(lambda rng, n: 1 - rng.beta(1, 60, n))),
    "t3": ("length", _measures(lambda rng, shape: rng.standard_t(3, shape))),
    "smooth": ("length", _measures(_normal)),
    "counts": ("length", _counts),
    "tjudge": ("judge", _tests_grades),
    "five": ("judge", _five),
    "fewjudge": ("judge", _mostly(_tests_grades, 5.0)),
    "fewcounts": ("length", _mostly(_counts, 3.0)),
    "words": ("length", _words),
    "folded": ("length", _folded),
    "refusing": ("length", _refusing),
    "texts": ("length", _texts),
    "sparse": ("length", _sparse),
}
"""Laws beside the benchmark's: the mirror's name for the metric, and what the probes answer."""


def deployment(family: str, probes: int, baseline: int, horizon: int, run: int) -> tuple[str, np.ndarray, np.ndarray]:
    """The mirror's name for the metric, its values, and what breaks the lattice of its passes."""
    rng = np.random.default_rng([SEED, run, baseline, probes, sum(map(ord, family))])
    replays = baseline + horizon
    if family in LAWS:
        kind, draw = LAWS[family]
        return kind, draw(rng, replays, probes), rng.random(replays)
    law = (FAMILIES | HARD)[family](rng)
    return metric(family), law.sample(rng, np.zeros(replays))[:, rng.permutation(PROBES)[:probes]], rng.random(replays)


def stretches(baseline: int, horizon: int) -> list[int]:
    """Ends of the stretches of a deployment's life, in monitored replays; its first ones are left out."""
    grown = max(CAP - baseline, 20)
    return [
        *(end for end in (20, 60, 110) if end < grown),
        *(grown + later for later in (0, 60, 150, 300, 600)),
        horizon,
    ]


def counted(first: np.ndarray, baseline: int, horizon: int) -> list[list[float]]:
    """Level, `fixed`, replays at risk and alarms, by stretch; `first` crossings, 0 for none, (n_runs, n_levels)."""
    rows = []
    ends = stretches(baseline, horizon)
    for level, reached in zip(LEVELS, np.where(first > 0, first, horizon + 1).T, strict=True):
        for start, end in itertools.pairwise(ends):
            rested = max(0.0, (start + end) / 2 - max(CAP - baseline, 0))
            at_risk = np.clip(np.minimum(reached, end) - start, 0, None).sum()
            alarms = ((reached > start) & (reached <= end)).sum()
            rows.append([level, round(math.sqrt(rested / (CAP + rested)), 3), int(at_risk), int(alarms)])
    return rows


def simulate(family: str, probes: int, baseline: int, runs: int, horizon: int, first_run: int = 0) -> dict[str, object]:
    """Counts of one cell: of the deployments from `first_run` on."""
    from benchmarks.detection.mirror import statistic  # needs numba

    first, spreads, kind = np.zeros((runs, len(LEVELS)), dtype=np.int64), [], ""
    for run in range(runs):
        kind, values, uniforms = deployment(family, probes, baseline, horizon, first_run + run)
        top = np.maximum.accumulate(np.nan_to_num(statistic(kind, values, baseline, LEVELS[-1], uniforms), nan=-1.0))
        first[run] = [int(np.argmax(top >= level)) + 1 if top[-1] >= level else 0 for level in LEVELS]
        seen = shown(Bags(held=values[:baseline].T), kind=SETTINGS[kind]["kind"], first=baseline, fixed=0.0)
        spreads.append(seen.spread if seen else 0.0)
    return {
        "kind": SETTINGS[kind]["kind"],
        "probes": probes,
        "baseline": baseline,
        "spread": round(float(np.mean(spreads)), 4),
        "runs": runs,
        "horizon": horizon,
        "first run": first_run,
        "level, fixed, at risk, alarms": counted(first, baseline, horizon),
    }


def _spread(spread: np.ndarray, kind: str) -> np.ndarray:
    least, most, usual = SPREADS[kind]
    return np.clip(spread, least, most) - usual


def fit(cells: list[Mapping[str, object]]) -> dict[str, float]:
    """Coefficients of the slack: Poisson regression by Newton's steps."""
    rows = [
        (one["probes"], one["spread"], *row)
        for one in cells
        for row in one["level, fixed, at risk, alarms"]
        if row[2] > 0
    ]
    probes, spread, level, fixed, at_risk, alarms = np.array(rows, dtype=float).T
    known = np.column_stack(
        [
            np.ones(level.size),
            fixed,
            _spread(spread, cells[0]["kind"]),
            np.log(np.minimum(probes, SIXTY) / SIXTY),
            np.clip(level - 5, -1, 2.5),
        ]
    )
    slack = np.zeros(known.shape[1])
    for _ in range(30):
        expected = at_risk * np.exp(-level - known @ slack)
        slack -= np.linalg.pinv(known.T @ (known * expected[:, None])) @ known.T @ (alarms - expected)
    return dict(zip(("growing", "fixed", "spread", "probes", "longer"), slack.round(3).tolist(), strict=True))


def left(one: Mapping[str, object], fitted: Mapping[str, float]) -> list[str]:
    """By how much a cell's slack is more than the fit says, at three levels, growing and at rest."""
    out = []
    for level in (5.0, 6.0, 7.0):
        for resting in (False, True):
            rows = [r for r in one["level, fixed, at risk, alarms"] if r[0] == level and (r[1] > 0) == resting]
            alarms = sum(r[3] for r in rows)
            slack = (
                fitted["growing"]
                + fitted["spread"] * float(_spread(np.array(one["spread"]), one["kind"]))
                + fitted["probes"] * math.log(min(one["probes"], SIXTY) / SIXTY)
                + fitted["longer"] * (level - 5)
            )
            expected = sum(r[2] * math.exp(-level - slack - fitted["fixed"] * r[1]) for r in rows)
            out.append(f"{math.log(expected / alarms):+.2f} ± {1 / math.sqrt(alarms):.2f}" if alarms else "-")
    return out


def again(cells: Mapping[str, Mapping[str, object]], kinds: list[str]) -> list[str]:
    """Every kept cell of these kinds as `--simulate` asks for it: after a change of channels or weights."""
    return [
        ",".join(map(str, [*name.split()[:3], one["runs"], one["horizon"], one.get("first run", 0)]))
        for name, one in cells.items()
        if one["kind"] in kinds
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.mixture_slack", description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=["binary", "graded", "continuous"])
    parser.add_argument("--simulate", nargs="+", default=[], metavar="FAMILY,PROBES,BASELINE,RUNS,HORIZON[,FIRST]")
    parser.add_argument("--again", action="store_true", help="simulate all kept cells of the kinds once more")
    given = parser.parse_args()
    cells = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for wanted in given.simulate + (again(cells, given.kinds) if given.again else []):
        family, *sizes = wanted.split(",")
        more = [first for first in sizes[4:] if first != "0"]
        cells[" ".join([family, *sizes[:2], *more])] = simulate(family, *map(int, sizes))
        KEPT.write_text(text(cells))
        print(wanted, file=sys.stderr, flush=True)
    for kind in given.kinds:
        chosen = {name: one for name, one in cells.items() if one["kind"] == kind}
        if chosen:
            fitted = fit(list(chosen.values()))
            print(
                f"\n{kind}: {fitted}\n\n| law, probes, baseline | growing, 5 | resting, 5 | growing, 6 | resting, 6 | growing, 7 | resting, 7 |"
            )
            print("|---|---|---|---|---|---|---|")
            for name, one in chosen.items():
                print(f"| {name} | " + " | ".join(left(one, fitted)) + " |")


def text(cells: Mapping[str, object]) -> str:
    """JSON, a line per cell."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in cells.items()) + "\n}\n"


if __name__ == "__main__":
    main()
