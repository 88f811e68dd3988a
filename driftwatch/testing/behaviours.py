"""What a scripted vendor can do with a request: answer it, or break it in every way a vendor has been seen to."""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from aiohttp import web

from driftwatch.testing.wire import Said, anthropic_message, completion, events

Behaviour = Callable[[web.Request, Mapping[str, Any]], Awaitable[web.StreamResponse]]

_SSE = "text/event-stream"


def say(
    text: str | None = None,
    *,
    delay_s: float = 0.0,
    token_s: float = 0.0,
    headers: Mapping[str, str] | None = None,
    **said: Any,
) -> Behaviour:
    """Answer well, streamed if that was asked.

    Parameters
    ----------
    text : str, optional
        The content; None for null.
    delay_s, token_s : float
        Seconds before the first token, and before each further one.
    **said
        Fields of `driftwatch.testing.wire.Said`: tokens, refusal, tool_calls, finish_reason, model, usage, ...
    """

    async def behaviour(request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(delay_s)
        what = Said(text=text, **said)
        if request.path.endswith("/messages"):
            return _json(anthropic_message(what), headers)
        if not body.get("stream"):
            return _json(completion(what, body), headers)
        return await _stream(request, [*events(what, body), b"data: [DONE]\n\n"], token_s=token_s, headers=headers)

    return behaviour


def status(code: int, body: str = "", *, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer with an HTTP error; `body` is wrapped as vendors do unless it is given as JSON or HTML."""
    text = body if body[:1] in ("{", "<") else json.dumps({"error": {"message": body or f"scripted {code}"}})

    async def behaviour(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
        return web.Response(status=code, text=text, content_type="application/json", headers=headers)

    return behaviour


def raw(body: bytes, *, content_type: str = "application/json", headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer 200 with exactly these bytes: HTML, nothing at all, a BOM, broken UTF-8, two objects."""

    async def behaviour(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Type": content_type, **(headers or {})})

    return behaviour


def stream(chunks: Sequence[bytes], *, token_s: float = 0.0, then: Behaviour | None = None) -> Behaviour:
    """Stream exactly these bytes, written one by one, then end well or do something else (`hang`, `reset`)."""

    async def behaviour(request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        response = await _stream(request, chunks, token_s=token_s, end=then is None)
        return response if then is None else await then(request, body)

    return behaviour


def hang() -> Behaviour:
    """Take the request and never answer."""

    async def behaviour(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    return behaviour


def drip(byte_s: float = 0.05) -> Behaviour:
    """Send a well-formed reply so slowly that no timeout between bytes ever ends it."""

    async def behaviour(request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        if body.get("stream"):
            return await _stream(request, [b": "] + [b"."] * 100_000, token_s=byte_s)
        reply = json.dumps(completion(Said(text="slow"), body)).encode()
        return await _stream(
            request, [b" "] * 100_000 + [reply], token_s=byte_s, headers={"Content-Type": "application/json"}
        )

    return behaviour


def reset(*, after_headers: bool = False) -> Behaviour:
    """Drop the connection with a TCP reset, before the reply or after its headers."""

    async def behaviour(request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
        if after_headers:
            await _stream(request, [], end=False)
        transport = request.transport
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        raise ConnectionResetError

    return behaviour


def endless(size: int = 50_000_000, *, piece: int = 65_536) -> Behaviour:
    """Send an answer of `size` bytes: as many deltas if a stream was asked, else as one JSON object."""

    async def behaviour(request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        word = "x" * piece
        if body.get("stream"):
            delta = f'data: {{"choices":[{{"index":0,"delta":{{"content":"{word}"}}}}]}}\n\n'.encode()
            return await _stream(request, (delta for _ in range(size // piece)))
        head = b'{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"'
        chunks = chain((head,), (word.encode() for _ in range(size // piece)), (b'"}}]}',))
        return await _stream(request, chunks, headers={"Content-Type": "application/json"})

    return behaviour


def _json(found: Mapping[str, Any], headers: Mapping[str, str] | None) -> web.Response:
    return web.json_response(found, headers=headers)


async def _stream(
    request: web.Request,
    chunks: Any,
    *,
    token_s: float = 0.0,
    headers: Mapping[str, str] | None = None,
    end: bool = True,
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": _SSE, **(headers or {})})
    await response.prepare(request)
    for number, chunk in enumerate(chunks):
        if token_s and number:
            await asyncio.sleep(token_s)
        await response.write(chunk)
    if end:
        await response.write_eof()
    return response
