from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.services.counts import Counts
from driftwatch.services.spend import SpendGuard
from driftwatch.services.vitals import Vitals
from driftwatch.testing.clock import ManualClock
from driftwatch.web.site import Site


async def well() -> str:
    return ""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = ManualClock(datetime(2026, 7, 20, 6, tzinfo=UTC))
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        guard = SpendGuard(limit_usd_per_day=5.0, clock=clock, spent_today_usd=0.25)
        yield Site(
            vitals=Vitals(clock=clock, started=True),
            store=store,
            clock=clock,
            watched=lambda: (),
            counts=Counts(),
            guard=lambda: guard,
            reload=well,
        )


@pytest.fixture
def guarded(site: Site) -> Callable[[str], Site]:
    from driftwatch.domain.secret import Secret

    return lambda token: replace(site, token=Secret(token))
