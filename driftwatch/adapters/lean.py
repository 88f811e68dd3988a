"""What libraries take along for comfort, and a daemon need not load."""

import importlib.metadata
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


@contextmanager
def without_plugins() -> Iterator[None]:
    """Let what is imported meanwhile find no plugins: to look for some, all that is installed has its metadata read.

    Examples
    --------
    >>> with without_plugins():
    ...     len(importlib.metadata.entry_points(group="console_scripts"))
    0
    """
    look = importlib.metadata.entry_points
    importlib.metadata.entry_points = lambda **_: importlib.metadata.EntryPoints()  # type: ignore[assignment]
    try:
        yield
    finally:
        importlib.metadata.entry_points = look
