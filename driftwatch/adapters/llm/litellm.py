"""Every provider LiteLLM knows. Choose `DirectModel` where the API is OpenAI-compatible: it streams and costs less.

Not streamed: LiteLLM ends a stream that broke off with an invented ``finish_reason: stop``, so half an answer would
pass for a whole one. There is no time to first token; latency is measured below LiteLLM, at the HTTP transport.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx

from driftwatch.adapters.llm import litellm_house, trouble
from driftwatch.adapters.llm.completion import parse_logprobs, redacted, to_bytes
from driftwatch.adapters.llm.connections import Connections
from driftwatch.adapters.llm.headers import identifying
from driftwatch.adapters.llm.one_request import CURRENT, Exchange, send
from driftwatch.adapters.llm.usage import parse_usage
from driftwatch.domain.answer import Question, Reply, Usage
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import EndpointError
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock, LanguageModel

NO_KEY = "none"
Complete = Callable[..., Awaitable[Any]]


class LiteLLMModel(LanguageModel):
    """One model behind any provider of LiteLLM's.

    Parameters
    ----------
    model : str
        In LiteLLM's naming, ``provider/model``.
    clock : Clock
        Measures latency; deadlines are the event loop's own.
    base_url : str, optional
        None for the provider's own.
    api_key : Secret, optional
        None lets LiteLLM find the provider's variable; with a `base_url` of yours, no key is sent at all.
    max_connections : int
        The most connections at once.

    Notes
    -----
    LiteLLM is imported by the first question, in a thread, and warmed up without the network before anything is
    measured: about 3 s and 150 MB.
    """

    def __init__(
        self,
        *,
        model: str,
        clock: Clock,
        base_url: str | None = None,
        api_key: Secret | None = None,
        max_connections: int = 16,
    ) -> None:
        self.identity = litellm_house.identity()
        self._model = model
        self._clock = clock
        self._base_url = base_url
        self._key = api_key
        self._connections = Connections(limit=max_connections)
        self._complete: Complete | None = None
        self._warming = threading.Lock()

    @classmethod
    def for_endpoint(cls, endpoint: Endpoint, *, clock: Clock) -> "LiteLLMModel":
        """Return the driver of a configured endpoint."""
        return cls(
            model=endpoint.model,
            clock=clock,
            base_url=endpoint.base_url,
            api_key=endpoint.api_key,
            max_connections=endpoint.concurrency,
        )

    async def ask(self, question: Question) -> Reply:
        """Make exactly one attempt within the question's deadline and size."""
        complete = self._complete
        if complete is None:
            complete = await asyncio.to_thread(self._warmed_up, question)
        exchange = Exchange(send=self._send, clock=self._clock, max_bytes=question.max_bytes, key=self._key)
        try:
            async with asyncio.timeout(question.deadline_s):
                response = await self._call(complete, question, exchange)
        except TimeoutError:
            raise trouble.timeout(question.deadline_s) from None
        except Exception as error:  # noqa: BLE001
            # LiteLLM raises anything; what was seen at the transport tells what happened.
            raise _translated(error, exchange) from None
        return _reply(response, exchange)

    async def aclose(self) -> None:
        """Release connections."""
        await self._connections.aclose()

    async def _call(self, complete: Complete, question: Question, exchange: Exchange) -> Mapping[str, Any]:
        token = CURRENT.set(exchange)
        try:
            response = await complete(**self._arguments(question))
        finally:
            CURRENT.reset(token)
        found: Mapping[str, Any] = response.model_dump(warnings=False)
        return found

    def _arguments(self, question: Question) -> dict[str, Any]:
        key = self._key.reveal() if self._key else (NO_KEY if self._base_url else None)
        arguments: dict[str, Any] = {**question.params}
        if question.tools:
            # Else it looks for a gateway that would run the tools itself, and fails without the library `mcp`.
            arguments |= {"tools": [dict(tool) for tool in question.tools], "_skip_mcp_handler": True}
        if question.top_logprobs:
            arguments |= {"logprobs": True, "top_logprobs": question.top_logprobs}
        return arguments | {
            "model": self._model,
            "messages": [dict(message) for message in question.messages],
            "api_base": self._base_url,
            "api_key": key,
            "stream": False,
            # Unset it makes 3 requests; retries are ours.
            "num_retries": 0,
            "max_retries": 0,
            # Per read, so of no use; the total deadline must come first.
            "timeout": 2 * question.deadline_s + 60,
            "drop_params": False,
        }

    async def _send(self, request: httpx.Request) -> httpx.Response:
        return await send(self._connections.session(), request)

    def _warmed_up(self, question: Question) -> Complete:
        with self._warming:
            self._complete = self._complete or self._warm_up(question)
            return self._complete

    def _warm_up(self, question: Question) -> Complete:
        """Run the provider's whole code once against a transport that refuses: the first call imports for a second."""
        complete: Complete = litellm_house.load().acompletion
        exchange = Exchange(send=_refuse, clock=self._clock, max_bytes=question.max_bytes)

        async def rehearse() -> None:
            # What comes is the refusal, in LiteLLM's words.
            with contextlib.suppress(Exception):
                await self._call(complete, question, exchange)

        asyncio.run(rehearse())
        return complete


async def _refuse(request: httpx.Request) -> httpx.Response:
    return httpx.Response(400, json={"error": {"message": "rehearsal"}}, request=request)


def _translated(error: Exception, exchange: Exchange) -> EndpointError:
    """Return what happened: what broke, else the status, else LiteLLM's own words."""
    if isinstance(error, EndpointError):
        return error
    if exchange.broken is not None:
        return exchange.broken
    key, now = exchange.key, exchange.clock.now()
    if exchange.status is not None and exchange.status >= 400:
        body = bytes(exchange.beginning).decode("utf-8", "replace")
        return trouble.from_status(exchange.status, body, key=key, headers=exchange.headers, now=now)
    words = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    if exchange.requests == 0:
        # Refused before anything was sent: an unknown provider, a parameter the model does not take, no key.
        status = getattr(error, "status_code", None)
        known = status if isinstance(status, int) and 400 <= status < 500 else 400
        return trouble.from_status(known, words, key=key, headers={}, now=now)
    return trouble.protocol(f"the reply is not what the API promises: {words}", key)


def _reply(found: Mapping[str, Any], exchange: Exchange) -> Reply:
    choices = found.get("choices") or ()
    if not choices:
        raise trouble.protocol("the reply holds no choices")
    choice, message = choices[0], choices[0].get("message") or {}
    text, calls = message.get("content"), message.get("tool_calls") or ()
    refusal = message.get("refusal") or (message.get("provider_specific_fields") or {}).get("refusal")
    finish = choice.get("finish_reason")
    if text is None and not calls and not refusal and finish not in ("content_filter", "length"):
        raise trouble.protocol("the reply is empty: no content, no refusal, no tool call")
    output = redacted(to_bytes(text or ""), exchange.key)
    if len(output) > exchange.max_bytes:
        raise trouble.oversize(exchange.max_bytes)
    headers = identifying(exchange.headers, exchange.key)
    started, ended = exchange.started or 0.0, exchange.ended or exchange.clock.monotonic()
    return Reply(
        output=output,
        finish_reason=finish,
        refusal=refusal,
        tool_calls=tuple(calls),
        model=trouble.named(found.get("model"), exchange.key),
        system_fingerprint=trouble.named(found.get("system_fingerprint"), exchange.key),
        usage=_usage(found.get("usage")),
        latency_ms=(ended - started) * 1000,
        logprobs=tuple(parse_logprobs(choice.get("logprobs"))),
        request_id=headers.get("x-request-id") or headers.get("request-id"),
        headers=headers,
    )


def _usage(found: Any) -> Usage:
    usage = parse_usage(found)
    # LiteLLM writes 0 for counts that did not come; no prompt has 0 tokens.
    return usage if usage.input_tokens else replace(usage, input_tokens=None, output_tokens=usage.output_tokens or None)
