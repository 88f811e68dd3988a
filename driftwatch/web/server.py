"""uvicorn inside the daemon's own loop: it serves until it is cancelled, and leaves signals to the daemon."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import structlog

from driftwatch.services.ports import Clock
from driftwatch.web.listen import address_of

if TYPE_CHECKING:
    from uvicorn import Server

    from driftwatch.web.site import Site

log = structlog.get_logger(__name__)

AGAIN_S = 60.0
"""After trouble of its own the server is tried again: pages matter more, and go on meanwhile."""
GOODBYE_S = 2.0


async def serve(taken: socket.socket, site: "Callable[[], Site]", clock: Clock) -> None:
    """Serve the site on the socket until cancelled; a mistake in here never ends the daemon."""
    try:
        while True:
            try:
                server = await asyncio.to_thread(_server, site)
                log.info("listening", address=address_of(taken))
                await _until_cancelled(server, taken)
            except Exception:
                log.exception("the HTTP server ended; it is tried again")
            await clock.sleep(AGAIN_S)
    finally:
        taken.close()


async def _until_cancelled(server: "Server", taken: socket.socket) -> None:
    serving = asyncio.create_task(server.serve(sockets=[taken.dup()]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        # A dashboard that listens to events must not hold up the stop.
        server.should_exit = server.force_exit = True
        await asyncio.wait({serving}, timeout=GOODBYE_S)
        serving.cancel()
        raise


def _server(site: "Callable[[], Site]") -> "Server":
    from uvicorn import Config, Server

    from driftwatch.web.front import create_front
    from driftwatch.web.patience import Impatient

    class Ours(Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            # uvicorn would take SIGTERM for itself, and the daemon would not stop in good order.
            yield

    return Ours(
        Config(
            create_front(site()),
            loop="none",
            http=Impatient,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
    )
