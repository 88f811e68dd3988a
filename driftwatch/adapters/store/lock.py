"""One daemon on one store: a lock that dies with its process, however it dies."""

import os
from types import TracebackType
from typing import Self

from driftwatch.adapters.store import location
from driftwatch.adapters.store.errors import store_error

try:
    import fcntl
except ImportError:  # pragma: no cover
    fcntl = None  # type: ignore[assignment]


class StoreLock:
    """Held for as long as this process lives or until `release`; the file beside the store names the holder.

    Parameters
    ----------
    url : str
        The store's URL. Two names of one file (links) are one store.

    Raises
    ------
    StoreError
        With the slug ``store-held`` and the holder's process number, if another process has it.
    """

    def __init__(self, url: str) -> None:
        store = location.path(url)
        self.path = store.with_name(store.name + ".lock")
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            way_on = "The directory of the store must be writable for this user."
            raise store_error(f"{self.path} cannot be written: {error.strerror}.", way_on, "store-read-only") from None
        self._take()

    def release(self) -> None:
        """Let go. The file stays: removing it could hand two processes two locks of one name."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def _take(self) -> None:
        try:
            if fcntl is not None:
                # flock, not lockf: a POSIX lock would go when anything in this process closes the file.
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise store_error(
                f"The store {self.path.with_suffix('')} is held by process {holder}.",
                f"One daemon works on one SQLite file: stop that one (kill {holder}), or give this one its own store.",
                "store-held",
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
