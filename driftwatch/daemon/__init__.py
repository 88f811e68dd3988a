"""The daemon: wakes endpoints at their slots, sends what was promised, stops in good order."""

from driftwatch.daemon.life import Daemon

__all__ = ["Daemon"]
