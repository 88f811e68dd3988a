"""The daemon: wakes endpoints at their slots, sends what was promised, stops in good order."""

from driftwatch.daemon.chores import Chores
from driftwatch.daemon.life import Daemon

__all__ = ["Chores", "Daemon"]
