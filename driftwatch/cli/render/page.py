"""From renderables to the terminal, and from text to a file that is never seen half written."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
from rich.console import RenderableType

from driftwatch.cli.render.terminal import WIDTH, drawn


def echo(parts: Iterator[RenderableType]) -> None:
    """Print renderables, as wide as the terminal."""
    click.echo(drawn(parts, width=width(), color=colored()), nl=False, color=colored())


def width() -> int:
    """Return the characters of a line: the terminal's, or our own where there is none."""
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, 160)


def colored() -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def must_be_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before what stands in it is paid; its folder is made.

    Raises
    ------
    click.BadParameter
        It cannot be written there.
    """
    from tempfile import TemporaryFile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            return
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--output") from None


def write_atomically(path: Path, text: str) -> None:
    """Write a file in the place of the old one; a reader sees either, never a part.

    Raises
    ------
    click.BadParameter
        It cannot be written there; the message has the file's name, not that of the part.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--output") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
