"""The shipped unit and its drop-ins: nothing unknown in them, and what systemd itself says of the sandbox."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftwatch.cli import main
from driftwatch.daemon.life import FLUSH_S, GRACE_S

UNITS = Path(__file__).parents[2] / "systemd"
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


def unit(folder: Path, *drop_ins: str) -> Path:
    """Copy the unit with some of its drop-ins; verify wants a command that exists, and may want more of a whole system."""
    text = (UNITS / "driftwatch.service").read_text()
    command = "ExecStart=/opt/driftwatch/bin/driftwatch "
    assert command in text
    (folder / "driftwatch.service").write_text(text.replace(command, "ExecStart=/bin/true "))
    for name in drop_ins:
        (folder / "driftwatch.service.d").mkdir(exist_ok=True)
        shutil.copy(UNITS / name, folder / "driftwatch.service.d")
    return folder / "driftwatch.service"


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def exposure(folder: Path, drop_ins: Sequence[str]) -> float:
    told = analyze("security", "--offline=true", "--no-pager", str(unit(folder, *drop_ins)))
    return float(told.stdout.strip().splitlines()[-1].partition("driftwatch.service:")[2].split()[0])


@pytest.mark.parametrize(("drop_ins", "most"), [((), 1.1), (("egress.conf",), 0.9), (("credentials.conf",), 1.1)])
def test_exposure_stays_as_low_as_promised(tmp_path: Path, drop_ins: tuple[str, ...], most: float) -> None:
    assert exposure(tmp_path, drop_ins) <= most


def test_every_setting_that_is_not_set_is_one_that_a_networked_daemon_needs(tmp_path: Path) -> None:
    told = analyze("security", "--offline=true", "--json=short", str(unit(tmp_path)))
    exposed = {row["json_field"] for row in json.loads(told.stdout) if row["exposure"] not in (None, "0")}
    assert exposed == {
        "RootDirectoryOrRootImage", "RestrictAddressFamilies_AF_INET_INET6", "RestrictAddressFamilies_AF_UNIX",
        "PrivateNetwork", "DeviceAllow", "IPAddressDeny",
    }  # fmt: skip


def test_verify_prints_nothing(tmp_path: Path) -> None:
    told = analyze("verify", str(unit(tmp_path, "egress.conf", "credentials.conf")))
    assert (told.stdout, told.stderr) == ("", "")


def test_verify_would_print_a_line_about_an_unknown_directive(tmp_path: Path) -> None:
    # It exits 0 all the same: only what it prints counts.
    path = unit(tmp_path, "egress.conf")
    with (tmp_path / "driftwatch.service.d" / "egress.conf").open("a") as drop_in:
        drop_in.write("NoSuchDirective=1\n")
    assert "NoSuchDirective" in analyze("verify", str(path)).stderr


def setting(name: str) -> str:
    return re.findall(rf"^{name}=(.*)$", (UNITS / "driftwatch.service").read_text(), re.MULTILINE)[-1]


def test_the_unit_starts_a_command_that_there_is() -> None:
    _, *arguments = shlex.split(setting("ExecStart"))
    assert arguments[-2:] == ["run", "--json-logs"]
    assert CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0
    assert CliRunner().invoke(main, [*arguments, "--no-such-option", "--help"]).exit_code == 2


def test_systemd_waits_longer_than_a_stop_takes() -> None:
    assert float(setting("TimeoutStopSec").removesuffix("s")) > GRACE_S + FLUSH_S


@pytest.mark.parametrize("line", [
    "StartLimitIntervalSec=0", "Restart=always", "DynamicUser=yes", "StateDirectory=driftwatch", "Type=notify",
    "WatchdogSec=60s", "LimitCORE=0",
])  # fmt: skip
def test_what_the_night_depends_on_stands_in_the_unit(line: str) -> None:
    assert line in (UNITS / "driftwatch.service").read_text().splitlines()
