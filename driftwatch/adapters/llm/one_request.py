"""The HTTP transport put under LiteLLM: one request a question, bounded, timed where it happens, with its facts kept.

LiteLLM's own clients follow redirects, read any size, post again when a connection breaks, and its exceptions mix up
status, network and parser. Below them, what really happened is plain.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

import aiohttp
import httpx
from yarl import URL

from driftwatch.adapters.llm import trouble
from driftwatch.adapters.proxies import UnusableProxyError, proxy_for
from driftwatch.domain.errors import EndpointError
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock

ERROR_BODY_BYTES = 64 * 1024

LOST = (httpx.TransportError, aiohttp.ClientError, OSError, UnusableProxyError)
Send = Callable[[httpx.Request], Awaitable[httpx.Response]]


class StoppedError(httpx.TransportError):
    """The attempt ended here; what happened stands in its `Exchange`."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """The facts of one attempt: what was received, when, and what broke."""

    send: Send
    clock: Clock
    max_bytes: int
    key: Secret | None = None
    requests: int = 0
    started: float | None = None
    ended: float | None = None
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    beginning: bytearray = field(default_factory=bytearray)
    received: int = 0
    broken: EndpointError | None = None

    @property
    def max_wire_bytes(self) -> int:
        """Bytes of one reply, envelope and escapes included."""
        return 4 * self.max_bytes + ERROR_BODY_BYTES

    def stop(self, error: EndpointError) -> StoppedError:
        """Note what broke, the first time, and return what to raise."""
        self.broken = self.broken or error
        return StoppedError(str(error))


CURRENT: ContextVar[Exchange | None] = ContextVar("driftwatch-exchange", default=None)


class OneRequest(httpx.AsyncBaseTransport):
    """Lets the current question's one request through, and nothing else."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; everything LiteLLM might do about a failure is cut off."""
        exchange = CURRENT.get()
        if exchange is None:
            raise StoppedError("LiteLLM tried a request that belongs to no question")
        exchange.requests += 1
        if exchange.requests > 1:
            raise exchange.stop(trouble.protocol("LiteLLM tried a second request for one question"))
        # A compressed reply could unfold without bound.
        request.headers["accept-encoding"] = "identity"
        exchange.started = exchange.clock.monotonic()
        try:
            response = await exchange.send(request)
        except LOST as error:
            raise exchange.stop(trouble.of_connection(error, exchange.key)) from None
        exchange.status, exchange.headers = response.status_code, response.headers
        if 300 <= response.status_code < 400:
            await response.aclose()
            raise exchange.stop(
                trouble.redirected(response.status_code, response.headers.get("location", ""), exchange.key)
            )
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101
        response.stream = _Watched(response.stream, exchange)
        return response


async def send(session: aiohttp.ClientSession, request: httpx.Request) -> httpx.Response:
    """Send an httpx request over aiohttp, which costs a third of httpx's own transport and is the direct driver's."""
    # Encoded already: quoting it anew breaks the signatures of AWS.
    url = URL(str(request.url), encoded=True)
    response = await session.request(
        request.method,
        url,
        proxy=proxy_for(url),
        headers=request.headers.multi_items(),
        data=await request.aread(),
        allow_redirects=False,
    )
    # aiohttp has undone the encoding already, should the server have insisted on one.
    # As bytes: httpx takes no text but ASCII, and a header may hold any byte.
    headers = [(k, v) for k, v in response.raw_headers if k.lower() != b"content-encoding"]
    return httpx.Response(response.status, headers=headers, stream=_Body(response), request=request)


class _Body(httpx.AsyncByteStream):
    """An aiohttp reply's body, as httpx takes it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.content.iter_any():
            yield chunk

    async def aclose(self) -> None:
        """Give the connection back if the body was read, else end it."""
        self._response.release()


class _Watched(httpx.AsyncByteStream):
    """A reply's body, counted and timed as it passes."""

    def __init__(self, stream: httpx.AsyncByteStream, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        try:
            async for chunk in self._stream:
                exchange.received += len(chunk)
                if exchange.received > exchange.max_wire_bytes:
                    raise exchange.stop(trouble.oversize(exchange.max_bytes))
                if len(exchange.beginning) < ERROR_BODY_BYTES:
                    exchange.beginning += chunk[:ERROR_BODY_BYTES]
                yield chunk
        except LOST as error:
            if exchange.received:
                raise exchange.stop(trouble.truncated("the connection was lost in the middle of the reply")) from None
            raise exchange.stop(trouble.network(error, exchange.key)) from None
        exchange.ended = exchange.clock.monotonic()

    async def aclose(self) -> None:
        """Release the connection."""
        await self._stream.aclose()
