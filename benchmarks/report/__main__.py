"""The weekly report over a million scores: seconds, memory, and the size of the page.

    uv run python -m benchmarks.report [--endpoints 20] [--replays 168] [--probes 20]

Makes the store (15 metrics for each probe), then the report in a new process, whose peak memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.report.fleet import HOUR, METRICS, START, endpoint, filled


def main() -> None:
    """Make the store, measure in a process of its own, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=20)
    parser.add_argument("--replays", type=int, default=168)
    parser.add_argument("--probes", type=int, default=20)
    parser.add_argument("--measure", type=Path)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.endpoints, given.replays, given.probes)))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "driftwatch.db"
        started = time.perf_counter()
        filled(file, fleet(given.endpoints, given.probes), given.replays).close()
        made_s = time.perf_counter() - started
        command = [sys.executable, "-m", "benchmarks.report", "--measure", str(file)]
        for name in ("endpoints", "replays", "probes"):
            command += [f"--{name}", str(getattr(given, name))]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        scores = given.endpoints * given.replays * given.probes * len(METRICS)
        print(json.dumps({"scores": scores, "store_made_s": round(made_s, 1), **told}, indent=2))


def fleet(endpoints: int, probes: int) -> list:
    """Return the endpoints."""
    return [endpoint(f"endpoint-{number:02}", probes) for number in range(endpoints)]


def measure(file: Path, endpoints: int, replays: int, probes: int) -> dict[str, float]:
    """Return what the report costs: wall and processor seconds, and memory beyond what the imports take."""
    from driftwatch.adapters.calendar import slots_between
    from driftwatch.adapters.store import open_store
    from driftwatch.presentation.html_report import render_html
    from driftwatch.services.report import build_report

    watched = fleet(endpoints, probes)
    with open_store(f"sqlite:///{file}") as store:
        before_mb = _peak_mb()
        wall, cpu = time.perf_counter(), time.process_time()
        end = START + replays * HOUR
        report = build_report(
            store, watched, now=end, since=end - timedelta(days=7), until=end, due_slots=slots_between
        )
        made = {
            "report_s": round(time.perf_counter() - wall, 2),
            "report_cpu_s": round(time.process_time() - cpu, 2),
            "report_mb": round(_peak_mb() - before_mb, 1),
            "process_mb": round(_peak_mb(), 1),
        }
        assert report.verdict.words.startswith(f"{endpoints} endpoints: "), report.verdict.words
        wall = time.perf_counter()
        page = render_html(report)
        page_mb = len(page.encode()) / 1e6
        return made | {"html_s": round(time.perf_counter() - wall, 2), "html_mb": round(page_mb, 2)}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
