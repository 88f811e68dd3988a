"""The daemon: wakes endpoints at their slots, sends what was promised, stops in good order.

Names are looked up on first use, so that a single replay, which needs its log alone, does not load the scheduler.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftwatch.daemon.chores import Chores
    from driftwatch.daemon.life import Daemon

__all__ = ["Chores", "Daemon"]

_HOMES = {"Chores": "chores", "Daemon": "life"}


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
