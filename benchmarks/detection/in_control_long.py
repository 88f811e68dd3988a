"""In-control ARL at several nominals from one fold each: `python -m benchmarks.detection.in_control_long`.

By the compiled mirror, hence for pass/fail, grades and lengths. A fold without a latch crosses every level once, so that
one deployment serves nominal 500 and 5,000, guaranteed and calibrated. Run lengths are cut at the horizon and enter as
an exponential law's; the standard error is ARL / sqrt(alarms). Cells are kept in in_control_long.json.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

from benchmarks.detection.mirror import KINDS, statistic
from benchmarks.detection.scenarios import FAMILIES
from driftwatch.stats.calibrate import mixture_threshold

KEPT = Path(__file__).parent / "in_control_long.json"
SEED = 20252
NOMINAL = (500, 5000)


def crossings(family: str, baseline: int, probes: int, horizon: int, run: int, levels: list[float]) -> list[int | None]:
    """Monitored replays until the statistic first reaches each level; None up to the horizon."""
    rng = np.random.default_rng([SEED, run, baseline, probes, sum(map(ord, family))])
    values = FAMILIES[family](rng).sample(rng, np.zeros(baseline + horizon))[:, rng.permutation(60)[:probes]]
    found = statistic(family, values, baseline, max(levels), rng.random(baseline + horizon))
    return [int(np.argmax(hit)) + 1 if (hit := found >= level).any() else None for level in levels]


def cell(lengths: list[int | None], horizon: int) -> dict[str, float]:
    alarms = sum(n is not None for n in lengths)
    arl = sum(horizon if n is None else n for n in lengths) / max(alarms, 1)
    return {
        "arl": round(arl),
        "error": round(arl / math.sqrt(max(alarms, 1))),
        "runs": len(lengths),
        "horizon": horizon,
    }


def measured(family: str, baseline: int, probes: int, runs: int, horizon: int) -> dict[str, dict[str, float]]:
    kind = KINDS[family]
    names = [(nominal, how) for nominal in NOMINAL for how in ("guaranteed", "calibrated")]
    levels = [mixture_threshold(arl=n, kind=kind if how == "calibrated" else None) for n, how in names]
    found = [crossings(family, baseline, probes, horizon, run, levels) for run in range(runs)]
    return {
        f"{family} {probes} {baseline} {nominal} {how}": cell([each[i] for each in found], horizon)
        for i, (nominal, how) in enumerate(names)
    }


def table(cells: dict[str, dict[str, float]]) -> str:
    """Markdown, a line per metric, probes and baseline."""
    columns = [f"{nominal} {how}" for nominal in NOMINAL for how in ("guaranteed", "calibrated")]
    lines = [
        "| metric | probes | baseline | " + " | ".join(columns) + " | deployments, horizon |",
        "|---" * (4 + len(columns)) + "|",
    ]
    rows = dict.fromkeys(key.rsplit(" ", 2)[0] for key in cells)
    for row in sorted(rows, key=lambda r: (list(KINDS).index(r.split()[0]), -int(r.split()[1]), int(r.split()[2]))):
        each = [cells[f"{row} {column}"] for column in columns]
        arls = " | ".join(f"{c['arl']} ± {c['error']}" for c in each)
        lines.append("| " + " | ".join(row.split()) + f" | {arls} | {each[0]['runs']}, {each[0]['horizon']} |")
    return "\n".join(lines)


def kept() -> dict[str, dict[str, float]]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.in_control_long", description=__doc__)
    parser.add_argument("--families", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--baselines", nargs="+", type=int, default=[20, 30, 50, 200])
    parser.add_argument("--probes", type=int, default=60, help="of the benchmark's 60")
    parser.add_argument("--runs", type=int, default=120)
    parser.add_argument("--horizon", type=int, default=1200)
    given = parser.parse_args()
    for family in given.families:
        for baseline in given.baselines:
            found = measured(family, baseline, given.probes, given.runs, given.horizon)
            KEPT.write_text(json.dumps(kept() | found, indent=1) + "\n")
            print(family, baseline, found, file=sys.stderr, flush=True)
    print(table(kept()))


if __name__ == "__main__":
    main()
