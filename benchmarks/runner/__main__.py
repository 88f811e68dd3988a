"""How much of a bare aiohttp loop's speed the whole way of asking keeps, and how truly it measures: ratios in one run.

uv run python -m benchmarks.runner [--probes 1000] [--rounds 3]
"""

import argparse
import asyncio
import contextlib
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from benchmarks.unit import unit_s
from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.llm.direct import DirectModel
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.endpoint import Endpoint, Price
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.replay import Replay, Slot
from driftwatch.domain.schedule import Every
from driftwatch.scorers import build
from driftwatch.services.ask import Asked, ask_all
from driftwatch.services.concurrency import Pace
from driftwatch.services.ports import LanguageModel
from driftwatch.services.references import References
from driftwatch.services.score import NamedScorer, Scorers, score_replay
from driftwatch.services.spend import SpendGuard

DELAY_S = 0.05
Finish = Callable[[Asked], Awaitable[None]]
"""What comes after asking: scoring and storing, for the whole pipeline."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Wall and processor seconds of one pass, and what it measured."""

    wall_s: float
    cpu_s: float
    first_ms: float
    lag_ms: float | None = None


@contextlib.contextmanager
def vendor() -> Iterator[str]:
    """Serve from another process, whose processor time is not ours."""
    command = [sys.executable, "-m", "benchmarks.runner.server", str(DELAY_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def endpoint(url: str, probes: int) -> Endpoint:
    return Endpoint(
        name="bench",
        model="openai/bench",
        driver="direct",
        base_url=url,
        params={"temperature": 0, "max_tokens": 100},
        price=Price(input_usd=2.0, output_usd=8.0),
        probe_set=ProbeSet(
            name="bench",
            probes=[
                Probe(id=f"p{n}", messages=(Message(role="user", content=f"Question {n}?"),)) for n in range(probes)
            ],
        ),
        schedule=Every(interval=timedelta(hours=1)),
    )


async def bare(url: str, probes: int, concurrency: int) -> Run:
    """The least that asking can cost: post, read, parse; no retries, no guard, nothing kept."""
    gate, firsts = asyncio.Semaphore(concurrency), []
    body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": "Question?"}]}

    async def one(session: aiohttp.ClientSession) -> None:
        async with gate:
            began = time.perf_counter()
            async with session.post(f"{url}/chat/completions", json=body) as response:
                await response.content.readany()
                firsts.append((time.perf_counter() - began) * 1000)
                await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one(session) for _ in range(probes)))
        return Run(
            wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu, first_ms=statistics.median(firsts)
        )


async def ours(url: str, model: LanguageModel, probes: int, concurrency: int, finish: Finish | None = None) -> Run:
    """The whole way: gate, guard, deadline, retries, bounds, answers; then whatever `finish` adds."""
    where, clock = endpoint(url, probes), SystemClock()
    # A daemon hashes its golden set once, when it reads it.
    assert all(probe.key for probe in where.probe_set.probes)
    guard = SpendGuard(limit_usd_per_day=1000.0, clock=clock)
    # The product's cap is 16 an endpoint; the benchmark opens the gate wide from the start.
    pace = Pace(limit=concurrency, most=concurrency)
    wall, cpu = time.perf_counter(), time.process_time()
    asked = await ask_all(where, model, clock=clock, guard=guard, pace=pace)
    if finish is not None:
        await finish(asked)
    run = Run(
        wall_s=time.perf_counter() - wall,
        cpu_s=time.process_time() - cpu,
        first_ms=statistics.median(a.reply.ttft_ms or a.reply.latency_ms for a in asked.answers if a.reply),
        lag_ms=asked.loop_lag_ms,
    )
    failed = [answer.error for answer in asked.answers if answer.reply is None]
    if failed:
        raise SystemExit(f"{len(failed)} of {probes} were not answered: {failed[0]}")
    return run


SCORERS: dict[str, object] = {"contains": "refund", "word-count": 7, "regex": "14 days", "finish-reason": "stop"}


def scoring_and_storing(store: SqlStore, probes: int) -> Finish:
    """Do what `services/tick.py` does after asking: the reference, four scorers for each answer, one commit."""
    four = tuple(NamedScorer(metric=name, scorer=build(name, argument)) for name, argument in SCORERS.items())
    where, known = endpoint("", probes), References(store)
    scorers: Scorers = {probe.key: four for probe in where.probe_set.probes}
    slots = (Slot(endpoint="bench", due=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n)) for n in range(10_000))

    async def finish(asked: Asked) -> None:
        slot = next(slots)
        await asyncio.to_thread(store.claim, slot, now=slot.due)
        replay = Replay(
            slot=slot,
            epoch=1,
            started_at=slot.due,
            finished_at=slot.due,
            fingerprint=Fingerprint(parts={"driver": "direct 1"}),
            answers=asked.answers,
            loop_lag_ms=asked.loop_lag_ms,
        )
        references = await asyncio.to_thread(known.of, where, epoch=1)
        scores = score_replay(replay.answers, scorers, references)
        await asyncio.to_thread(store.record_replay, replay, scores)

    return finish


def direct(url: str, concurrency: int) -> LanguageModel:
    return DirectModel(model="bench", base_url=url, clock=SystemClock(), max_connections=concurrency)


def litellm(url: str, concurrency: int) -> LanguageModel:
    from driftwatch.adapters.llm.litellm import LiteLLMModel

    return LiteLLMModel(model="openai/bench", base_url=url, clock=SystemClock(), max_connections=concurrency)


async def measured(
    make: Callable[[str, int], LanguageModel], url: str, probes: int, concurrency: int, finish: Finish | None = None
) -> Run:
    model = make(url, concurrency)
    try:
        await ours(url, model, concurrency, concurrency)
        return await ours(url, model, probes, concurrency, finish)
    finally:
        await model.aclose()


def median(values: list[float]) -> float:
    return statistics.median(values)


async def compare(
    url: str, probes: int, rounds: int, store: SqlStore, *, with_litellm: bool = True
) -> dict[str, float]:
    """Interleave the rounds, so that a busy machine is busy for all of them."""
    bares, directs, wholes, truths, busy, busy_bare = [], [], [], [], [], []
    finish = scoring_and_storing(store, probes)
    await bare(url, 64, 32)
    # A daemon makes the golden set's rows once, and after its baseline reads no reference again.
    for _ in range(endpoint("", 1).baseline_replays):
        await measured(direct, url, probes, 32, finish)
    for _ in range(rounds):
        bares.append(await bare(url, probes, 32))
        directs.append(await measured(direct, url, probes, 32))
        wholes.append(await measured(direct, url, probes, 32, finish))
        truths.append(await bare(url, 20, 1))
        busy.append(await measured(direct, url, 200, 8))
        busy_bare.append(await bare(url, 200, 8))
    truth = median([run.first_ms for run in truths])
    found = {
        "bare: wall s": median([run.wall_s for run in bares]),
        "direct: wall s": median([run.wall_s for run in directs]),
        "direct: share of bare speed (>= 0.9)": median(
            [b.wall_s / d.wall_s for b, d in zip(bares, directs, strict=True)]
        ),
        "bare: CPU ms a probe": median([run.cpu_s for run in bares]) / probes * 1000,
        "direct: CPU ms a probe (<= 0.4)": median([run.cpu_s for run in directs]) / probes * 1000,
        "whole pipeline: wall s": median([run.wall_s for run in wholes]),
        "whole pipeline: share of bare speed (>= 0.9)": median(
            [b.wall_s / w.wall_s for b, w in zip(bares, wholes, strict=True)]
        ),
        "whole pipeline: CPU ms a probe (<= 0.4)": median([run.cpu_s for run in wholes]) / probes * 1000,
        "direct: CPU to the bare loop's": median([d.cpu_s / b.cpu_s for b, d in zip(bares, directs, strict=True)]),
        "whole pipeline: CPU to the bare loop's": median(
            [w.cpu_s / b.cpu_s for b, w in zip(bares, wholes, strict=True)]
        ),
        "unit of the machine: CPU ms": unit_s() * 1000,
        "true first token, ms": truth,
        "bare at 8: first token bias ms": median([run.first_ms for run in busy_bare]) - truth,
        "direct at 8: first token bias ms (<= 2)": median([run.first_ms for run in busy]) - truth,
        "direct at 8: loop lag p95 ms": median([run.lag_ms or 0.0 for run in busy]),
    }
    if with_litellm:
        lite, lite_busy = await measured(litellm, url, probes, 32), await measured(litellm, url, 200, 8)
        found |= {
            "litellm: share of bare speed": found["bare: wall s"] / lite.wall_s,
            "litellm: CPU ms a probe": lite.cpu_s / probes * 1000,
            "litellm at 8: latency bias ms, at our transport": lite_busy.first_ms - truth,
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runner", description=__doc__)
    parser.add_argument("--probes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # As the command line does; for the bare loop too.
    gc.set_threshold(50_000, 20, 20)
    with (
        vendor() as url,
        tempfile.TemporaryDirectory() as here,
        open_store(f"sqlite:///{Path(here, 'bench.db')}") as store,
    ):
        found = asyncio.run(compare(url, options.probes, options.rounds, store))
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<52}{value:>9.3f}")


if __name__ == "__main__":
    main()
