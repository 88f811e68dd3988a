"""What a daemon need not load."""

import sys


def load_structlog() -> None:
    """Import structlog without rich, which it takes along for tracebacks that we print ourselves: 5.5 MB, 70 ms."""
    if "rich" in sys.modules:
        return
    # The way the language has of saying that a module is not there; structlog goes on without it.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
