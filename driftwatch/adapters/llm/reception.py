"""Reading one HTTP reply, stream or not, within its bounds; every way it can break has a name."""

import asyncio
import contextlib

import aiohttp

from driftwatch.adapters.llm import trouble
from driftwatch.adapters.llm.completion import Completion, parse_json_reply, take_event
from driftwatch.adapters.llm.sse import EventStream, EventTooLargeError
from driftwatch.domain.errors import EndpointError
from driftwatch.services.ports import Clock

ERROR_BODY_BYTES = 64 * 1024
DRAIN_S = 0.25

_DONE = b"[DONE]"
_LOST = (aiohttp.ClientError, ConnectionError)


async def receive(response: aiohttp.ClientResponse, completion: Completion, clock: Clock) -> float | None:
    """Read a reply with status 200 into `completion`; return when its first token came, if it was streamed.

    Raises
    ------
    EndpointError
        If it is not a whole, well-formed chat completion of bearable size.
    """
    first_token = None
    if response.content_type == "text/event-stream":
        first_token = await _read_stream(response, completion, clock)
    elif response.content_type == "application/json":
        parse_json_reply(await _read_body(response, completion), completion)
    else:
        raise trouble.protocol(f"the reply is {response.content_type!r}; JSON or an event stream was expected")
    if not completion.seen_choice:
        raise trouble.protocol("the reply holds no choices")
    if completion.empty:
        raise trouble.protocol("the reply is empty: no content, no refusal, no tool call")
    return first_token


async def read_error_body(response: aiohttp.ClientResponse) -> str:
    """Return the beginning of an error's body as text."""
    body = bytearray()
    with contextlib.suppress(*_LOST):
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) >= ERROR_BODY_BYTES:
                break
    return bytes(body[:ERROR_BODY_BYTES]).decode("utf-8", "replace")


async def drain(response: aiohttp.ClientResponse) -> None:
    """Read what follows the answer, if it is next to nothing: a connection is reused only when its reply was read."""
    if response.content.at_eof():
        return
    spare = ERROR_BODY_BYTES
    with contextlib.suppress(TimeoutError, *_LOST):
        async with asyncio.timeout(DRAIN_S):
            while spare > 0 and not response.content.at_eof():
                spare -= len(await response.content.readany())


async def _read_stream(response: aiohttp.ClientResponse, completion: Completion, clock: Clock) -> float | None:
    events = EventStream(completion.max_wire_bytes)
    first_token = None
    try:
        async for chunk in response.content.iter_any():
            for event in events.feed(chunk):
                if event == _DONE:
                    return first_token
                try:
                    take_event(event, completion)
                except ValueError:
                    raise _not_json(event, completion) from None
                if first_token is None and completion.began:
                    first_token = clock.monotonic()
    except EventTooLargeError:
        raise trouble.oversize(completion.max_bytes) from None
    except _LOST as error:
        if completion.finish_reason is None:
            raise _broken_off(completion, error) from None
    _finish(events, completion)
    return first_token


def _not_json(event: bytes, completion: Completion) -> EndpointError:
    start = trouble.beginning(event, completion.key)
    return trouble.protocol(f"an event of the stream is not JSON; it begins with {start!r}", completion.key)


def _finish(events: EventStream, completion: Completion) -> None:
    """Judge a stream that ended without saying so: it is whole if the model had said why it stopped."""
    for event in events.close():
        if event == _DONE:
            return
        try:
            take_event(event, completion)
        except ValueError:
            break
    if completion.seen_choice and completion.finish_reason is None:
        raise trouble.truncated("the stream ended in the middle of the answer")


async def _read_body(response: aiohttp.ClientResponse, completion: Completion) -> bytes:
    limit = completion.max_wire_bytes
    if (response.content_length or 0) > limit:
        raise trouble.oversize(completion.max_bytes)
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise trouble.oversize(completion.max_bytes)
    except _LOST as error:
        if body:
            raise trouble.truncated("the connection was lost in the middle of the reply") from None
        raise trouble.network(error, completion.key) from None
    return bytes(body)


def _broken_off(completion: Completion, error: Exception) -> EndpointError:
    if completion.seen_choice:
        return trouble.truncated("the connection was lost in the middle of the answer")
    return trouble.network(error, completion.key)
