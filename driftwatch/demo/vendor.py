"""The vendor of the demo: one address that never changes, and whatever is behind it today."""

import asyncio
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp
from aiohttp import web

from driftwatch.demo.drifts import Drift

START_S = 10.0


class Backend(Protocol):
    """Something that serves chat completions on loopback."""

    @property
    def base_url(self) -> str:
        """Its address, up to and including ``/v1``."""


class Vendor:
    """A gateway on 127.0.0.1 whose address stays while its backend, parameters and system prompt change.

    Parameters
    ----------
    backend : Backend
        What answers until something else is put in its place.
    """

    def __init__(self, backend: Backend) -> None:
        self.base_url = ""
        self.requests = 0
        self._backend = backend
        self._params: Mapping[str, Any] = {}
        self._system: str | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo-vendor", daemon=True)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    def change(self, drift: Drift, backend: Backend) -> None:
        """Answer differently from the next request on; nothing tells of it."""
        self._backend, self._params, self._system = backend, drift.params, drift.system

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    def _wait(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    async def _start(self) -> None:
        # A connection each: llama.cpp closes idle ones at any moment, and a request may be lost on one.
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=60), connector=aiohttp.TCPConnector(limit=0, force_close=True)
        )
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{port}/v1"

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None, "the server runs only between start and stop"  # noqa: S101  # for mypy
        self.requests += 1
        body = self._rewritten(await request.json())
        url = f"{self._backend.base_url}/chat/completions"
        async with self._session.post(url, json=body) as reply:
            response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
            await response.prepare(request)
            async for chunk in reply.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        return response

    def _rewritten(self, body: dict[str, Any]) -> dict[str, Any]:
        messages = list(body.get("messages", ()))
        if self._system is not None:
            messages = [{"role": "system", "content": self._system}, *messages]
        return {**body, "messages": messages, **self._params}
