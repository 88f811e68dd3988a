"""The local things whose change explains a shift: files and folders by content, a git work tree by its commit.

git itself is not asked: a daemon's user may not own the work tree, and then git refuses to answer.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from driftwatch.domain.probe import HASH_LENGTH

MOST_FILES = 10_000
"""Files of all paths together; a folder with more is known by its first ones, in the order of their names."""
MOST_BYTES = 10_000_000
"""Of one file; of a larger one the beginning and the size count."""
_SKIPPED = frozenset({".git", "__pycache__", "node_modules", ".venv"})


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a configuration names under ``watch:``.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders, hashed by content.
    git : Path, optional
        A work tree, or a folder in one: known by the commit that is checked out.
    """

    paths: Sequence[Path] = ()
    git: Path | None = None

    def parts(self) -> Mapping[str, str]:
        """Return the parts of our fingerprint; what cannot be read has a value too, so that its loss is a change."""
        found = {"paths": _content(self.paths)} if self.paths else {}
        return found | ({"git": commit_of(self.git)} if self.git else {})


def commit_of(folder: Path) -> str:
    """Return the commit that is checked out in a work tree; the name of the trouble where there is none."""
    try:
        home = _git_folder(folder)
        return "no git work tree" if home is None else _resolved(home, (home / "HEAD").read_text().strip())
    except (OSError, UnicodeDecodeError) as error:
        return f"unreadable: {type(error).__name__}"


def _git_folder(folder: Path) -> Path | None:
    for here in (folder.absolute(), *folder.absolute().parents):
        found = here / ".git"
        if found.is_file():  # a linked work tree, or a submodule
            return (here / found.read_text().removeprefix("gitdir:").strip()).resolve()
        if found.is_dir():
            return found
    return None


def _resolved(home: Path, head: str) -> str:
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    common = home / "commondir"
    shared = (home / common.read_text().strip()).resolve() if common.is_file() else home
    for place in (home / name, shared / name):
        if place.is_file():
            return place.read_text().strip()
    packed = shared / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), f"{name} without a commit")


def _content(paths: Sequence[Path]) -> str:
    whole = sha256()
    for path in paths:
        # The place counts by its name as written, so that moving a project to another machine changes nothing.
        whole.update(f"{path.name}\0".encode("utf-8", "surrogateescape"))
        for number, file in enumerate(_files(path)):
            if number == MOST_FILES:
                break
            whole.update(f"{file.relative_to(path).as_posix()}\0".encode("utf-8", "surrogateescape"))
            whole.update(_hashed(file))
    return whole.hexdigest()[:HASH_LENGTH]


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for here, folders, files in os.walk(path):
        folders[:] = sorted(set(folders) - _SKIPPED)
        yield from (Path(here) / name for name in sorted(files))


def _hashed(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            body = opened.read(MOST_BYTES)
        return sha256(body + str(file.stat().st_size).encode()).digest()
    except OSError as error:
        return type(error).__name__.encode()
