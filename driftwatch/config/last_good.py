"""The last configuration file that was good: what a start goes on with where the file was broken meanwhile.

Kept in the service's state folder (``$STATE_DIRECTORY``, which systemd sets), else beside the file. The golden sets are
not copied.
"""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from driftwatch.config.load import load_settings
from driftwatch.config.settings import Settings

OF_THE_DAEMON = "DRIFTWATCH_CHILD"
"""Set for the daemon's own children: they go on as it does, with the last good copy."""


def copy_of(file: Path, environ: Mapping[str, str]) -> Path:
    """Return where the copy of a configuration file is kept.

    Examples
    --------
    >>> copy_of(Path("/etc/driftwatch/driftwatch.yaml"), {}).as_posix()
    '/etc/driftwatch/.driftwatch.yaml.last-good'
    """
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if not state:
        return file.absolute().with_name(f".{file.name}.last-good")
    # Two daemons of one user may share the folder.
    mark = sha256(str(file.absolute()).encode()).hexdigest()[:8]
    return Path(state) / f"{file.name}-{mark}.last-good"


def keep(file: Path, content: bytes, environ: Mapping[str, str]) -> None:
    """Keep the content of a file that is in use now; all of it or nothing, for its owner alone.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    copy = copy_of(file, environ)
    if copy.exists() and copy.read_bytes() == content:
        return
    coming = copy.with_name(f"{copy.name}.{os.getpid()}")
    # It may hold a key, as the file itself may.
    with os.fdopen(os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    coming.replace(copy)


def load_last_good(file: Path, environ: Mapping[str, str]) -> Settings | None:
    """Return the settings of the copy, as if they stood in the file; None where there is none.

    Raises
    ------
    ConfigError
        If the copy is not good any more: a variable or a secret's file has gone.
    """
    copy = copy_of(file, environ)
    return load_settings(copy, environ, stands_for=file) if copy.exists() else None
