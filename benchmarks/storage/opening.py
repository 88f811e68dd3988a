"""How long it takes to make a store, to open one, and to import records into it.

uv run python -m benchmarks.storage.opening [--lines 100000]
"""

import argparse
import json
import resource
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftwatch.adapters.records import import_observations
from driftwatch.adapters.store import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)


def write_lines(file: Path, lines: int) -> None:
    """Write records far out of order, 60 a replay; without a list of them, which would hide what the import needs."""
    stride = 1_000_003  # prime: every line comes once
    with file.open("w") as stream:
        for n in (place * stride % lines for place in range(lines)):
            replay = (START + n // 60 * timedelta(hours=1)).isoformat()
            item = {"endpoint": "b", "probe": f"p{n % 60}", "replay": replay, "output": f"text {n % 7}" * 20}
            stream.write(json.dumps(item | {"scores": {"exact": 1}, "latency_ms": n % 500}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as here:
        url, file = f"sqlite:///{here}/driftwatch.db", Path(here, "history.jsonl")
        for what in ("make a store, Alembic's import included", "open it again"):
            begin = time.perf_counter()
            open_store(url).close()
            print(f"{what}: {(time.perf_counter() - begin) * 1000:.0f} ms")
        write_lines(file, args.lines)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.perf_counter()
        with closing(open_store(url)) as store:
            report = import_observations(store, file)
        took = time.perf_counter() - begin
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"import {report.answers} shuffled records: {report.answers / took:,.0f} a second, {grown:.0f} MB more memory"
        )


if __name__ == "__main__":
    main()
