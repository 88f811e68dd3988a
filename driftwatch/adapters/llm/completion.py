"""A chat completion put together from what came over the wire, whole or in pieces, trusting nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from driftwatch.adapters.llm import trouble
from driftwatch.adapters.llm.usage import parse_usage
from driftwatch.domain.answer import TokenLogprob, Usage
from driftwatch.domain.secret import Secret

WIRE_OVERHEAD = 64 * 1024
_PARSE = json.JSONDecoder().raw_decode


@dataclass(slots=True, kw_only=True)
class Completion:
    """What has arrived so far of one answer.

    Parameters
    ----------
    max_bytes : int
        Characters of text, refusal and tool arguments together that are held before the answer counts as oversize.
    key : Secret, optional
        Ours; a server that echoes it does not get it into the store.

    Examples
    --------
    >>> completion = Completion(max_bytes=1000)
    >>> completion.take(b'{"choices": [{"delta": {"content": "Hel"}}]}')
    >>> completion.take(b'{"choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]}')
    >>> completion.output(), completion.finish_reason
    (b'Hello', 'stop')
    """

    max_bytes: int
    key: Secret | None = None
    finish_reason: str | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    id: str | None = None
    usage: Usage = field(default_factory=Usage)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    began: bool = False
    """Whether any token has come: text, refusal, thought or tool call."""
    seen_choice: bool = False
    _text: list[str] = field(default_factory=list)
    _refusal: list[str] = field(default_factory=list)
    _tools: dict[int, dict[str, Any]] = field(default_factory=dict)
    _worded: bool = False
    _size: int = 0
    _broken: bool = False

    @property
    def max_wire_bytes(self) -> int:
        """Bytes to hold of one event, or of a whole reply in one piece: JSON escapes and envelopes cost a few times."""
        return 4 * self.max_bytes + WIRE_OVERHEAD

    def take(self, event: bytes) -> None:
        """Add one JSON object: a piece of a stream, or a whole reply.

        Raises
        ------
        EndpointError
            If it is not a chat completion, says that there was an error, or makes the answer too large.
        ValueError
            If it is not JSON.
        """
        try:
            # Two and a half times as fast as `json`: parsing was a third of what asking costs beside aiohttp.
            found = from_json(event)
        except ValueError:
            found = self._parsed(event)
        if not isinstance(found, dict):
            raise trouble.protocol(f"a chat completion is a JSON object, got {type(found).__name__}")
        if found.get("error"):
            raise trouble.from_error_object(found["error"], key=self.key)
        if self.id is None or self.model is None or self.system_fingerprint is None:
            self._take_head(found)
        if usage := found.get("usage"):
            self.usage = parse_usage(usage)
        choices = found.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
                self._take_choice(choice)

    def output(self) -> bytes:
        """Return the text exactly as it came, as bytes."""
        return redacted(to_bytes("".join(self._text), broken=self._broken), self.key)

    def refusal(self) -> str | None:
        """Return the vendor's refusal field; None where there was none."""
        text = "".join(self._refusal)
        return redacted(to_bytes(text, broken=self._broken), self.key).decode("utf-8", "replace") or None

    def tool_calls(self) -> tuple[Mapping[str, Any], ...]:
        """Return the tool calls, each put together from its pieces."""
        return tuple(self._tools[index] for index in sorted(self._tools))

    @property
    def empty(self) -> bool:
        """Whether nothing was answered: no content (an empty text is one), no refusal, no tool call, no reason why."""
        answered = self._worded or self._refusal or self._tools
        return not answered and self.finish_reason not in ("content_filter", "length")

    def _parsed(self, event: bytes) -> Any:
        """Parse as Python does, which takes more: half a surrogate pair, bytes that are no UTF-8, deep nesting."""
        try:
            text = self._decoded(event.strip())
            found, end = _PARSE(text)
        except RecursionError:
            raise trouble.protocol("the reply is nested too deeply to be a chat completion") from None
        if end != len(text):
            raise ValueError("there is more than one JSON object")
        return found

    def _decoded(self, event: bytes) -> str:
        try:
            return event.decode()
        except UnicodeDecodeError:
            # A character split between two events, or plain rubbish: the bytes survive as surrogates until `output`.
            self._broken = True
            return event.decode("utf-8", "surrogateescape")

    def _take_head(self, found: Mapping[str, Any]) -> None:
        # Every piece of a stream repeats them: the first that says each counts.
        if self.id is None:
            self.id = trouble.named(found.get("id"), self.key)
        if self.model is None:
            self.model = trouble.named(found.get("model"), self.key)
        if self.system_fingerprint is None:
            self.system_fingerprint = trouble.named(found.get("system_fingerprint"), self.key)

    def _take_choice(self, choice: Mapping[str, Any]) -> None:
        self.seen_choice = True
        if choice.get("finish_reason"):
            self.finish_reason = trouble.named(choice["finish_reason"], self.key)
        said = choice.get("delta") or choice.get("message")
        if isinstance(said, dict):
            self._take_said(said)
        elif isinstance(choice.get("text"), str):
            raise trouble.protocol("the server answered as a text completion; a chat completion was asked for")
        logprobs = choice.get("logprobs")
        if logprobs:
            self.logprobs.extend(parse_logprobs(logprobs))
            # Memory, not meaning: positions cost far more than the characters they stand for.
            if len(self.logprobs) * 16 > self.max_bytes * 4:
                raise trouble.oversize(self.max_bytes)

    def _take_said(self, said: Mapping[str, Any]) -> None:
        # Looked at before it is taken: a piece of a stream has one of these, and a call for each of the rest adds up.
        if (content := said.get("content")) is not None:
            self._worded = True
            self._take_text(content, self._text)
        if refusal := said.get("refusal"):
            self._take_text(refusal, self._refusal)
        if tools := said.get("tool_calls"):
            self._take_tools(tools)
        if thought := said.get("reasoning_content") or said.get("reasoning"):
            self._take_thought(thought)

    def _take_text(self, piece: Any, into: list[str]) -> None:
        # Some servers send content as a list of typed parts.
        if isinstance(piece, list):
            piece = "".join(str(p.get("text") or "") for p in piece if isinstance(p, dict))
        if piece and isinstance(piece, str):
            into.append(piece)
            self.began = True
            self._count(len(piece))

    def _take_thought(self, piece: Any) -> None:
        # Not kept, but a model that thinks has begun to answer, and one that thinks without end is cut off.
        if isinstance(piece, str):
            self.began = True
            self._count(len(piece))

    def _take_tools(self, pieces: Any) -> None:
        for position, piece in enumerate(pieces if isinstance(pieces, list) else ()):
            if not isinstance(piece, dict):
                continue
            index = piece.get("index", position)
            call = self._tools.setdefault(index if isinstance(index, int) else position, {})
            _merge_tool(call, piece)
            self.began = True
            self._count(len(str(piece.get("function", ""))))

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self.max_bytes:
            raise trouble.oversize(self.max_bytes)


def to_bytes(text: str, *, broken: bool = False) -> bytes:
    r"""Return UTF-8, keeping lone surrogates (WTF-8) and, where `broken`, the original undecodable bytes.

    Examples
    --------
    >>> to_bytes("\ud83d" + "\ude00") == "😀".encode()
    True
    >>> to_bytes("\ud800")
    b'\xed\xa0\x80'
    >>> to_bytes(b"caf\xe9".decode("utf-8", "surrogateescape"), broken=True)
    b'caf\xe9'
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    if broken:
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            pass
    # A pair of escapes may have been split between two pieces of a stream: join it before encoding.
    return (
        text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")
    )


def redacted(output: bytes, key: Secret | None) -> bytes:
    """Return an answer without our key, should the server have echoed it."""
    return output if key is None or len(key.reveal()) < 4 else output.replace(key.reveal().encode(), b"***")


def parse_logprobs(found: Any) -> list[TokenLogprob]:
    """Return the token log-probabilities of a choice; entries that are not numbers at or below zero are left out."""
    content = found.get("content") if isinstance(found, Mapping) else None
    entries = content if isinstance(content, list) else []
    parsed = [(e, _logprob(e)) for e in entries if isinstance(e, dict)]
    return [
        TokenLogprob(token=_token(entry), logprob=value, top=_top(entry.get("top_logprobs")))
        for entry, value in parsed
        if value is not None
    ]


def parse_json_reply(body: bytes, completion: Completion) -> None:
    """Add a reply that came in one piece."""
    try:
        completion.take(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        start = trouble.beginning(body, completion.key)
        raise trouble.protocol(f"the reply is not one JSON object; it begins with {start!r}", completion.key) from None


def take_event(event: bytes, completion: Completion) -> None:
    """Add one event of a stream; several objects in one event are taken one by one.

    Raises
    ------
    ValueError
        If there is anything but JSON in it.
    """
    try:
        completion.take(event)
    except ValueError:
        if b"\n" not in event:
            raise
        for line in event.split(b"\n"):
            completion.take(line)


def _merge_tool(call: dict[str, Any], piece: Mapping[str, Any]) -> None:
    for name, value in piece.items():
        if name == "function" and isinstance(value, dict):
            function = call.setdefault("function", {})
            for part, text in value.items():
                joined = part == "arguments" and isinstance(text, str) and isinstance(function.get(part), str)
                function[part] = function[part] + text if joined else text
        elif name != "index" and value is not None:
            call[name] = value


def _logprob(entry: Mapping[str, Any]) -> float | None:
    value = entry.get("logprob")
    # Rounding makes some servers report a certain token as 1e-8 above zero.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e6 < value <= 1e-3:
        return None
    return min(float(value), 0.0)


def _token(entry: Mapping[str, Any]) -> str:
    token = entry.get("token")
    return token if isinstance(token, str) else ""


def _top(entries: Any) -> Mapping[str, float]:
    listed: Sequence[Any] = entries if isinstance(entries, list) else ()
    pairs = [(_token(e), _logprob(e)) for e in listed if isinstance(e, dict)]
    return {token: value for token, value in pairs if value is not None}
