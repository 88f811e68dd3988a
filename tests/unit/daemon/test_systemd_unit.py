"""The unit file that is shipped: what systemd itself says of it, and that it starts a command that there is."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftwatch.cli import main
from driftwatch.daemon.life import FLUSH_S, GRACE_S

UNIT = Path(__file__).resolve().parents[3] / "systemd" / "driftwatch.service"
EXPOSURE = 1.5

analyzed = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")


def setting(name: str) -> str:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)[-1]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return the unit with an interpreter that exists on this machine: verify looks for the program."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/driftwatch/bin/driftwatch", sys.executable))
    return unit


def analyze(*arguments: str) -> str:
    ran = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60, env={"LC_ALL": "C"}
    )
    return ran.stdout + ran.stderr


@analyzed
def test_systemd_has_nothing_to_say_about_the_unit(installed: Path) -> None:
    # It exits with 0 on unknown directives too: any line is a failure.
    assert analyze("verify", "--man=no", str(installed)) == ""


@analyzed
def test_systemd_does_speak_of_a_misspelt_directive(installed: Path) -> None:
    """The control of the test above."""
    installed.write_text(installed.read_text().replace("ProtectSystem=", "ProtectSytem="))
    assert "ProtectSytem" in analyze("verify", "--man=no", str(installed))


@analyzed
def test_the_sandbox_stays_as_closed_as_it_was(installed: Path) -> None:
    found = re.search(
        r"Overall exposure level for \S+: ([0-9.]+)", analyze("security", "--offline=true", str(installed))
    )
    assert found is not None
    assert float(found[1]) <= EXPOSURE


def test_the_unit_starts_a_command_that_there_is() -> None:
    _, *arguments = shlex.split(setting("ExecStart"))
    assert arguments[-2:] == ["run", "--json-logs"]
    assert CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0
    assert CliRunner().invoke(main, [*arguments, "--no-such-option", "--help"]).exit_code == 2


def test_systemd_waits_longer_than_a_stop_takes() -> None:
    assert float(setting("TimeoutStopSec").removesuffix("s")) > GRACE_S + FLUSH_S


def test_no_number_of_crashes_leaves_the_unit_dead() -> None:
    assert (setting("StartLimitIntervalSec"), setting("Restart")) == ("0", "always")
