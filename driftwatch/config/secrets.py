"""Secrets from files and systemd credentials: read once, checked, never shown."""

import stat
from collections.abc import Mapping
from pathlib import Path

from driftwatch.domain.secret import Secret

MAX_BYTES = 64 * 1024


class SecretFileError(ValueError):
    """The file cannot give a secret; the message names what it must be, never what is in it."""


def secret_path(name: str, *, root: Path, environ: Mapping[str, str]) -> Path:
    """Return the file that `name` means: a systemd credential if there is one, else relative to the project."""
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / name).is_file():
        return Path(credentials) / name
    return root / Path(name).expanduser()


def read_secret(name: str, *, root: Path, environ: Mapping[str, str]) -> Secret:
    """Return the file's content without the newline at its end.

    Raises
    ------
    SecretFileError
        Missing, unreadable, not a regular file, too large, not UTF-8, empty, or more than one line.
    """
    try:
        path = secret_path(name, root=root, environ=environ)
        # Asked before it is opened: opening a FIFO would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise SecretFileError("it must be a regular file.")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "no such place"
        raise SecretFileError(f"the file must exist and be readable by you ({why}).") from None
    except ValueError as error:
        raise error if isinstance(error, SecretFileError) else SecretFileError("it cannot be a file's name.") from None
    return Secret(_one_line(raw))


def _one_line(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise SecretFileError("the file is too large to hold one secret.")
    try:
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretFileError("the file must be UTF-8 text.") from None
    if not text.strip() or not text.isprintable():
        raise SecretFileError("the file must hold the secret in one line and nothing else.")
    return text


def readable_by_all(path: Path) -> bool:
    """Say whether every user of this machine can read the file."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):
        return False
