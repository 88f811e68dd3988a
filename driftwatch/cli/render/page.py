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
        # Not opened: whoever reads a pipe would take that for all there is.
        if _is_no_file(path) and os.access(path, os.W_OK):
            return
        folder = _real(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--output") from None


def write_atomically(path: Path, text: str) -> None:
    """Write a file in the place of the old one; a reader sees either, never a part.

    A link stays one, and what is no file (``/dev/stdout``, a pipe) is written to: in its place would be a file.

    Raises
    ------
    click.BadParameter
        It cannot be written there; the message has the file's name, not that of the part.
    """
    real = _real(path)
    partial = real.with_name(f".{real.name}.{os.getpid()}.partial")
    try:
        if _is_no_file(path):
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(real)
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--output") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _is_no_file(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _real(path: Path) -> Path:
    # Not `Path.resolve`: Python 3.11 and 3.12 raise RuntimeError where a link leads to itself.
    return Path(os.path.realpath(path))
