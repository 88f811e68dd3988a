"""What the dashboard's pages cost the server, on a store with a year of hourly replays of 20 endpoints.

    uv run python -m benchmarks.dashboard [--store FILE] [--endpoints 20] [--replays 8760] [--rounds 40]

The store is made where it is not there (some minutes). Pages are asked for through ASGI in this process, one after the other,
each for another endpoint; wall is what a visitor waits for, cpu what this process spent. "first" is the very first request of a page.
"""

import argparse
import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import httpx

from benchmarks.dashboard.fleet import HOUR, START, judge_again, make, watched
from driftwatch.adapters.calendar import slots_between
from driftwatch.adapters.store import open_store
from driftwatch.services.counts import Counts
from driftwatch.services.spend import SpendGuard
from driftwatch.services.vitals import Vitals
from driftwatch.testing.clock import ManualClock
from driftwatch.web.app import create_app
from driftwatch.web.site import Site

PAGES = {
    "fleet, nothing changed": "/",
    "fleet, after a change": "/",
    "endpoint, 7 days": "/endpoint?name={name}",
    "endpoint, 90 days": "/endpoint?name={name}&period=90d",
    "endpoint, 1 year": "/endpoint?name={name}&period=1y",
    "incidents": "/incidents",
    "incident": "/incidents/inc-1",
    "probe": "/probe?endpoint={name}&id=case-03",
    "API: overview": "/api/overview",
    "API: endpoint, 1 year": "/api/endpoint?name={name}&period=1y",
}
AFTER_A_CHANGE = "fleet, after a change"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=Path("/tmp/driftwatch-fleet.db"))
    parser.add_argument("--endpoints", type=int, default=20)
    parser.add_argument("--replays", type=int, default=8760)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    if not given.store.exists():
        make(given.store, endpoints=given.endpoints, replays=given.replays)
    judge_again(given.store, given.replays)
    with closing(sqlite3.connect(given.store)) as db:
        rows = db.execute("SELECT count(*), sum(asked) FROM replay").fetchone()
        metrics = db.execute("SELECT count(DISTINCT metric) FROM evidence WHERE seq = 1").fetchone()[0]
    print(f"{rows[0]:,} replays, {rows[1] * metrics:,} scores, {given.store.stat().st_size / 1e6:.0f} MB\n")
    asyncio.run(_measure(given.store, given.replays, given.rounds))


async def _measure(file: Path, replays: int, rounds: int) -> None:
    with open_store(f"sqlite:///{file}") as store:
        fleet = [watched(name) for name in store.endpoints()]
        clock = ManualClock(START + replays * HOUR - timedelta(minutes=50))
        guard = SpendGuard(limit_usd_per_day=5.0, clock=clock)
        site = Site(
            vitals=Vitals(clock=clock, started=True), store=store, clock=clock, watched=lambda: fleet, counts=Counts(),
            guard=lambda: guard, reload=None, due_slots=slots_between,
        )  # fmt: skip
        transport = httpx.ASGITransport(create_app(site))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            print(f"{'page':<24}{'kB':>6}{'first ms':>10}{'p50 ms':>9}{'p95 ms':>9}{'cpu p50':>9}{'cpu p95':>9}")
            for page, path in PAGES.items():
                names, walls, cpus, size = cycle(one.endpoint.name for one in fleet), [], [], 0
                for _ in range(rounds):
                    if page == AFTER_A_CHANGE:
                        clock.advance(timedelta(seconds=21))
                    wall, cpu = time.perf_counter(), time.process_time()
                    answer = await client.get(path.format(name=next(names)))
                    walls.append(1000 * (time.perf_counter() - wall))
                    cpus.append(1000 * (time.process_time() - cpu))
                    assert answer.status_code == 200, answer.text
                    size = len(answer.content)
                told = (walls[0], _share(walls, 0.5), _share(walls, 0.95), _share(cpus, 0.5), _share(cpus, 0.95))
                print(
                    f"{page:<24}{size / 1000:>6.0f}{told[0]:>10.0f}" + "".join(f"{value:>9.1f}" for value in told[1:])
                )


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


if __name__ == "__main__":
    main()
