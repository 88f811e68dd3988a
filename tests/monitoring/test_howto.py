"""docs/howto/observe.md: every command that it prints is run, against a real daemon."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.stage import Stage, staged
from tests.faults.test_http_of_a_daemon import OFF, rewrite, served_by
from tests.systemd.printed import commands

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "howto" / "observe.md"
ADDRESS = "http://127.0.0.1:8710"


def run(block: str, stage: Stage, folder: Path, address: str) -> str:
    """Run a block in a folder as it stands, but for the port, which is a free one here."""
    assert ADDRESS in block or "127.0.0.1" not in block
    environ = os.environ | {
        "DRIFTWATCH_PID": str(stage.processes[-1].pid),
        "DRIFTWATCH_CONFIG": str(stage.config),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    script = f"set -euo pipefail\n{block.replace(ADDRESS, address)}"
    ran = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, f"{block}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("openssl"), reason="curl or openssl is not installed")
def test_the_commands_for_a_running_daemon(tmp_path: Path) -> None:
    page = commands(PAGE)
    with staged(tmp_path) as stage:
        [token] = [block for block in page["Let other machines ask"] if "openssl" in block]
        [ask_with] = [block for block in page["Let other machines ask"] if "openssl" not in block]
        stage.start()
        stage.until(lambda: stage.done() > 0, "a replay")
        stage.terminate()
        run(token, stage, tmp_path, ADDRESS)
        assert (tmp_path / "http.token").stat().st_mode & 0o777 == 0o600
        rewrite(stage, OFF, 'http: {bind: "127.0.0.1:0"}')
        stage.start()
        [ask] = page["Ask it"]
        assert run(ask, stage, tmp_path, served_by(stage)).splitlines() == [
            "ok",
            "ready (leader)",
            "driftwatch_ready 1.0",
        ]
        stage.terminate()
        rewrite(stage, 'http: {bind: "127.0.0.1:0"}', f'http: {{bind: "0.0.0.0:0", token_file: {tmp_path}/http.token}}')
        log = len(stage.log)
        stage.start()
        stage.until(lambda: "listening" in stage.log[log:], "the server listens")
        port = stage.log[log:].rpartition("address=http://0.0.0.0:")[2].partition("\n")[0]
        address = f"http://127.0.0.1:{port}"
        assert run(ask_with, stage, tmp_path, address) == "driftwatch_leader 1.0\n"
        by_signal, by_request = page["Change the configuration while it runs"]
        run(by_signal, stage, tmp_path, address)
        stage.until(lambda: "configuration in use" in stage.log[log:], "the configuration is read again")
        assert run(by_request, stage, tmp_path, address) == "The configuration is in use.\n"
        assert stage.terminate()[0] == 0


@pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not installed (Debian: apt-get install prometheus)"
)
def test_the_commands_for_prometheus() -> None:
    [block] = commands(PAGE)["Prometheus and Grafana"]
    ran = subprocess.run(["bash", "-ec", block], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_command_is_left_out() -> None:
    run_here = {
        "Ask it": 1,
        "Let other machines ask": 2,
        "Prometheus and Grafana": 1,
        "Change the configuration while it runs": 2,
    }
    assert {name: len(blocks) for name, blocks in commands(PAGE).items() if blocks} == run_here
    assert PAGE.read_text().count("```sh") == sum(run_here.values())
