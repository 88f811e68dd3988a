"""What a daemon need not load."""

from driftwatch.adapters.lean import without


def load_structlog() -> None:
    """Import structlog without rich, which it takes along for tracebacks that we print ourselves: 5.5 MB, 70 ms.

    And without colorama, which is for consoles of Windows: 5 ms.
    """
    with without("rich"), without("colorama"):
        import structlog  # noqa: F401
