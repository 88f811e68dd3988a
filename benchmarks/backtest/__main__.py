"""How long a backtest of a year of hourly replays of one endpoint takes, and where the time goes.

    python -m benchmarks.backtest [--replays 8760] [--probes 60] [--full] [--drift REPLAY]

Without --full a record has one score (two streams: it and `pass`); with it also text, timing, tokens and cost (17).
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from driftwatch.bootstrap import recorded

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = [
    "the",
    "refund",
    "is",
    "due",
    "within",
    "14",
    "days",
    "of",
    "purchase",
    "and",
    "needs",
    "a",
    "receipt",
    "please",
    "write",
    "to",
    "us",
]


def records(replays: int, probes: int, *, full: bool, drift: int | None, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Yield a flaky endpoint's records; from replay `drift` on a fifth of what passed fails."""
    rng = random.Random(seed)
    rates = [min(1.0, rng.betavariate(4, 0.5) + 0.05) for _ in range(probes)]
    texts = [[" ".join(rng.choices(WORDS, k=60)) for _ in range(4)] for _ in range(probes)]
    for n in range(replays):
        at = (START + n * timedelta(hours=1)).isoformat()
        worse = 0.8 if drift is not None and n >= drift else 1.0
        for p in range(probes):
            passed = int(rng.random() < rates[p] * worse)
            record = {"endpoint": "bot", "probe": f"probe-{p:03}", "replay": at, "scores": {"contains": passed}}
            if full:
                record |= {
                    "output": rng.choices(texts[p], (90, 6, 3, 1))[0], "finish_reason": "stop", "ttft_ms": 130.0,
                    "latency_ms": round(rng.lognormvariate(6, 0.3), 1), "input_tokens": 51, "output_tokens": 88,
                    "cost_usd": 0.0004, "model": "gpt-4.1-2025-04-14",
                }  # fmt: skip
            yield record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=8760)
    parser.add_argument("--probes", type=int, default=60)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--drift", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        with path.open("w") as file:
            made = records(options.replays, options.probes, full=options.full, drift=options.drift)
            file.writelines(json.dumps(record) + "\n" for record in made)
        size = path.stat().st_size / 1e6
        began, cpu, read = time.perf_counter(), time.process_time(), [0.0]

        def advance(what: str, done: int, _of: int | None) -> None:
            if what == "replaying" and done == 1:
                read[0] = time.process_time()

        (found,), _ = recorded.backtest_file(path, None, advance=advance)
    cpu_all, took = time.process_time() - cpu, time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{options.replays} replays x {options.probes} probes, {len(found.streams)} streams, {size:.0f} MB of records"
    )
    print(f"{took:.1f} s, {cpu_all:.1f} s CPU, of which reading {read[0] - cpu:.1f} s; peak memory {peak:.0f} MB")
    rest = cpu_all - (read[0] - cpu)
    print(f"{1e3 * rest / options.replays:.2f} ms a replay after reading; {len(found.alarms)} alarms")


if __name__ == "__main__":
    main()
