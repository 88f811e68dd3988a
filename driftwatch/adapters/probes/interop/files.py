"""Files that a foreign configuration names: text below its own folder is read, code is not run."""

import json
from pathlib import Path
from typing import Any

from driftwatch.adapters.yaml_strict import parse, read_text
from driftwatch.domain.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_FILES = 1_000
TEXTS = (".txt", ".md", ".j2", ".html", ".xml", ".csv", ".sql", "")
FILE = "file://"


class FileRefusedError(Exception):
    """The file cannot be carried."""


def located(named: str, folder: Path, root: Path) -> Path:
    """Return the file, if it lies below `root`.

    Raises
    ------
    FileRefusedError
        If it lies elsewhere, or is not there.
    """
    try:
        path = (folder / named.removeprefix(FILE)).resolve()
        there = path.is_file()
    except (OSError, ValueError):  # no name of a file at all: too long, or with a NUL in it
        raise FileRefusedError(f"{named[:60]!r} cannot be the name of a file") from None
    except RuntimeError:  # so says Python before 3.13
        raise FileRefusedError(f"`{named}` is a link that leads to itself") from None
    if not path.is_relative_to(root.resolve()):
        raise FileRefusedError(f"`{named}` lies outside of the folder that is imported")
    if not there:
        raise FileRefusedError(f"`{named}` is not there")
    return path


def matching(named: str, folder: Path, root: Path) -> list[Path]:
    """Return the files that a name with wildcards means, in order; one without is itself."""
    bare = named.removeprefix(FILE).removeprefix("./")
    fixed, wild, loose = bare.partition("*")
    if not wild:
        return [located(named, folder, root)]
    try:
        start = (folder / fixed.rpartition("/")[0]).resolve()
        # Before it is looked through: that may be a whole disk, whose names are nobody's concern.
        if ".." in loose.split("/") or not start.is_relative_to(root.resolve()):
            raise FileRefusedError(f"`{named}` lies outside of the folder that is imported")
        found = sorted(path for path in folder.glob(bare) if path.is_file())[:MAX_FILES]
    except (OSError, ValueError, NotImplementedError, RuntimeError):
        raise FileRefusedError(f"`{named}` is no pattern of files below this folder") from None
    if not found:
        raise FileRefusedError(f"`{named}` matches no file")
    return [located(str(path.resolve()), folder, root) for path in found]


def text_of(path: Path, named: str) -> str:
    """Return a file's text."""
    try:
        return read_text(path, shown=named, max_bytes=MAX_BYTES)
    except ConfigError as error:
        raise FileRefusedError(f"`{named}` {error.problems[0].met}") from None


def static_value(named: str, folder: Path, root: Path) -> Any:
    """Return what a file of text, JSON or YAML says.

    Raises
    ------
    FileRefusedError
        For every other kind of file.
    """
    path = located(named, folder, root)
    suffix = path.suffix.lower()
    if suffix in TEXTS:
        return text_of(path, named).strip()
    if suffix not in (".json", ".yaml", ".yml"):
        raise FileRefusedError(f"`{named}` is neither text nor JSON nor YAML")
    text = text_of(path, named)
    try:
        return json.loads(text) if suffix == ".json" else parse(text, file=named).value
    except (ValueError, RecursionError):
        raise FileRefusedError(f"`{named}` is not JSON") from None
    except ConfigError as error:
        raise FileRefusedError(f"`{named}`: {error.problems[0].met}") from None
