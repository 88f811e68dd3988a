"""A machine to try units on: a real systemd as PID 1, in namespaces, over a copy-on-write view of this one."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic, sleep

BOOT = Path(__file__).with_name("boot.sh")
SYSTEMD = Path("/lib/systemd/systemd")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE_S = 120.0
OLDEST = 252


def why_not() -> str | None:
    """Return why no machine can be booted here; None if one can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "booting a systemd needs root"
    tools = ("unshare", "nsenter", "pivot_root", "systemctl", "ip", "bash")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing or not SYSTEMD.exists():
        return f"not here: {', '.join(missing) or SYSTEMD}"
    told = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout
    version = int(told.split()[1].partition("~")[0])
    if version < OLDEST:
        return f"systemd {version} is older than Debian 12's {OLDEST}"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "mount", "-t", "proc", "p", "/proc"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"no namespaces: {tried.stderr.strip()}" if tried.returncode else None


@dataclass(kw_only=True)
class Machine:
    """A booted machine; its /srv is `srv` here, its network is its own loopback and nothing else.

    Parameters
    ----------
    init : int
        Process number of its PID 1, as seen from here.
    """

    name: str
    init: int
    srv: Path

    def run(
        self, script: str, *, check: bool = True, online: bool = False, env: Mapping[str, str] | None = None,
        timeout_s: float = 300.0,
    ) -> "subprocess.CompletedProcess[str]":  # fmt: skip
        """Run shell lines as its root; `online` lends them this machine's network, for package registries."""
        done = subprocess.run(
            [*self._enter(online=online), "bash", "-euo", "pipefail", "-c", script],
            env={"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", **(env or {})},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=timeout_s,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}\n{self.journal()[-3000:]}"
        return done

    def show(self, unit: str, name: str) -> str:
        """Return one property of a unit."""
        return self.run(f"systemctl show --value -p {name} {unit}").stdout.strip()

    def journal(self, unit: str = "") -> str:
        chosen = f"-u {unit}" if unit else "-b"
        return self.run(f"journalctl --no-pager -o cat {chosen} 2>&1 | tail -n 400", check=False).stdout

    def until(self, happened: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
        deadline = monotonic() + patience_s
        while not happened():
            assert monotonic() < deadline, f"{what}: it never happened\n{self.journal()[-4000:]}"
            sleep(0.1)

    def _enter(self, *, online: bool) -> list[str]:
        spaces = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", *([] if online else ["--net"])]
        return ["nsenter", "--target", str(self.init), *spaces, "--"]


_NUMBERS = count()


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """Boot a machine, and end everything that runs in it."""
    # One of a session and one of a module may be up at once: each has cgroups of its own.
    name = f"driftwatch-{os.getpid()}-{next(_NUMBERS)}"
    folder.mkdir(parents=True, exist_ok=True)
    boot = ["bash", str(BOOT), name, str(folder)]
    with (folder / "console").open("wb") as console:
        holder = subprocess.Popen(boot, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
    try:
        machine = Machine(name=name, init=_init_of(holder, folder), srv=folder / "srv")
        machine.until(lambda: _is_up(machine), "systemd's start")
        yield machine
    finally:
        # unshare takes PID 1 with it, and PID 1 everything else.
        holder.kill()
        holder.wait()
        _remove_cgroups(name)


def _init_of(holder: "subprocess.Popen[bytes]", folder: Path) -> int:
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline and holder.poll() is None:
        with suppress(OSError, LookupError):  # not forked yet
            child = int(Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()[0])
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return child
        sleep(0.05)
    raise AssertionError(f"no systemd came up: {(folder / 'console').read_text()[-2000:]}")


def _is_up(machine: Machine) -> bool:
    # `degraded` would be this tree's own units; ours are looked at one by one.
    state = machine.run("systemctl is-system-running || true", check=False).stdout.strip()
    return state in ("running", "degraded")


def _remove_cgroups(name: str) -> None:
    """Take our cgroups away, from the leaves down; the kernel lets go of the last process a little late."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, at, kind, *_ = line.split()
        top = Path(at) / name
        if kind not in ("cgroup", "cgroup2") or not top.exists():
            continue
        for folder in sorted((one for one in [top, *top.rglob("*")] if one.is_dir()), reverse=True):
            deadline = monotonic() + 10
            while folder.exists() and monotonic() < deadline:
                try:
                    folder.rmdir()
                except OSError:
                    sleep(0.05)
