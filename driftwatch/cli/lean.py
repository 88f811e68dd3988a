"""What a daemon need not load, or need not wait for."""

import threading
from importlib import import_module

from driftwatch.adapters.lean import without


def load_structlog() -> None:
    """Import structlog without rich, which it takes along for tracebacks that we print ourselves: 5.5 MB, 70 ms.

    And without colorama, which is for consoles of Windows: 5 ms.
    """
    with without("rich"), without("colorama"):
        import structlog  # noqa: F401


def load_aiohttp_meanwhile() -> threading.Thread:
    """Import aiohttp while the rest is loaded; whoever imports it waits for its end.

    It reads this machine's certificates twice when it is imported: 80 ms in OpenSSL, which needs no lock of Python's.
    """
    thread = threading.Thread(target=import_module, args=("aiohttp",), name="aiohttp")
    thread.start()
    return thread
