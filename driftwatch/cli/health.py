"""`driftwatch health`: whether the daemon on this machine moves, for a container's HEALTHCHECK."""

from http.client import HTTPConnection, HTTPException

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say

TIMEOUT_S = 4.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where one asks a server that listens everywhere


@click.command()
@click.pass_obj
def health(frame: Frame) -> None:
    """Ask the daemon's own server (`http.bind`) whether the daemon moves, as Kubernetes' liveness does.

    Exits with 0 if it does, with 3 if a part of it stands still or nobody answers.
    """
    host, port = daemon_address(frame)
    try:
        code, said = ask_daemon(host, port, "/healthz")
    except (OSError, HTTPException) as error:
        say(f"nobody answers at {host}:{port} ({getattr(error, 'strerror', None) or error}): is the daemon running?")
        raise SystemExit(Exit.UNKNOWN) from None
    say(said)
    if code != 200:
        raise SystemExit(Exit.UNKNOWN)


def ask_daemon(host: str, port: int, path: str) -> tuple[int, str]:
    """Return the status and the words of the daemon's own server.

    Raises
    ------
    OSError, HTTPException
        If nobody answers, or nobody who speaks HTTP.
    """
    connection = HTTPConnection(EVERYWHERE.get(host, host), port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(1000).decode(errors="replace").strip()
    finally:
        connection.close()


def daemon_address(frame: Frame) -> tuple[str, int]:
    """Return where the daemon's own server listens, or say why nobody can be asked."""
    from driftwatch.config.http import Http
    from driftwatch.domain.errors import ConfigError, DriftwatchError

    try:
        http = frame.settings().http
    except ConfigError:
        older = frame.older()
        if older is None and not frame.config.exists():
            raise
        # The daemon goes on with what it has read, and that it moves is all that is asked here.
        http = older.http if older else Http()
    address = http.address
    if address is None or not address[1]:
        met = "port 0, which is another one at each start" if address else "none"
        need = "Give it an address and a port, as in 127.0.0.1:8710."
        raise DriftwatchError(f"http.bind is {met}: nobody can be asked. {need}", slug="config-http")
    return address
