"""Memory that was freed goes back to the system."""

import sys
from functools import cache
from typing import Any


def give_back() -> None:
    """Return what is free inside the process to the system, where the C library can (glibc); a few milliseconds.

    A replay needs tens of megabytes for a moment: states read, folded and written, answers scored in threads. glibc
    keeps what is freed, in a heap for each thread, and how much lies unused there is chance: the daemon seemed to grow.

    Examples
    --------
    >>> give_back()
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    # musl has none. A call through ctypes lets other threads run meanwhile.
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
