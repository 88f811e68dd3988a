"""The command line: one file per command, each imported only when it is called."""

from driftwatch.cli.frame import main

__all__ = ["main"]
