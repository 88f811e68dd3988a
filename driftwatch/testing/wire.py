"""The shapes of the chat APIs, as vendors send them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer, before it has a shape.

    Parameters
    ----------
    text : str, optional
        None for null content.
    tokens : sequence of str, optional
        The pieces it is streamed in; by default its words.
    usage : mapping, optional
        Sent as it is, however absurd; by default true counts.
    logprob : float
        Log-probability of each token, where log-probabilities were asked.
    """

    text: str | None = None
    tokens: Sequence[str] | None = None
    refusal: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    finish_reason: str | None = "stop"
    model: str = "scripted-2026-07-20"
    system_fingerprint: str | None = "fp_scripted"
    usage: Any = None
    logprob: float = -0.25

    @property
    def pieces(self) -> Sequence[str]:
        """The tokens of the text.

        Examples
        --------
        >>> Said(text="one two").pieces
        ['one ', 'two']
        """
        if self.tokens is not None:
            return self.tokens
        words = (self.text or "").split(" ")
        return [f"{word} " for word in words[:-1]] + words[-1:]


def completion(said: Said, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole reply of the OpenAI API."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": said.refusal}
    if said.tool_calls:
        message["tool_calls"] = list(said.tool_calls)
    choice = {
        "index": 0,
        "finish_reason": said.finish_reason,
        "message": message,
        "logprobs": _logprobs(said, said.pieces, body),
    }
    return {**_head(said, "chat.completion"), "choices": [choice], "usage": _usage(said)}


def events(said: Said, body: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a streamed reply of the OpenAI API, without its closing [DONE]."""
    head = _head(said, "chat.completion.chunk")
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if said.text is None else ""}]
    deltas += [{"content": piece} for piece in said.pieces] if said.text else []
    deltas += [{"refusal": said.refusal}] if said.refusal else []
    deltas += [{"tool_calls": [{"index": i, **call}]} for i, call in enumerate(said.tool_calls)]
    for delta in deltas:
        logprobs = _logprobs(said, [delta["content"]], body) if delta.get("content") else None
        yield event({**head, "choices": [{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": None}]})
    yield event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": said.finish_reason}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield event({**head, "choices": [], "usage": _usage(said)})


def event(found: Any) -> bytes:
    r"""Return one server-sent event.

    Examples
    --------
    >>> event({"a": 1})
    b'data: {"a": 1}\n\n'
    """
    return f"data: {json.dumps(found)}\n\n".encode()


def anthropic_message(said: Said) -> dict[str, Any]:
    """Return a whole reply of Anthropic's messages API."""
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": [{"type": "text", "text": said.text}],
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}.get(said.finish_reason or "", said.finish_reason),
        "usage": {"input_tokens": 7, "output_tokens": len(said.pieces)},
    }


def _head(said: Said, kind: str) -> dict[str, Any]:
    head = {"id": "chatcmpl-scripted", "object": kind, "created": 1_784_000_000, "model": said.model}
    return head | ({"system_fingerprint": said.system_fingerprint} if said.system_fingerprint else {})


def _usage(said: Said) -> Any:
    if said.usage is not None:
        return said.usage
    count = len(said.pieces)
    return {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count}


def _logprobs(said: Said, tokens: Sequence[str], body: Mapping[str, Any]) -> dict[str, Any] | None:
    if not body.get("logprobs"):
        return None
    # llama.cpp and OpenAI give alternatives in falling order, the chosen token usually first.
    top = [("other", said.logprob - 2.0 - n) for n in range(max(int(body.get("top_logprobs") or 0) - 1, 0))]
    return {
        "content": [
            {
                "token": token,
                "logprob": said.logprob,
                "bytes": list(token.encode("utf-8", "surrogatepass")),
                "top_logprobs": [
                    {"token": name, "logprob": value}
                    for name, value in [(token, said.logprob), *((f"{n}{i}", v) for i, (n, v) in enumerate(top))]
                ]
                if body.get("top_logprobs")
                else [],
            }
            for token in tokens
        ]
    }
