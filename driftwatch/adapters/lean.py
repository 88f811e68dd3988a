"""What libraries take along for comfort, and a daemon need not load."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(module: str) -> Iterator[None]:
    """Let what is imported meanwhile go on as if `module` were not installed; it can be had afterwards.

    Examples
    --------
    >>> with without("tabnanny"):
    ...     import tabnanny
    Traceback (most recent call last):
    ModuleNotFoundError: import of tabnanny halted; None in sys.modules
    >>> import tabnanny
    """
    if module in sys.modules:
        yield
        return
    # The way the language has of saying that a module is not there.
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
