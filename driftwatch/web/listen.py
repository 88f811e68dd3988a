"""The server's socket: taken before anything is started, so that a port in use is told at once."""

import errno
import socket

from driftwatch.domain.errors import DriftwatchError


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; whoever connects waits until `server.serve` takes it.

    Raises
    ------
    DriftwatchError
        If the address cannot be had (slug ``http-bind``).
    """
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refused(host, port, "no address of this machine has that name") from None
    taken = socket.socket(family, kind, protocol)
    try:
        # After a restart the old connections linger for a minute.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(64)
    except OSError as error:
        taken.close()
        raise _refused(host, port, _why(error)) from None
    taken.setblocking(False)
    return taken


def _why(error: OSError) -> str:
    known = {
        errno.EADDRINUSE: "another program listens there",
        errno.EADDRNOTAVAIL: "this machine has no such address",
        errno.EACCES: "this user may not listen there; ports below 1024 need a privilege",
    }
    return known.get(error.errno or 0, error.strerror or type(error).__name__)


def _refused(host: str, port: int, why: str) -> DriftwatchError:
    return DriftwatchError(
        f"http.bind: cannot listen on {_shown(host)}:{port}: {why}. "
        "Give another `http: {bind: 127.0.0.1:PORT}`, or `http: {bind: none}` for no server.",
        slug="http-bind",
    )


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def address_of(taken: socket.socket) -> str:
    """Return where it listens, as a browser takes it."""
    host, port = taken.getsockname()[:2]
    return f"http://{_shown(host)}:{port}"
