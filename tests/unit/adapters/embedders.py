"""The small embedder of benchmarks/lab, made once for all tests of a run."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.lab.embedder import make


@cache
def own_embedder() -> Path:
    """Return the folder of an embedder made of our own documentation."""
    folder = Path(tempfile.mkdtemp(prefix="driftwatch-embedder-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make(folder)
