"""What the very first page of a process costs: FastAPI, the read models, the templates and every stream's state.

    uv run python -m benchmarks.dashboard.first --store FILE

The store is one of `benchmarks.dashboard`. What a daemon has loaded anyway is loaded before; bytecode must be there, as pip leaves it (run
it twice, without PYTHONDONTWRITEBYTECODE).
"""

import argparse
import asyncio
import time
from datetime import timedelta
from pathlib import Path

import httpx

import driftwatch.cli.run
import driftwatch.daemon.life
import driftwatch.services.tick  # noqa: F401  # a daemon has them
from benchmarks.dashboard.fleet import HOUR, START, watched
from driftwatch.adapters.calendar import slots_between
from driftwatch.adapters.store import open_store
from driftwatch.services.counts import Counts
from driftwatch.services.spend import SpendGuard
from driftwatch.services.vitals import Vitals
from driftwatch.testing.clock import ManualClock
from driftwatch.web.front import create_front
from driftwatch.web.site import Site


def main() -> None:
    """Ask for the fleet and for an endpoint twice each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=Path("/tmp/driftwatch-fleet.db"))
    parser.add_argument("--replays", type=int, default=8760)
    given = parser.parse_args()
    with open_store(f"sqlite:///{given.store}") as store:
        fleet = [watched(name) for name in store.endpoints()]
        clock = ManualClock(START + given.replays * HOUR - timedelta(minutes=50))
        guard = SpendGuard(limit_usd_per_day=5.0, clock=clock)
        site = Site(
            vitals=Vitals(clock=clock, started=True), store=store, clock=clock, watched=lambda: fleet, counts=Counts(),
            guard=lambda: guard, reload=None, due_slots=slots_between,
        )  # fmt: skip
        name = fleet[-1].endpoint.name
        paths = ("/", f"/endpoint?name={name}&period=1y", f"/api/charts?name={name}&period=1y")
        asyncio.run(_asked(site, (*paths, *paths)))


async def _asked(site: Site, paths: tuple[str, ...]) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_front(site)), base_url="http://127.0.0.1"
    ) as client:
        for path in paths:
            wall, cpu = time.perf_counter(), time.process_time()
            answer = await client.get(path, timeout=300)
            assert answer.status_code == 200, answer.text
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(
                f"{path:<44}{len(answer.content) / 1000:>7.0f} kB {1000 * cpu:>6.0f} ms cpu {1000 * wall:>6.0f} ms wall"
            )


if __name__ == "__main__":
    main()
