"""HTTP for sinks, with the doors closed: no redirect is followed, no reply read beyond a cap, every wait is bounded."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import ClassVar

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from driftwatch.adapters.proxies import UnusableProxyError, proxy_for
from driftwatch.domain.errors import DeliveryError

MAX_REPLY = 65_536
"""Bytes of a reply to a message that are read; Slack's are under a thousand."""
MAX_PAGE = 8 * 1024 * 1024
"""Bytes of a page of what a sink holds: a hundred of our largest messages, or a hundred of its channels."""
TOTAL_S = 10.0
CONNECT_S = 5.0


class _ReplyTooLongError(aiohttp.ClientPayloadError):
    pass


class _RedirectedError(aiohttp.ClientError):
    pass


class _NeverSentError(aiohttp.ClientError):
    pass


class _CappedResponse(ClientResponse):
    """Reads at most `most` bytes, so that a sink cannot fill our memory."""

    most: ClassVar[int] = MAX_REPLY

    async def read(self) -> bytes:
        if self._body is None:
            body = bytearray()
            while chunk := await self.content.read(MAX_REPLY):
                body += chunk
                if len(body) > self.most:
                    self.close()
                    raise _ReplyTooLongError(f"the reply is longer than {self.most // 1024} KiB")
            self._body = bytes(body)
        return await super().read()


class _CappedPage(_CappedResponse):
    most: ClassVar[int] = MAX_PAGE


async def _refuse_redirects(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    response = await handler(request)
    if 300 <= response.status < 400:
        response.close()
        raise _RedirectedError(f"redirected with status {response.status}")
    return response


async def _written(_session: object, request: SimpleNamespace, _headers: object) -> None:
    request.written = True


async def _broke(_session: object, request: SimpleNamespace, failed: aiohttp.TraceRequestExceptionParams) -> None:
    """Tell apart what broke before the first byte of the message: whatever it was, nothing can have arrived."""
    error = failed.exception
    if getattr(request, "written", False) or not isinstance(error, Exception) or isinstance(error, aiohttp.InvalidURL):
        return
    try:
        proxy_for(failed.url)
    except UnusableProxyError as why:
        raise _NeverSentError(str(why)) from None
    # Its own words may hold the proxy's password.
    raise _NeverSentError(type(error).__name__) from None


def _watched() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_written)
    trace.on_request_exception.append(_broke)
    return trace


def guarded_session(timeout_s: float = TOTAL_S, *, reads: bool = False) -> aiohttp.ClientSession:
    """Return a session for one message, or for one page of what a sink holds (`reads`).

    A new connection each time: pages are rare, and a connection kept alive may be dead without our knowing, which
    would make a harmless failure look as if the message might have arrived.
    """
    return aiohttp.ClientSession(
        # `connect` covers DNS too: what it cuts off was never written, so it may be sent again with a clear conscience.
        timeout=aiohttp.ClientTimeout(total=timeout_s, connect=min(CONNECT_S, timeout_s * 0.8)),
        connector=aiohttp.TCPConnector(force_close=True),
        response_class=_CappedPage if reads else _CappedResponse,
        middlewares=(_refuse_redirects,),
        trace_configs=[_watched()],
        trust_env=True,
    )


def as_delivery_error(error: BaseException, sink: str) -> DeliveryError:
    """Translate what aiohttp raised. Its words are not repeated: they may hold the address, which is a secret."""
    if isinstance(error, _RedirectedError):
        return DeliveryError(
            f"{sink} answered with a redirect, which is not followed. Use the address it moved to.", permanent=True
        )
    if isinstance(error, aiohttp.InvalidURL):
        return DeliveryError(f"{sink}'s address is not a URL. Correct it in routes:.", permanent=True)
    if isinstance(error, _ReplyTooLongError):
        return DeliveryError(f"{sink} sent more than is read: {error}.", permanent=False, ambiguous=True)
    if isinstance(error, _NeverSentError):
        return DeliveryError(f"{sink} could not be reached ({error}).", permanent=False)
    what = f"did not answer after the message was sent ({type(error).__name__})"
    return DeliveryError(f"{sink} {what}.", permanent=False, ambiguous=True)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, given as a number or as an HTTP date.

    Examples
    --------
    >>> retry_after_s({"Retry-After": "30"}, datetime(2026, 7, 20, tzinfo=UTC))
    30.0
    >>> retry_after_s({"Retry-After": "Mon, 20 Jul 2026 00:01:00 GMT"}, datetime(2026, 7, 20, tzinfo=UTC))
    60.0
    """
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
