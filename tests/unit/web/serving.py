"""The server on a free port of this machine, in a loop and a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from urllib.parse import urlsplit

from driftwatch.adapters.clock import SystemClock
from driftwatch.web.listen import address_of, listen
from driftwatch.web.server import serve
from driftwatch.web.site import Site


@contextmanager
def served(site: Site) -> Iterator[str]:
    """Serve a site; yields its address."""
    taken = listen("127.0.0.1", 0)
    loop = asyncio.new_event_loop()
    serving: list[asyncio.Task[None]] = []

    async def until_cancelled() -> None:
        serving.append(asyncio.current_task())
        await serve(taken, lambda: site, SystemClock())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(until_cancelled())

    thread = threading.Thread(target=run)
    address = address_of(taken)
    thread.start()
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(serving[0].cancel)
        thread.join(20)
        loop.close()
        assert not thread.is_alive()


def ask(address: str, path: str, *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    """Ask once; return status, headers and text."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()
