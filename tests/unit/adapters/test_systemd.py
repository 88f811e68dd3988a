"""sd_notify(3), against a real socket as systemd opens it."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Timer

import pytest

from driftwatch.adapters.systemd import Systemd

Heard = Callable[[], list[str]]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Heard]]:
    # A socket's name has 107 bytes at most; pytest's folders are longer.
    monkeypatch.chdir(tmp_path)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind("notify")
        listening.settimeout(5)
        yield "notify", lambda: listening.recv(4096).decode().split("\n")


def test_ready_stopping_and_moving_are_what_systemd_expects(manager: tuple[str, Heard]) -> None:
    where, heard = manager
    systemd = Systemd({"NOTIFY_SOCKET": where})
    systemd.ready("watching 2 endpoints")
    assert heard() == ["READY=1", "STATUS=watching 2 endpoints"]
    systemd.moving()
    assert heard() == ["WATCHDOG=1"]
    systemd.stopping("stopping")
    assert heard() == ["STOPPING=1", "STATUS=stopping"]


def test_a_reload_is_stamped_with_systemds_own_clock(manager: tuple[str, Heard]) -> None:
    where, heard = manager
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    Systemd({"NOTIFY_SOCKET": where}).reloading()
    reloading, stamp = heard()
    assert reloading == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_a_status_cannot_say_anything_else(manager: tuple[str, Heard]) -> None:
    where, heard = manager
    Systemd({"NOTIFY_SOCKET": where}).status("every sink fails\nSTOPPING=1")
    assert heard() == ["STATUS=every sink fails STOPPING=1"]


def test_a_name_in_the_abstract_namespace_is_reached() -> None:
    name = f"driftwatch-test-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(f"\0{name}")
        Systemd({"NOTIFY_SOCKET": f"@{name}"}).moving()
        assert listening.recv(100) == b"WATCHDOG=1"


def test_a_manager_that_is_busy_still_hears_that_the_reload_is_done(manager: tuple[str, Heard]) -> None:
    where, heard = manager
    told = 0
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as others, suppress(BlockingIOError):
        others.setblocking(False)
        while True:
            others.sendto(b"WATCHDOG=1", where)
            told += 1
    reader = Timer(0.2, lambda: [heard() for _ in range(told)])
    reader.start()
    Systemd({"NOTIFY_SOCKET": where}).ready("reloaded")
    reader.join()
    assert heard() == ["READY=1", "STATUS=reloaded"]


def test_a_manager_that_does_not_listen_costs_nothing(tmp_path: Path) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready("well")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_names_us(environ: dict[str, str], seconds: float | None) -> None:
    assert Systemd(environ).watchdog_s == seconds
