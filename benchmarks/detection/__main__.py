"""Detection delay of every method at one false-alarm probability: `python -m benchmarks.detection`.

Methods are driftwatch's stream detector, the oracle, its rivals who are told less, the practices and the peers; peers run in a venv of their own
(benchmarks/detection/peers.txt says how to make it), whose python is given by --peers or DRIFTWATCH_PEERS. What a
call does not run again is kept from results.json; RESULTS.md is written from it.
"""

import argparse
import os
from pathlib import Path

from benchmarks.detection import run, tables
from benchmarks.detection.peers import METHODS as PEERS
from benchmarks.detection.practices import PRACTICES

HERE = Path(__file__).parent
GROUPS = {
    "oracle": ["oracle"],
    "rivals": list(run.RIVALS),
    "ours": [run.OURS, run.OWN],
    "practices": list(PRACTICES),
    "peers": list(PEERS),
}


def methods(wanted: list[str]) -> list[str]:
    """Groups spelled out, names by any part of them."""
    names = [name for group in GROUPS.values() for name in group]
    found = [n for w in wanted for n in GROUPS.get(w, [n for n in names if w.lower() in n.lower()])]
    return list(dict.fromkeys(found))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument("--rows", nargs="+", default=[], help="parts of row names; all rows by default")
    parser.add_argument("--methods", nargs="*", default=list(GROUPS), help=f"{', '.join(GROUPS)}, or parts of names")
    parser.add_argument("--runs", type=int, default=60, help="deployments per row; a null has twice as many")
    parser.add_argument("--nulls", type=int, help="deployments per null")
    parser.add_argument("--arl", type=float, default=500)
    parser.add_argument("--quick", action="store_true", help="8 deployments, four rows, results not kept")
    parser.add_argument("--mirror", action="store_true", help="ours by the compiled mirror (needs numba)")
    parser.add_argument("--json", action="store_true", help="print the results instead of the table")
    parser.add_argument("--peers", default=os.environ.get("DRIFTWATCH_PEERS", "peers/bin/python"))
    given = parser.parse_args()
    name = "results.json" if given.arl == 500 else f"results-{given.arl:g}.json"
    store = run.Store.load(None if given.quick else HERE / name, arl=given.arl)
    rows = run.rows(given.rows or (["breaks", "-0.2", "x0.9"] if given.quick else []))
    if given.mirror:  # it knows no hours, so it has no rhythm taken off
        rows = tuple(row for row in rows if row not in run.QUIET_ROWS)
    runs = 8 if given.quick else given.runs
    plan = run.Plan(
        rows=rows, runs=runs, nulls=given.nulls or 2 * runs, arl=given.arl, peers=given.peers, mirror=given.mirror
    )
    for method in run.ordered(methods(given.methods)):
        run.measure(plan, method, store)
    if given.json:
        print(store.text())
        return
    table = tables.render(store)
    if not given.quick:
        (HERE / name.replace("results", "RESULTS").replace(".json", ".md")).write_text(table)
    print(table)


if __name__ == "__main__":
    main()
