"""What a daemon need not load, and what it need not do while it loads."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from driftwatch.adapters.lean import without


@contextmanager
def loading() -> Iterator[Callable[[], None]]:
    """Search for no garbage until the callable that it gives is called: what is loaded stays.

    A start makes half a million objects, and a search after every 50,000 of them found 2,000 in all to give back: 40 to
    70 ms. What was made meanwhile counts as old afterwards, so that the next search does not begin with all of it.

    Examples
    --------
    >>> with loading() as loaded:
    ...     print(gc.isenabled())
    ...     loaded()
    ...     print(gc.isenabled())
    False
    True
    """
    was_on = gc.isenabled()
    gc.disable()

    def loaded() -> None:
        # There and back: into the oldest generation, unsearched.
        gc.freeze()
        gc.unfreeze()
        if was_on:
            gc.enable()

    try:
        yield loaded
    finally:
        loaded()


def load_structlog() -> None:
    """Import structlog without rich, which it takes along for tracebacks that we print ourselves: 5.5 MB, 70 ms.

    And without colorama, which is for consoles of Windows: 5 ms.
    """
    with without("rich"), without("colorama"):
        import structlog  # noqa: F401
