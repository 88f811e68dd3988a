"""In-control ARL of the whole stream detector by metric and baseline: `python -m benchmarks.detection.in_control`.

Nothing changes; run length counts monitored replays to the first alarm that may page, cut at a horizon and
counted as censored. The share that alarmed within the first 500 replays stands beside it. Cells are kept in
in_control.json, so that a call measures only what it names; RESULTS.md shows them.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.detection import match, ours
from benchmarks.detection.scenarios import FAMILIES, NULL
from driftwatch.stats.run_length import censored_arl

KEPT = Path(__file__).parent / "in_control.json"
SEED = 20251


def run_length(family: str, baseline: int, arl: float, horizon: int, run: int) -> int | None:
    """Monitored replays to the first alarm of one deployment; None up to the horizon."""
    rng = np.random.default_rng([SEED, run, baseline, sum(map(ord, family))])
    values = FAMILIES[family](rng).sample(rng, np.zeros(baseline + horizon))
    name = f"{family}-{baseline}-{run}"
    statistic = ours.statistic(family, values, arl, name, baseline=baseline)
    alarmed = np.flatnonzero(statistic >= 1)
    return int(alarmed[0]) + 1 if alarmed.size else None


def cell(lengths: list[int | None], horizon: int) -> dict[str, float]:
    """ARL with its standard error, and the share of early alarms."""
    found = censored_arl([horizon if n is None else n for n in lengths], [n is not None for n in lengths])
    return {
        "arl": round(found.arl),
        "standard_error": round(found.standard_error),
        "early": round(match.before(lengths, NULL), 3),
        "runs": len(lengths),
        "horizon": horizon,
        "silent": sum(n is None for n in lengths),
    }


def table(cells: dict[str, dict[str, float]]) -> str:
    """Markdown, one line per cell."""
    head = "| metric | nominal | baseline | ARL | alarmed within 500 (nominal) | deployments, horizon | none by then |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for key in sorted(cells, key=lambda k: (int(k.split()[1]), k.split()[0], int(k.split()[2]))):
        (family, arl, baseline), c = key.split(), cells[key]
        lines.append(
            f"| {family} | {arl} | {baseline} | {c['arl']} ± {c['standard_error']} | {c['early']:.0%} ({match.target(float(arl)):.0%}) "
            f"| {c['runs']}, {c['horizon']} | {c['silent']} |"
        )
    return "\n".join(lines)


def kept() -> dict[str, dict[str, float]]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.in_control", description=__doc__)
    parser.add_argument("--arl", type=int, default=500)
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument("--baselines", nargs="+", type=int, default=[20, 30, 50, 200])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--horizon", type=int, help="replays; four nominal ARLs by default")
    given = parser.parse_args()
    horizon = given.horizon or 4 * given.arl
    for family in given.families:
        for baseline in given.baselines:
            lengths = [run_length(family, baseline, given.arl, horizon, run) for run in range(given.runs)]
            cells = kept() | {f"{family} {given.arl} {baseline}": cell(lengths, horizon)}
            KEPT.write_text(json.dumps(cells, indent=1) + "\n")
            print(family, baseline, cells[f"{family} {given.arl} {baseline}"], file=sys.stderr, flush=True)
    print(table(kept()))


if __name__ == "__main__":
    main()
