"""Files that come with driftwatch: found in a checkout and in an installed wheel alike."""

from pathlib import Path

import driftwatch

_IN_CHECKOUT = {"config": "config", "probes": "probes", "errors": "docs/errors"}


def shipped(name: str) -> Path:
    """Return the folder of shipped files: ``config``, ``probes`` or ``errors``.

    A wheel carries them in ``driftwatch/shipped``; a checkout has them at its top.

    Examples
    --------
    >>> (shipped("config") / "minimal.yaml").is_file()
    True
    """
    package = Path(driftwatch.__file__).resolve().parent
    installed = package / "shipped" / name
    return installed if installed.is_dir() else package.parent / _IN_CHECKOUT[name]
