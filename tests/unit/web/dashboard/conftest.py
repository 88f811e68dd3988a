import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from driftwatch.adapters.calendar import slots_between
from driftwatch.adapters.store import open_store
from driftwatch.domain.decide import Audience
from driftwatch.domain.secret import Secret
from driftwatch.services.counts import Counts
from driftwatch.services.spend import SpendGuard
from driftwatch.services.vitals import Vitals
from driftwatch.testing.clock import ManualClock
from driftwatch.web.site import Site
from tests.unit.report.scripted import HOUR, MONDAY, Scripted, watched

TOKEN = "0123456789abcdef-token"
FLEET = (watched("support-bot"), watched("summaries"))
ROUTES = {Audience.PAGES: "oncall", Audience.NOTICES: "quiet", Audience.OPS: "quiet"}


@pytest.fixture(scope="session")
def drifted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """support-bot drifted at its 49th of 60 replays, summaries is learning; built once."""
    path = tmp_path_factory.mktemp("dashboard") / "driftwatch.db"
    with open_store(f"sqlite:///{path}") as store:
        scripted = Scripted(store=store, clock=ManualClock(MONDAY))
        scripted.replays(FLEET[0], 60, drift_at=48)
        scripted.replays(FLEET[1], 10)
    return path


@pytest.fixture
def drifted(drifted_file: Path, tmp_path: Path) -> Iterator[Scripted]:
    shutil.copy(drifted_file, tmp_path / "driftwatch.db")
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Scripted(store=store, clock=ManualClock(MONDAY + 60 * HOUR))


async def well() -> str:
    return ""


@pytest.fixture
def site(drifted: Scripted) -> Site:
    return Site(
        vitals=Vitals(clock=drifted.clock, started=True),
        store=drifted.store,
        clock=drifted.clock,
        watched=lambda: FLEET,
        routes=lambda _endpoint: ROUTES,
        reload=well,
        due_slots=slots_between,
        counts=Counts(),
        guard=lambda: SpendGuard(limit_usd_per_day=5.0, clock=drifted.clock),
    )


@pytest.fixture
def guarded(site: Site) -> Callable[[], Site]:
    return lambda: replace(site, token=Secret(TOKEN))
