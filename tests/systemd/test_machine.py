"""The machine that units are tried on: proven on a stand-in of a few lines, so that its silence means something."""

from pathlib import Path

import pytest

from tests.systemd.machine import Machine, booted, why_not

WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

STAND_IN = """\
[Unit]
StartLimitIntervalSec=0
[Service]
Type=notify
ExecStart=/bin/bash -c 'while test -e /srv/ready || sleep 0.1; do test -e /srv/ready && systemd-notify --ready && break; done; \
while systemd-notify WATCHDOG=1; do sleep 0.2; done'
NotifyAccess=all
WatchdogSec=3s
Restart=always
RestartSec=100ms
DynamicUser=yes
StateDirectory=stand-in
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory):
    with booted(tmp_path_factory.mktemp("machine")) as machine:
        (machine.srv / "unit").write_text(STAND_IN)
        machine.run("cp /srv/unit /etc/systemd/system/stand-in.service && systemctl daemon-reload")
        yield machine


def test_it_is_a_machine_of_its_own(machine: Machine) -> None:
    told = machine.run("cat /proc/1/comm; hostname; ip -br address; ls /etc/systemd/system/stand-in.service").stdout
    assert told.startswith(f"systemd\n{machine.name}\n")
    assert "eth" not in told
    assert not Path("/etc/systemd/system/stand-in.service").exists()


def test_a_unit_is_up_when_it_says_so_and_a_stopped_one_is_started_again(machine: Machine) -> None:
    machine.run("systemctl start --no-block stand-in")
    # The job waits for a machine that is still booting.
    machine.until(lambda: machine.show("stand-in", "ActiveState") == "activating", "the job")
    (machine.srv / "ready").touch()
    machine.until(lambda: machine.show("stand-in", "ActiveState") == "active", "readiness")
    machine.run("systemctl kill --kill-whom=all -s STOP stand-in")
    machine.until(lambda: machine.show("stand-in", "NRestarts") == "1", "the watchdog")
    assert "Watchdog timeout" in machine.journal("stand-in")


def test_a_failing_line_fails_the_test(machine: Machine) -> None:
    with pytest.raises(AssertionError, match="no-such-unit"):
        machine.run("systemctl start no-such-unit")
