"""`driftwatch dashboard`, as docs/howto/dashboard.md tells it: the pages of a store that no daemon is at."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.web.serving import ask

HOWTO = Path(__file__).resolve().parents[4] / "docs" / "howto" / "dashboard.md"
CONFIG = """\
store: sqlite:///driftwatch.db
endpoints:
  - name: support-bot
    model: openai/gpt-x-2026-01-01
    api_key: sk-not-a-key
    params: {temperature: 0}
    probes: [golden.yaml]
    price: {input_usd: 1, output_usd: 2}
routes:
  oncall: {webhook: https://example.com/hook}
alerting: {pages: oncall}
http: {bind: none}
"""
GOLDEN = "name: golden\nprobes:\n" + "".join(f'  - {{id: dates-{i:02}, prompt: "{i}?"}}\n' for i in range(20))


@pytest.fixture
def kept(drifted, tmp_path: Path) -> Path:
    (tmp_path / "driftwatch.yaml").write_text(CONFIG)
    (tmp_path / "golden.yaml").write_text(GOLDEN)
    return tmp_path / "driftwatch.yaml"


def test_a_kept_store_is_looked_at_and_left_alone(kept: Path, drifted) -> None:
    before = drifted.store.pulse()
    command = [sys.executable, "-m", "driftwatch", "--config", str(kept), "dashboard", "--bind", "127.0.0.1:0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            address = re.search(r"http://[0-9.:]+", process.stdout.readline())[0]
            status, _, page = ask(address, "/")
            incident = ask(address, "/incidents/inc-1")
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
    assert status == 200
    assert 'href="/incidents/inc-1"' in page
    assert incident[0] == 200
    assert drifted.store.pulse() == before


def test_the_howto_names_what_there_is() -> None:
    from driftwatch.cli.dashboard import dashboard
    from driftwatch.cli.demo import demo
    from driftwatch.web.dashboard import api

    told = HOWTO.read_text()
    assert {"--bind"} <= {option for one in dashboard.params for option in one.opts}
    assert {"--keep"} <= {option for one in demo.params for option in one.opts}
    for path in {route.path for route in api.router.routes}:
        start = path.partition("{")[0].rstrip("/")
        assert start in told, path
