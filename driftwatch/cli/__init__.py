"""The command line: one file per command, each imported only when it is called."""

import os

# Our matrices are small: threads of BLAS fight over the cores for longer than the sums take, and keep memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from driftwatch.cli.frame import main  # numpy reads the variable when it is loaded

__all__ = ["main"]
