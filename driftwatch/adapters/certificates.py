"""Certificates of this machine, read when they are first needed: aiohttp reads them twice whenever it is imported.

That is 80 to 100 ms of CPU, for two contexts of which one verifies nothing, and the other nothing where all is HTTP.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Unread(ssl.SSLContext):
    """A context that reads the certificates before its first connection."""

    def read(self) -> None:
        """Read them, and be an ordinary context from now on."""
        # In this order: another thread may find it unread and read it again, never one that trusts nobody.
        self.set_default_verify_paths()
        self.__class__ = ssl.SSLContext  # type: ignore[assignment]

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        self.read()
        return self.wrap_bio(*args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        self.read()
        return self.wrap_socket(*args, **kwargs)


_put_off: list[_Unread] = []


def _put_off_reading(context: ssl.SSLContext) -> None:
    # One that verifies nothing never needs them.
    if context.verify_mode != ssl.CERT_NONE:
        context.__class__ = _Unread
        assert isinstance(context, _Unread)  # noqa: S101  # for mypy
        _put_off.append(context)


@contextmanager
def read_later() -> Iterator[None]:
    """Have contexts that are made meanwhile read this machine's certificates before their first connection.

    Examples
    --------
    >>> with read_later():
    ...     context = ssl.create_default_context()
    >>> context.cert_store_stats()["x509"]
    0
    >>> type(context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="vendor.example").context).__name__
    'SSLContext'
    """
    # `SSLContext` inherits the method: what is set here hides it, and what is deleted brings it back.
    ssl.SSLContext.set_default_verify_paths = _put_off_reading  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        del ssl.SSLContext.set_default_verify_paths


def read_now() -> None:
    """Read what was put off: whoever measures how long a connection takes calls it before."""
    while _put_off:
        context = _put_off.pop()
        if isinstance(context, _Unread):
            context.read()


def load_aiohttp() -> None:
    """Import aiohttp without its reading them."""
    with read_later():
        import aiohttp  # noqa: F401
