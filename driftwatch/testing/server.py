"""A real HTTP server on loopback that speaks, and misspeaks, the chat-completions API: a vendor you can script."""

import argparse
import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from driftwatch.testing.behaviours import Behaviour, say


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """What a client asked.

    Parameters
    ----------
    number : int
        0 for the server's first request.
    """

    number: int
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def prompt(self) -> str:
        """The last turn's words."""
        return str(self.body["messages"][-1]["content"]) if self.body.get("messages") else ""


Behave = Callable[[ChatRequest], Behaviour]


class ScriptedServer:
    """Serves ``/v1/chat/completions`` (and ``/v1/messages``) on loopback, in a thread of its own.

    Parameters
    ----------
    behave : callable
        Chooses for each request what to do with it; see `driftwatch.testing.behaviours`. By default it says "ok".
    port : int
        Where it listens; 0 takes a free port.

    Examples
    --------
    >>> from urllib.request import Request, urlopen
    >>> from driftwatch.testing.behaviours import say
    >>> with ScriptedServer(lambda request: say(request.prompt.upper())) as server:
    ...     url, body = f"{server.base_url}/chat/completions", b'{"messages": [{"content": "hi"}]}'
    ...     answer = urlopen(Request(url, body, {"Content-Type": "application/json"})).read()
    >>> b'"content": "HI"' in answer, len(server.requests)
    (True, 1)
    """

    def __init__(self, behave: Behave | None = None, *, port: int = 0) -> None:
        self.behave: Behave = behave or (lambda _: say("ok"))
        self._port = port
        self.requests: list[ChatRequest] = []
        """Every request so far, in order of arrival."""
        self.origin = ""
        """``http://127.0.0.1:PORT``"""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-server", daemon=True)
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """The address for OpenAI-compatible clients, ``/v1`` included."""
        return f"{self.origin}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(asyncio.run_coroutine_threadsafe(self._start(), self._loop))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(asyncio.run_coroutine_threadsafe(self._stop(), self._loop))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        for path in ("/v1/chat/completions", "/v1/messages"):
            app.router.add_post(path, self._handle)
        # 0 would mean "wait for ever": a hanging behaviour would hang the test.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        leftovers = asyncio.all_tasks() - {asyncio.current_task()}
        for task in leftovers:
            task.cancel()
        if leftovers:
            await asyncio.wait(leftovers, timeout=5)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        chat = ChatRequest(number=len(self.requests), path=request.path, body=body, headers=dict(request.headers))
        self.requests.append(chat)
        # A client that gave up is no news to a server that misbehaves on purpose.
        with contextlib.suppress(ConnectionError):
            return await self.behave(chat)(request, body)
        return web.Response()

    @staticmethod
    def _wait(future: "Future[None]") -> None:
        future.result(timeout=30)


def refused_url() -> str:
    """Return a base address on loopback where nobody listens.

    Examples
    --------
    >>> refused_url().startswith("http://127.0.0.1:")
    True
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}/v1"


def main() -> None:
    """Serve until standard input closes: `python -m driftwatch.testing.server --delay-s 0.05`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--text", default="ok")
    options = parser.parse_args()
    with ScriptedServer(lambda _: say(options.text, delay_s=options.delay_s)) as server:
        print(server.base_url, flush=True)  # noqa: T201
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            input()


if __name__ == "__main__":
    main()
