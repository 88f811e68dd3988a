"""A file of observation records as the command line names it: a path, or - for standard input."""

import sys
from pathlib import Path
from typing import IO

import click

RECORDS = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


def source_of(file: Path) -> Path | IO[bytes]:
    """Return what is to be read."""
    if str(file) != "-":
        return file
    if sys.stdin is None:  # Python's word for a standard input that was closed before the start
        raise click.UsageError("standard input is closed; name a FILE.")
    return sys.stdin.buffer
