"""What `driftwatch --help` may import: nothing that a person waiting for a help page would notice."""

import subprocess
import sys
from pathlib import Path

import pytest

from driftwatch.testing.server import ScriptedServer

HEAVY = (
    "litellm",
    "scipy",
    "numpy",
    "pandas",
    "sqlalchemy",
    "pydantic",
    "aiohttp",
    "alembic",
    "apscheduler",
    "rich",
    "yaml",
)
SCRIPT = """
import sys
from driftwatch.cli import main
try:
    main({arguments}, prog_name="driftwatch")
except SystemExit as end:
    assert not end.code, end.code
print(*sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""


def imported_by(*arguments: str) -> set[str]:
    script = SCRIPT.format(arguments=list(arguments))
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(ran.stderr.split())


@pytest.mark.parametrize(
    "arguments", [("--help",), ("-h",), ("explain", "--help"), ("explain",), ("gate", "--help"), ("doctor", "--help")]
)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    names = imported_by(*arguments)
    assert "click" in names
    assert not names & set(HEAVY)


@pytest.mark.parametrize("arguments", [("init", "--help"), ("check", "--help"), ("schema",)])
def test_a_command_without_endpoints_imports_no_vendor(arguments: tuple[str, ...]) -> None:
    assert not imported_by(*arguments) & {"litellm", "scipy", "pandas", "sqlalchemy", "aiohttp"}


def test_structlog_comes_without_rich_and_rich_can_still_be_had() -> None:
    script = """
import sys
from driftwatch.cli.lean import load_structlog
load_structlog()
print("structlog" in sys.modules, "rich" in sys.modules)
import rich.console
load_structlog()
print(rich.console.Console.__name__)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "True False\nConsole\n"


REPLAYS = """
import asyncio, sys, tempfile
from pathlib import Path
import driftwatch.daemon.life
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, right
world = SmallWorld(Path(tempfile.mkdtemp()), ScriptedModel(right(40)))
asyncio.run(world.replay(30))
print(*sys.modules, file=sys.stderr)
"""


def test_a_daemon_that_replays_and_judges_loads_no_scipy_and_no_masked_arrays() -> None:
    """Why it matters: docs/decisions/0006. `np.median` and plain `np.unique` load numpy.ma: 10 ms of every replay."""
    ran = subprocess.run([sys.executable, "-c", REPLAYS], capture_output=True, text=True, timeout=120, check=True)
    loaded = set(ran.stderr.split())
    assert "sqlalchemy" in loaded
    assert not loaded & {"litellm", "scipy", "pandas", "psycopg", "numpy.ma"}


CONFIGURATION = """\
store: sqlite:///{here}/driftwatch.db
endpoints:
  - name: one
    model: openai/one
    base_url: {url}
    api_key: none
    driver: direct
    params: {{temperature: 0}}
    probes: [{here}/probes.yaml]
    schedule: {{every: 1h}}
"""


def test_a_replay_from_the_shell_loads_no_colours_and_nothing_that_only_a_daemon_or_another_driver_needs(
    tmp_path: Path,
) -> None:
    (tmp_path / "probes.yaml").write_text('name: one\nprobes: [{id: a, prompt: "Say ok.", scorers: [contains: ok]}]\n')
    config = tmp_path / "driftwatch.yaml"
    with ScriptedServer() as server:
        config.write_text(CONFIGURATION.format(here=tmp_path, url=server.base_url))
        loaded = imported_by("--config", str(config), "replay", "one")
    assert "aiohttp" in loaded
    # The store is made as well, by Alembic, whose Mako would take pygments along.
    assert "alembic" in loaded
    assert not loaded & {"rich", "pygments", "fastapi", "litellm", "scipy", "pandas", "slack_sdk", "jinja2"}
    # The golden set has no such scorer.
    assert not loaded & {"rapidfuzz", "regex", "jsonschema"}


def test_what_a_command_loaded_is_not_searched_for_garbage_when_it_ends() -> None:
    """It was a fifth of the CPU of a replay from the shell: benchmarks/daemon/RESULTS.md."""
    script = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 1000))
import driftwatch.cli
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "True\n"


def test_no_validator_is_made_of_a_tables_rows() -> None:
    """Rows are written and read by Core; the validators were 30 ms of every start."""
    script = """
from driftwatch.adapters.store.tables.base import Row
print({one.__pydantic_complete__ for one in Row.__subclasses__()})
"""
    script = "import driftwatch.adapters.store.tables" + script
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "{False}\n"


def test_settings_are_built_as_a_whole_and_not_class_by_class_when_they_are_imported() -> None:
    """A default that was called, `Group()`, built each of eight classes for itself: a tenth of what the settings cost a start."""
    script = """
import driftwatch.config.settings
from driftwatch.config.model import Strict
def below(settings):
    return {each for one in settings.__subclasses__() for each in (one, *below(one))}
print({one.__name__ for one in below(Strict) if one.__pydantic_complete__})
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "set()\n"


def test_no_plugins_of_pydantic_are_looked_for_and_no_console_of_windows_is_prepared() -> None:
    script = """
import sys
import driftwatch.cli
from driftwatch.cli.lean import load_structlog
load_structlog()
from pydantic import BaseModel
from pydantic.plugin import _loader
class Read(BaseModel):
    a: int
print("structlog" in sys.modules, "colorama" in sys.modules, _loader._plugins)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "True False None\n"


READY = """
import os, sys
from driftwatch.adapters.systemd import Systemd
def ready(*_):
    print(*sys.modules, flush=True)
    os._exit(0)
Systemd.ready = ready
from driftwatch.cli import main
main(["--config", {config!r}, "run"], prog_name="driftwatch")
"""


def test_a_daemon_is_ready_before_what_only_replays_pages_and_people_need_is_loaded(tmp_path: Path) -> None:
    """READY within a second of its start: benchmarks/daemon/RESULTS.md."""
    (tmp_path / "probes.yaml").write_text('name: one\nprobes: [{id: a, prompt: "Say ok.", scorers: [contains: ok]}]\n')
    config = tmp_path / "driftwatch.yaml"
    http = 'http: {bind: "127.0.0.1:0"}\n'
    config.write_text(CONFIGURATION.format(here=tmp_path, url="http://127.0.0.1:9/v1") + http)
    script = READY.format(config=str(config))
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(ran.stdout.split())
    assert "apscheduler.schedulers.asyncio" in loaded
    assert not loaded & {"rich", "pygments", "colorama", "fastapi", "starlette", "uvicorn", "jinja2", "slack_sdk"}
    assert not loaded & {"litellm", "httpx", "scipy", "pandas", "rapidfuzz", "regex", "jsonschema", "psycopg"}
    assert not loaded & {"numpy.random", "driftwatch.stats.power"}


BEFORE_WORK = """
import gc, os
import driftwatch.cli
import driftwatch.services.decide_pending
from driftwatch.adapters.systemd import Systemd
searched = []
gc.callbacks.append(lambda phase, _: searched.append(phase))
def told(*_):
    from aiohttp.connector import _SSL_CONTEXT_UNVERIFIED, _SSL_CONTEXT_VERIFIED
    read = [one.cert_store_stats()["x509"] for one in (_SSL_CONTEXT_VERIFIED, _SSL_CONTEXT_UNVERIFIED)]
    print(read, searched, gc.isenabled(), flush=True)
    os._exit(0)
Systemd.ready = driftwatch.services.decide_pending.decide_pending = told
driftwatch.cli.main(["--config", {config!r}, *{command!r}], prog_name="driftwatch")
"""


@pytest.mark.parametrize("command", [("replay", "one"), ("run",)])
def test_before_a_command_works_it_has_read_no_certificates_and_searched_for_no_garbage(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    """A tenth of a start: benchmarks/daemon/RESULTS.md."""
    (tmp_path / "probes.yaml").write_text('name: one\nprobes: [{id: a, prompt: "Say ok.", scorers: [contains: ok]}]\n')
    config = tmp_path / "driftwatch.yaml"
    http = 'http: {bind: "127.0.0.1:0"}\n'
    config.write_text(CONFIGURATION.format(here=tmp_path, url="http://127.0.0.1:9/v1") + http)
    script = BEFORE_WORK.format(config=str(config), command=command)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "[0, 0] [] True\n"


def test_no_plugins_of_apscheduler_are_looked_for() -> None:
    script = """
from importlib.metadata import entry_points
import driftwatch.daemon.scheduler
from apscheduler.schedulers.base import BaseScheduler
print(BaseScheduler._trigger_plugins, len(entry_points(group="apscheduler.triggers")) > 0)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "{} True\n"
