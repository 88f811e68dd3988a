"""How a command that takes long says how far it has come."""

from collections.abc import Callable

Advance = Callable[[str, int, int | None], None]
"""(what is done, how much of it, out of how much if that is known)."""
