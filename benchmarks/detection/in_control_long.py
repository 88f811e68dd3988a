"""In-control ARL at several nominals from one fold each: `python -m benchmarks.detection.in_control_long`.

By the compiled mirror, hence for pass/fail, grades and measures without a common factor. A fold without a latch crosses every threshold once, so that
one deployment serves nominal 500 and 5,000, guaranteed and calibrated. Run lengths are cut at the horizon and enter as
an exponential law's; the standard error is ARL / sqrt(alarms). Cells are kept in in_control_long.json.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.detection.laws import Law, Passes
from benchmarks.detection.ours import SETTINGS, thresholds
from benchmarks.detection.scenarios import FAMILIES, PROBES

KEPT = Path(__file__).parent / "in_control_long.json"
SEED = 7
HOW = ("guaranteed", "calibrated")
WANTED = [(nominal, how) for nominal in (500, 5000) for how in HOW]


def _steady(rates: np.ndarray) -> Law:
    return Passes(before=rates, after=rates)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Answers of a law that never changes."""

    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]

    def sample(self, rng, severity):
        return self.draw(rng, (len(severity), PROBES))


def _waits(rng):
    """By their logarithms a long tail below: times that are waited, exponential and a little less wild."""
    shape, scale = rng.uniform(0.8, 3, PROBES), rng.lognormal(0, 1, PROBES)
    return Drawn(draw=lambda rng, size: scale * rng.gamma(shape, size=size))


def _tails(rng):
    mean, sd = rng.normal(5, 0.8, PROBES), rng.uniform(0.1, 0.4, PROBES)
    return Drawn(draw=lambda rng, size: np.exp(mean + sd * rng.standard_t(4, size)))


def _tokens(rng):
    mean, more = rng.lognormal(2.5, 0.8, PROBES), rng.uniform(3, 20, PROBES)
    return Drawn(draw=lambda rng, size: 1.0 + rng.poisson(mean * rng.gamma(more, 1 / more, size)))


def _novelty(rng):
    """Distances from a probe's own texts: a share of the answers says one of them word for word."""
    again, middle = rng.beta(1, 2, PROBES), rng.uniform(0.2, 0.6, PROBES)
    own = rng.uniform(0, 0.3, PROBES) * (rng.random(PROBES) < 0.7)
    return Drawn(
        draw=lambda rng, size: np.where(rng.random(size) < again, own, rng.beta(20 * middle, 20 * (1 - middle), size))
    )


def _wild(rng):
    mean, sd = rng.normal(5, 0.8, PROBES), rng.uniform(0.1, 0.4, PROBES)
    return Drawn(draw=lambda rng, size: np.exp(mean + sd * np.clip(rng.standard_t(1, size), -200, 200)))


def _three(_rng):
    return Drawn(draw=lambda rng, size: rng.integers(1, 4, size).astype(float))


HARD: Mapping[str, Callable[[np.random.Generator], Law | Drawn]] = {
    "flaky": lambda rng: _steady(rng.beta(2, 1, PROBES)),
    "reliable": lambda rng: _steady(1 - rng.beta(1, 60, PROBES)),
    "alike": lambda _rng: _steady(np.full(PROBES, 0.9)),
    "waits": _waits,
    "tails": _tails,
    "tokens": _tokens,
    "novelty": _novelty,
    "wild": _wild,
    "three": _three,
}
"""Pass/fail otherwise than in the benchmark: no probe that always passes, hardly a failure anywhere, all alike; and measures
otherwise: skewed times, Student's law of four degrees, over-dispersed small counts, distances of texts, a law without a mean, and
counts of three values."""


def metric(family: str) -> str:
    """The mirror's name for what a family is."""
    if family in SETTINGS:
        return family
    return "pass" if family in ("flaky", "reliable", "alike") else "length"


def crossings(
    family: str, baseline: int, probes: int, horizon: int, run: int, wanted: Sequence[tuple[int, str]]
) -> list[int | None]:
    """Monitored replays until the statistic first reaches each wanted threshold; None up to the horizon."""
    rng = np.random.default_rng([SEED, run, baseline, sum(map(ord, family))])
    law = (FAMILIES | HARD)[family](rng)
    values = law.sample(rng, np.zeros(baseline + horizon))[:, rng.permutation(PROBES)[:probes]]
    from benchmarks.detection.mirror import statistic  # needs numba, which showing the table does not

    kind = metric(family)
    levels = [
        thresholds(SETTINGS[kind]["kind"], values, baseline, arl=nominal, guaranteed=how == "guaranteed")
        for nominal, how in wanted
    ]
    found = statistic(kind, values, baseline, float(np.max(levels)), rng.random(baseline + horizon))
    return [int(np.argmax(hit)) + 1 if (hit := found >= level).any() else None for level in levels]


def cell(lengths: list[int | None], horizon: int) -> dict[str, float]:
    """ARL with its standard error."""
    alarms = sum(n is not None for n in lengths)
    arl = sum(horizon if n is None else n for n in lengths) / max(alarms, 1)
    return {
        "arl": round(arl),
        "error": round(arl / math.sqrt(max(alarms, 1))),
        "runs": len(lengths),
        "horizon": horizon,
    }


def measured(
    family: str, baseline: int, probes: int, runs: int, horizon: int, wanted: Sequence[tuple[int, str]]
) -> dict[str, dict[str, float]]:
    """Cells of one metric and baseline."""
    found = [crossings(family, baseline, probes, horizon, run, wanted) for run in range(runs)]
    return {
        f"{family} {probes} {baseline} {nominal} {how}": cell([each[i] for each in found], horizon)
        for i, (nominal, how) in enumerate(wanted)
    }


def table(cells: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown, a line per metric, probes and baseline."""
    columns = [f"{nominal} {how}" for nominal, how in WANTED]
    lines = [
        "| metric | probes | baseline | " + " | ".join(columns) + " | deployments, horizon |",
        "|---" * (4 + len(columns)) + "|",
    ]
    families = [*SETTINGS, *HARD]
    rows = dict.fromkeys(key.rsplit(" ", 2)[0] for key in cells)
    for row in sorted(rows, key=lambda r: (families.index(r.split()[0]), -int(r.split()[1]), int(r.split()[2]))):
        each = [cells.get(f"{row} {column}") for column in columns]
        arls = " | ".join(map(_arl, each))
        sizes = dict.fromkeys(f"{c['runs']}, {c['horizon']}" for c in each if c)
        lines.append("| " + " | ".join(row.split()) + f" | {arls} | {'; '.join(sizes)} |")
    return "\n".join(lines)


def _arl(found: Mapping[str, float] | None) -> str:
    if found is None:
        return "-"
    if found["error"] >= found["arl"]:
        return f"one alarm at most in {found['arl']}"
    return f"{found['arl']} ± {found['error']}"


def kept() -> dict[str, dict[str, float]]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.in_control_long", description=__doc__)
    parser.add_argument("--families", nargs="+", default=list(SETTINGS), choices=[*SETTINGS, *HARD])
    parser.add_argument("--baselines", nargs="+", type=int, default=[20, 30, 50, 200])
    parser.add_argument("--probes", type=int, default=PROBES, help=f"of the benchmark's {PROBES}")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--horizon", type=int, default=1000)
    parser.add_argument("--nominal", nargs="+", type=int, default=[500, 5000])
    parser.add_argument("--how", nargs="+", default=list(HOW), choices=HOW)
    given = parser.parse_args()
    wanted = [(nominal, how) for nominal, how in WANTED if nominal in given.nominal and how in given.how]
    for family in given.families:
        for baseline in given.baselines:
            found = measured(family, baseline, given.probes, given.runs, given.horizon, wanted)
            KEPT.write_text(json.dumps(kept() | found, indent=1) + "\n")
            print(family, baseline, found, file=sys.stderr, flush=True)
    print(table(kept()))


if __name__ == "__main__":
    main()
