"""The unit on a real systemd: what becomes of the daemon when something goes wrong around it."""

import re
from collections.abc import Iterator

import pytest

from tests.systemd.conftest import ROOT, Site

pytestmark = pytest.mark.slow
CRASHES = 100
FILE = "/etc/driftwatch/driftwatch.yaml"


@pytest.fixture(autouse=True)
def vendor(site: Site) -> Iterator[None]:
    """The rehearsal's vendor, and nothing running that a test before left."""
    site.machine.run("systemctl stop driftwatch; systemctl reset-failed")
    # In a file again, should PostgreSQL have been tried before.
    site.follow("The configuration")
    if site.machine.show("rehearsal", "ActiveState") != "active":
        site.follow("Something to watch")
    yield
    site.machine.run("systemctl stop driftwatch")


def start(site: Site) -> None:
    site.machine.run("systemctl start driftwatch")


def restarts(site: Site) -> int:
    return int(site.machine.show("driftwatch", "NRestarts"))


def test_fault_08_a_stop_ends_in_good_order(site: Site) -> None:
    start(site)
    site.replays_again()
    site.machine.run("systemctl stop driftwatch")
    told = {name: site.machine.show("driftwatch", name) for name in ("ActiveState", "Result", "ExecMainStatus")}
    # `timeout` would be the result of a stop that took longer than TimeoutStopSec.
    assert told == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}


def test_a_reload_puts_a_good_file_to_use_without_a_restart(site: Site) -> None:
    machine = site.machine
    start(site)
    main = machine.show("driftwatch", "MainPID")
    machine.run(f"""sed -i 's/^  - name: rehearsal$/  - name: renamed/' {FILE} && systemctl reload driftwatch""")
    machine.until(lambda: "configuration in use" in machine.journal("driftwatch"), "the new file")
    machine.until(lambda: '"endpoint": "renamed"' in machine.journal("driftwatch"), "a replay of the new endpoint")
    # Told by a datagram of its own, after the line in the journal.
    machine.until(lambda: site.state() == "active", "the end of the reload")
    assert (machine.show("driftwatch", "MainPID"), restarts(site)) == (main, 0)


def test_fault_69_a_reload_refuses_a_broken_file_and_says_so(site: Site) -> None:
    machine = site.machine
    start(site)
    site.replays_again()
    main = machine.show("driftwatch", "MainPID")
    machine.run(f"""sed -i 's/^endpoints:$/endpoint:/' {FILE} && systemctl reload driftwatch""")
    machine.until(lambda: "refused" in machine.show("driftwatch", "StatusText"), "the refusal")
    before = machine.journal("driftwatch").count("replay finished")
    machine.until(lambda: machine.journal("driftwatch").count("replay finished") > before, "another replay")
    assert (machine.show("driftwatch", "MainPID"), site.state()) == (main, "active")
    site.follow("The configuration")
    machine.run("systemctl reload driftwatch")
    machine.until(lambda: "refused" not in machine.show("driftwatch", "StatusText"), "the mended file")
    site.replays_again()


def test_fault_10_a_daemon_that_stands_still_is_started_again(site: Site) -> None:
    with site.with_drop_in("WatchdogSec=6s\nRestartSec=100ms"):
        start(site)
        site.replays_again()
        site.machine.run("systemctl kill --kill-whom=main --signal=STOP driftwatch")
        site.machine.until(lambda: restarts(site) == 1, "the watchdog")
        site.replays_again()
        journal = site.machine.journal("driftwatch")
        assert "Watchdog timeout" in journal
        # Where it stood, told by Python on SIGABRT.
        assert "Fatal Python error: Aborted" in journal
        assert site.endpoint()["coverage"]["not_begun"] == 0, "each slot of the pause is accounted for"


def test_fault_11_a_hundred_crashes_in_a_row_leave_a_unit_that_comes_up(site: Site) -> None:
    with site.with_drop_in("RestartSec=10ms"):
        site.machine.run("systemctl start --no-block driftwatch")
        seen = site.machine.run(f"""
            crashes=0
            while [ $crashes -lt {CRASHES} ]; do
                pid=$(systemctl show --value -p MainPID driftwatch)
                if [ "$pid" != 0 ] && [ "$pid" != "${{last:-}}" ] && kill -KILL "$pid"; then
                    last=$pid
                    crashes=$((crashes + 1))
                fi
                systemctl show --value -p ActiveState driftwatch
            done | sort | uniq -c""", timeout_s=600).stdout  # fmt: skip
        assert "failed" not in seen, seen
        site.replays_again()
        assert restarts(site) >= CRASHES


def test_fault_12_killed_for_memory_again_and_again_it_comes_up_when_there_is_some(site: Site) -> None:
    with site.with_drop_in("MemoryMax=24M\nRestartSec=10ms"):
        site.machine.run("systemctl start --no-block driftwatch")
        site.machine.until(lambda: restarts(site) >= 5, "five ends for want of memory")
        assert site.state() in ("activating", "deactivating")
        raised = "/etc/systemd/system/driftwatch.service.d/test.conf"
        site.machine.run(f"sed -i s/MemoryMax=24M/MemoryMax=1G/ {raised} && systemctl daemon-reload")
        site.replays_again()


def test_fault_13_with_few_files_and_threads_it_works_and_does_not_crash(site: Site) -> None:
    with site.with_drop_in("LimitNOFILE=64\nTasksMax=24"):
        start(site)
        site.replays_again()
        site.replays_again()
        assert restarts(site) == 0
        assert site.endpoint()["coverage"]["failed"] == 0


def test_fault_14_a_file_system_that_turns_read_only(site: Site) -> None:
    machine = site.machine
    mounted = "/var/lib/private/driftwatch"
    # `abort` is what ext4 does of itself when the disk fails under it: from then on it is read-only.
    machine.run(f"""
        test -e /dev/loop-control || mknod /dev/loop-control c 10 237
        for n in 0 1 2 3 4 5 6 7; do test -e /dev/loop$n || mknod /dev/loop$n b 7 $n; done
        truncate -s 64M /srv/disk && mkfs.ext4 -q /srv/disk && mount -o loop /srv/disk {mounted}""")
    try:
        start(site)
        site.replays_again()
        done, began = site.done(), int(machine.run("date +%s").stdout)
        machine.run(f"mount -o remount,abort {mounted} && ! touch {mounted}/x 2>/dev/null")
        machine.until(lambda: failures(site) >= 3, "three slots that cannot be kept")
        # Each slot is tried once, two seconds apart: it does not turn in a circle, and does not end.
        until = int(machine.run("date +%s").stdout)
        assert failures(site) <= (until - began) / 2 + 2
        assert 1 <= len(errors(site, began)) <= 2, "one line, and one more if the trouble changed"
        assert (restarts(site), site.state()) == (0, "active")
        emergency = "driftwatch cannot store anything"
        machine.until(lambda: any(emergency in post["text"] for post in site.posts), "the page past the store", 240)
        assert all("store-io" in one or "store-read-only" in one for one in errors(site, began))
        machine.run(
            f"systemctl stop driftwatch; umount {mounted}; fsck.ext4 -p /srv/disk || test $? -le 1; mount -o loop /srv/disk {mounted}"
        )
        start(site)
        site.replays_again()
        assert site.done() > done, "what was kept before is still there"
    finally:
        machine.run(f"systemctl stop driftwatch; umount {mounted}; rm /srv/disk")


def failures(site: Site) -> float:
    ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8710/metrics').read().decode())"
    page = site.machine.run(f'/opt/driftwatch/bin/python -c "{ask}"').stdout
    return sum(
        float(line.split()[-1]) for line in page.splitlines() if line.startswith("driftwatch_store_failures_total")
    )


def errors(site: Site, since: int) -> list[str]:
    lines = site.machine.run(f"journalctl -u driftwatch -o cat --no-pager --since @{since}").stdout.splitlines()
    return [line for line in lines if "replay broke off" in line]


def test_egress_reaches_the_addresses_it_names_and_no_other(site: Site) -> None:
    machine = site.machine
    machine.run("ip address replace 192.0.2.1/32 dev lo")
    settings = re.findall(r"^IPAddress\S+$", (ROOT / "systemd" / "egress.conf").read_text(), flags=re.MULTILINE)
    limits = " ".join(f"-p {setting}" for setting in settings)
    reach = "/opt/driftwatch/bin/python -c 'import socket, sys; socket.create_connection((sys.argv[1], 9), 5)'"
    told = {
        (limited, address): machine.run(
            f"systemd-run --wait --pipe --quiet {limited} {reach} {address} 2>&1 | tail -1", check=False
        ).stdout
        for limited in ("", limits) for address in ("127.0.0.1", "192.0.2.1")
    }  # fmt: skip
    refused = "ConnectionRefusedError"
    assert refused in told["", "127.0.0.1"]
    assert refused in told["", "192.0.2.1"]
    if refused in told[limits, "192.0.2.1"]:
        pytest.skip("the kernel has no BPF for cgroups, so systemd cannot hold packets up")
    assert refused in told[limits, "127.0.0.1"]
    assert "TimeoutError" in told[limits, "192.0.2.1"] or "PermissionError" in told[limits, "192.0.2.1"]
    with site.with_drop_in("\n".join(settings)):
        start(site)
        site.replays_again()
