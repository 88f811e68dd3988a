"""The command line: one file per command, each imported only when it is called."""

import atexit
import gc
import os

# What is loaded stays: with the default, a replay's many small records have all of it searched for garbage again.
gc.set_threshold(50_000, 20, 20)
# A process that ends gives everything back at once: to search it for garbage first was a fifth of a replay's CPU.
atexit.register(gc.freeze)
# Our matrices are small: threads of BLAS fight over the cores for longer than the sums take, and keep memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# We have no plugins of pydantic: to look for some it reads the metadata of everything that is installed, 10 ms.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from driftwatch.cli.frame import main  # noqa: E402  # numpy reads the variable when it is loaded

__all__ = ["main"]
