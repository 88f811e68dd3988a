"""What a year of hourly replays costs in the store: time to write, time to read, bytes.

    uv run python -m benchmarks.storage.year [--replays 8760] [--probes 60]

Ratios are against the same rows written to a bare SQLite file by the standard library's `executemany`, one
row an answer and one row a score, in the same run and with the same flush on every commit.
"""

import argparse
import random
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftwatch.adapters.store import open_store
from driftwatch.domain.answer import Answer, Reply, Usage
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.scorers.verdict import Unscored

START = datetime(2026, 1, 1, tzinfo=UTC)
METRICS = ("pass", "is-json", "contains", "refusal", "length", "novelty", "latency", "cost")


def history(replays: int, probes: int, seed: int = 7) -> Iterator[tuple[Replay, list[Score]]]:
    """Yield replays of an endpoint at temperature 0: most texts are among four variants, 1 % is missing."""
    rng = random.Random(seed)
    keys = [f"probe-{n:03d}@{rng.randbytes(6).hex()}" for n in range(probes)]
    words = ["the", "refund", "is", "due", "within", "14", "days", "of", "purchase", "and", "needs", "a", "receipt"]
    variants = {key: [" ".join(rng.choices(words, k=120)).encode() for _ in range(4)] for key in keys}
    fingerprint = Fingerprint(parts={"driver": "direct 0.1.0", "probes": "3f2a", "sampling": "77aa"})
    for n in range(replays):
        due = START + n * timedelta(hours=1)
        answers, scores = [], []
        for key in keys:
            at = due + timedelta(seconds=rng.random() * 40)
            if rng.random() < 0.01:
                answers.append(Answer(probe_key=key, at=at, outcome=Outcome.TIMEOUT, error="no answer within 60 s"))
                scores += [Score(probe_key=key, sample=0, metric=m, value=Unscored("timeout")) for m in METRICS]
                continue
            output = rng.choices(variants[key], (90, 6, 3, 1))[0]
            latency, cost = round(rng.lognormvariate(6, 0.3), 3), 0.0004
            usage = Usage(input_tokens=51, output_tokens=len(output) // 5)
            reply = Reply(
                output=output, latency_ms=latency, ttft_ms=latency / 3, usage=usage, model="gpt-4.1-2025-04-14",
                finish_reason="stop", system_fingerprint="fp_44709d6fcb", request_id=f"chatcmpl-{rng.randbytes(14).hex()}",
            )  # fmt: skip
            answers.append(Answer(probe_key=key, at=at, outcome=Outcome.OK, reply=reply, cost_usd=cost))
            passed = float(rng.random() < 0.9)
            values = (passed, passed, 1.0, 0.0, float(len(output)), rng.random(), latency, cost)
            scores += [Score(probe_key=key, sample=0, metric=m, value=v) for m, v in zip(METRICS, values, strict=True)]
        yield (
            Replay(
                slot=Slot(endpoint="bot", due=due),
                epoch=1,
                started_at=due,
                finished_at=due + timedelta(seconds=41),
                fingerprint=fingerprint,
                answers=tuple(answers),
                loop_lag_ms=0.4,
            ),
            scores,
        )


def plain_sqlite(file: Path, replays: int, probes: int) -> tuple[float, int]:
    """Write the same as plain rows; return seconds and bytes."""
    spent = 0.0
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE answer (replay INT, probe TEXT, at TEXT, outcome TEXT, latency REAL, ttft REAL, tin INT, tout INT,"
            " cost REAL, model TEXT, fp TEXT, finish TEXT, request TEXT, error TEXT, output BLOB, PRIMARY KEY (replay, probe));"
            "CREATE TABLE score (replay INT, probe TEXT, metric TEXT, value REAL, reason TEXT,"
            " PRIMARY KEY (replay, probe, metric))"
        )
        for n, (replay, scores) in enumerate(history(replays, probes)):
            begin = time.perf_counter()
            rows = [
                (n, a.probe_key, a.at.isoformat(), a.outcome.value, r and r.latency_ms, r and r.ttft_ms,
                 r and r.usage.input_tokens, r and r.usage.output_tokens, a.cost_usd, r and r.model,
                 r and r.system_fingerprint, r and r.finish_reason, r and r.request_id, a.error, r and r.output)
                for a in replay.answers for r in [a.reply]
            ]  # fmt: skip
            marks = [
                (
                    n,
                    s.probe_key,
                    s.metric,
                    *((None, s.value.reason) if isinstance(s.value, Unscored) else (s.value, None)),
                )
                for s in scores
            ]
            db.execute("BEGIN IMMEDIATE")
            db.executemany(f"INSERT INTO answer VALUES ({','.join('?' * 15)})", rows)
            db.executemany("INSERT INTO score VALUES (?,?,?,?,?)", marks)
            db.execute("COMMIT")
            spent += time.perf_counter() - begin
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return spent, file.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=8760)
    parser.add_argument("--probes", type=int, default=60)
    args = parser.parse_args()
    answers, scores = args.replays * args.probes, args.replays * args.probes * len(METRICS)
    print(f"{args.replays} replays x {args.probes} probes x {len(METRICS)} metrics")
    with tempfile.TemporaryDirectory() as here:
        plain_s, plain_bytes = plain_sqlite(Path(here, "plain.db"), args.replays, args.probes)
        file = Path(here, "driftwatch.db")
        with closing(open_store(f"sqlite:///{file}")) as store:
            spent = cpu = 0.0
            for replay, marks in history(args.replays, args.probes):
                begin, begin_cpu = time.perf_counter(), time.process_time()
                store.record_replay(replay, marks)
                spent, cpu = spent + time.perf_counter() - begin, cpu + time.process_time() - begin_cpu
            per = 1000 / args.replays
            print(
                f"write: {spent * per:.2f} ms a replay ({cpu * per:.2f} ms CPU), {(answers + scores) / spent:,.0f} facts/s"
            )
            print(f"       plain rows: {plain_s * per:.2f} ms a replay; ratio {spent / plain_s:.2f}")
            begin, begin_cpu = time.perf_counter(), time.process_time()
            read = sum(len(v) for r in store.replays("bot") for v in r.values.values())
            took, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
            print(f"read all evidence: {took:.2f} s ({cpu:.2f} s CPU), {read / cpu:,.0f} scores a CPU second")
            begin = time.perf_counter()
            sum(1 for _ in store.replays("bot", metrics=["pass"]))
            print(f"read one metric: {time.perf_counter() - begin:.2f} s")
            begin = time.perf_counter()
            store.reference_texts("bot", epoch=1, limit=24)
            print(f"reference texts of 24 replays: {(time.perf_counter() - begin) * 1000:.0f} ms")
            tracemalloc.start()
            sum(1 for _ in store.replays("bot"))
            print(f"memory while reading: {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB at most")
            tracemalloc.stop()
            with closing(sqlite3.connect(file)) as db:
                for name, used in db.execute(
                    "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 5"
                ):
                    print(f"  {name}: {used / args.replays:,.0f} bytes a replay")
        size = file.stat().st_size
        print(
            f"size: {size / args.replays:,.0f} bytes a replay ({size / 1e6:.0f} MB); plain rows {plain_bytes / args.replays:,.0f}"
        )
        print(f"      ratio {size / plain_bytes:.2f}")


if __name__ == "__main__":
    main()
