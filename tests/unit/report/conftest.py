import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from driftwatch.adapters.store import open_store
from driftwatch.bootstrap import clocks, stores, watching
from driftwatch.cli import main
from driftwatch.config.load import load_settings
from driftwatch.testing.clock import ManualClock
from tests.unit.report.scripted import HOUR, MONDAY, Scripted, watched

CONFIG = """\
store: sqlite:///driftwatch.db
budget: {usd_per_day: 5}
endpoints:
  - name: support-bot
    model: openai/gpt-x-2026-01-01
    api_key: sk-not-a-key
    params: {temperature: 0}
    probes: [golden.yaml]
    schedule: {every: 1h}
    price: {input_usd: 1, output_usd: 2}
routes:
  oncall: {webhook: https://example.com/hook}
alerting: {pages: oncall}
"""
GOLDEN = "name: golden\nprobes:\n" + "".join(
    f'  - {{id: dates-{i:02}, prompt: "{i}?", scorers: [{{contains: "14 days"}}]}}\n' for i in range(20)
)


@pytest.fixture
def scripted(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Scripted(store=store, clock=ManualClock(MONDAY))


@pytest.fixture(scope="session")
def drifted_store(tmp_path_factory) -> Path:
    """A store in which support-bot drifted at its 49th of 60 replays and summaries is learning; built once."""
    path = tmp_path_factory.mktemp("drifted") / "driftwatch.db"
    with open_store(f"sqlite:///{path}") as store:
        scripted = Scripted(store=store, clock=ManualClock(MONDAY))
        scripted.replays(watched("support-bot"), 60, drift_at=48)
        scripted.replays(watched("summaries"), 10)
    return path


@pytest.fixture
def drifted(drifted_store: Path, tmp_path: Path):
    shutil.copy(drifted_store, tmp_path / "driftwatch.db")
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Scripted(store=store, clock=ManualClock(MONDAY + 60 * HOUR))


@pytest.fixture(scope="session")
def project_of(tmp_path_factory):
    """Return a function that makes a project with so many replays up to this hour; each is built once."""
    made: dict[tuple[int, int | None, int], Path] = {}

    def build(replays: int, drift_at: int | None, ended_hours_ago: int) -> Path:
        folder = tmp_path_factory.mktemp("project")
        (folder / "driftwatch.yaml").write_text(CONFIG)
        (folder / "golden.yaml").write_text(GOLDEN)
        settings = load_settings(folder / "driftwatch.yaml", {})
        (one,) = watching.endpoints_to_read(settings, clocks.system_clock())
        this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        start = this_hour - timedelta(hours=replays - 1 + ended_hours_ago)
        with stores.open_store(settings) as store:
            Scripted(store=store, clock=ManualClock(start)).replays(one, replays, start=start, drift_at=drift_at)
        return folder

    def project(replays: int, drift_at: int | None = None, *, ended_hours_ago: int = 0) -> Path:
        key = (replays, drift_at, ended_hours_ago)
        if key not in made:
            made[key] = build(*key)
        return made[key]

    return project


@pytest.fixture
def command(tmp_path: Path):
    """Return a function that runs the command on a copy of a project."""

    def start(project: Path, name: str = "project"):
        folder = tmp_path / name
        shutil.copytree(project, folder)

        def run(*arguments: str) -> Result:
            words = ["--config", str(folder / "driftwatch.yaml"), *arguments]
            return CliRunner(env={"LOGNAME": "ada"}).invoke(main, words, prog_name="driftwatch")

        return run

    return start
