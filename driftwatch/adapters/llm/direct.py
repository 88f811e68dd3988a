"""OpenAI-compatible chat completions over aiohttp: the driver that measures latency truthfully.

Choose it for every endpoint that speaks this API; `LiteLLMModel` is for the rest. One attempt is one HTTP request.
"""

import asyncio
import json
from functools import cached_property
from importlib.metadata import version
from typing import Any

import aiohttp
from yarl import URL

from driftwatch.adapters.llm import trouble
from driftwatch.adapters.llm.completion import Completion
from driftwatch.adapters.llm.connections import Connections
from driftwatch.adapters.llm.headers import identifying
from driftwatch.adapters.llm.reception import drain, read_error_body, receive
from driftwatch.adapters.proxies import UnusableProxyError, proxy_for
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import EndpointError
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock, LanguageModel

BEHAVIOUR = "1"
"""Raised by hand when the way of asking changes so that answers may: a release alone keeps everybody's baseline."""


class DirectModel(LanguageModel):
    """One model behind one OpenAI-compatible address.

    Parameters
    ----------
    model : str
        As the server knows it, without LiteLLM's provider prefix.
    base_url : str
        Up to and including ``/v1``.
    clock : Clock
        Measures latency; deadlines are the event loop's own.
    api_key : Secret, optional
        Sent as a bearer token; None sends no Authorization header.
    max_connections : int
        The most connections at once. A question that waits for one spends its own deadline.

    Notes
    -----
    Answers are streamed, unless the question's parameters say ``stream: false``; then there is no time to first
    token. Redirects are not followed: another host than the pinned one must not answer. Cookies are not kept and
    ``.netrc`` is not read; the environment's proxies are used (`driftwatch.adapters.proxies`).
    """

    def __init__(
        self,
        *,
        model: str,
        base_url: str,
        clock: Clock,
        api_key: Secret | None = None,
        max_connections: int = 16,
    ) -> None:
        self.identity = f"direct {BEHAVIOUR}"
        self._model = model
        self._url = URL(base_url.rstrip("/") + "/chat/completions")
        self._clock = clock
        self._key = api_key
        self._connections = Connections(
            limit=max_connections, headers=_headers(api_key), encrypted=self._url.scheme == "https"
        )

    @classmethod
    def for_endpoint(cls, endpoint: Endpoint, *, clock: Clock) -> "DirectModel":
        """Return the driver of a configured endpoint; configuration has resolved its `base_url`."""
        if endpoint.base_url is None:
            raise ValueError(f"endpoint {endpoint.name}: the direct driver needs a base_url")
        return cls(
            model=endpoint.model.partition("/")[2] or endpoint.model,
            base_url=endpoint.base_url,
            clock=clock,
            api_key=endpoint.api_key,
            max_connections=endpoint.concurrency,
        )

    async def ask(self, question: Question) -> Reply:
        """Make exactly one attempt within the question's deadline and size."""
        body = self._body(question)
        try:
            async with asyncio.timeout(question.deadline_s):
                return await self._attempt(question, body)
        except TimeoutError:
            raise trouble.timeout(question.deadline_s) from None
        except (aiohttp.ClientError, OSError, UnusableProxyError) as error:
            # `from None`: aiohttp's errors carry the request, and the request carries the key.
            raise trouble.of_connection(error, self._key) from None

    async def aclose(self) -> None:
        """Release connections."""
        await self._connections.aclose()

    async def _attempt(self, question: Question, body: bytes) -> Reply:
        session = self._connections.session()
        completion = Completion(max_bytes=question.max_bytes, key=self._key)
        started = self._clock.monotonic()
        async with session.post(self._url, data=body, allow_redirects=False, proxy=self._proxy) as response:
            if response.status != 200:
                raise await self._refused(response)
            first_token = await receive(response, completion, self._clock)
            ended = self._clock.monotonic()
            await drain(response)
        headers = identifying(response.headers, self._key)
        return Reply(
            output=completion.output(),
            finish_reason=completion.finish_reason,
            refusal=completion.refusal(),
            tool_calls=completion.tool_calls(),
            model=completion.model,
            system_fingerprint=completion.system_fingerprint,
            usage=completion.usage,
            latency_ms=(ended - started) * 1000,
            ttft_ms=None if first_token is None else (first_token - started) * 1000,
            logprobs=tuple(completion.logprobs),
            request_id=headers.get("x-request-id") or completion.id,
            headers=headers,
        )

    @cached_property
    def _proxy(self) -> URL | None:
        """The proxy to go through. Looked up once: reading the whole environment was a quarter of what asking costs."""
        return proxy_for(self._url)

    async def _refused(self, response: aiohttp.ClientResponse) -> EndpointError:
        if 300 <= response.status < 400:
            return trouble.redirected(response.status, response.headers.get("location", ""), self._key)
        body = await read_error_body(response)
        return trouble.from_status(
            response.status, body, key=self._key, headers=response.headers, now=self._clock.now()
        )

    def _body(self, question: Question) -> bytes:
        body: dict[str, Any] = {"model": self._model, "messages": list(question.messages), "stream": True}
        if question.tools:
            body["tools"] = list(question.tools)
        if question.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": question.top_logprobs}
        body |= question.params
        if body["stream"]:
            # Without it a stream carries no token counts, so no cost.
            body.setdefault("stream_options", {"include_usage": True})
        return json.dumps(body).encode()


def _headers(key: Secret | None) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        # A compressed stream is flushed when the compressor likes, which falsifies the time to first token.
        "Accept-Encoding": "identity",
        "User-Agent": f"driftwatch/{version('driftwatch-llm')}",
    }
    return headers | ({"Authorization": f"Bearer {key.reveal()}"} if key else {})
