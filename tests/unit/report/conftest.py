from pathlib import Path

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.testing.clock import ManualClock
from tests.unit.report.scripted import MONDAY, Scripted


@pytest.fixture
def scripted(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Scripted(store=store, clock=ManualClock(MONDAY))
