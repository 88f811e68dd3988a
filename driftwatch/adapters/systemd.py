"""What systemd hears of us: ready, reloading, stopping, still moving. Without systemd nothing is told, nothing fails.

A datagram on the socket that it names is the whole protocol: sd_notify(3).
"""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

STATUS_LONGEST = 200
# A manager under load reads later; a READY that is lost would leave the unit "reloading" for good.
PATIENCE_S = 1.0


class Systemd:
    """Tells the service manager how the daemon is.

    Parameters
    ----------
    environ : mapping
        NOTIFY_SOCKET says where to, WATCHDOG_USEC and WATCHDOG_PID whether it wants to hear from us all the time.

    Examples
    --------
    >>> Systemd({}).ready("watching 2 endpoints")
    >>> Systemd({"WATCHDOG_USEC": "60000000"}).watchdog_s
    60.0
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        where = environ.get("NOTIFY_SOCKET", "")
        # A name in the abstract namespace is written with @ and begins with a zero byte.
        self._address = "\0" + where[1:] if where.startswith("@") else where
        ours = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        usec = environ.get("WATCHDOG_USEC", "") if ours else ""
        self.watchdog_s = int(usec) / 1e6 if usec.isdecimal() and int(usec) else None

    def ready(self, status: str) -> None:
        """Tell that the start, or a reload, is done."""
        self._tell("READY=1", _status(status), patience_s=PATIENCE_S)

    def reloading(self) -> None:
        """Tell that the configuration is read again; `ready` ends it."""
        # systemd takes READY for the answer to a reload only if it was sent after this moment: Type=notify-reload.
        now_usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now_usec}", patience_s=PATIENCE_S)

    def stopping(self, status: str) -> None:
        """Tell that the stop has begun."""
        self._tell("STOPPING=1", _status(status), patience_s=PATIENCE_S)

    def status(self, status: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._tell(_status(status))

    def moving(self) -> None:
        """Keep the watchdog from starting us again."""
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str, patience_s: float = 0.0) -> None:
        if not self._address:
            return
        # A service manager that does not listen is its own trouble: pages go on.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
            told.settimeout(patience_s)
            told.sendto("\n".join(lines).encode(), self._address)


def _status(text: str) -> str:
    # A line feed would begin a variable of its own.
    return "STATUS=" + " ".join(text.split())[:STATUS_LONGEST]
