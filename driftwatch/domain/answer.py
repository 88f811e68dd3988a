"""The raw reply to one probe, with its timing, tokens and echoed model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from driftwatch.domain.errors import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """Log-probability, in nat, of one token of an answer, and of the likeliest ones at its position."""

    token: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts as the vendor gave them; None where missing, negative or absurd."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request: what is sent and what it may cost in time and bytes.

    Parameters
    ----------
    messages : sequence of mapping
        As the chat-completions API takes them.
    params : mapping
        Sampling parameters (temperature, max_tokens, seed, ...), passed on untouched.
    tools : sequence of mapping
        Tool definitions; empty for none.
    top_logprobs : int
        How many alternatives per token to ask for; 0 asks for no log-probabilities.
    deadline_s : float
        Total seconds for one attempt, connecting and streaming included.
    max_bytes : int
        An answer longer than this is cut off and counted as oversize.
    """

    messages: Sequence[Mapping[str, Any]]
    params: Mapping[str, Any] = field(default_factory=dict)
    tools: Sequence[Mapping[str, Any]] = ()
    top_logprobs: int = 0
    deadline_s: float = 60.0
    max_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one successful attempt brought back.

    Parameters
    ----------
    output : bytes
        The text exactly as received, UTF-8 (lone surrogates kept as WTF-8): NUL and broken
        text must survive both store back ends.
    refusal : str, optional
        The vendor's refusal field.
    tool_calls : sequence of mapping
        As received.
    latency_ms, ttft_ms : float
        Milliseconds to the last byte, and to the first token where the answer was streamed.
    headers : mapping
        The provider's identifying headers only, never cookies or keys.
    """

    output: bytes
    finish_reason: str | None = None
    refusal: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    model: str | None = None
    system_fingerprint: str | None = None
    usage: Usage = field(default_factory=Usage)
    latency_ms: float
    ttft_ms: float | None = None
    logprobs: Sequence[TokenLogprob] = ()
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One probe asked once: a reply, or the named reason why there is none.

    Parameters
    ----------
    probe_key : str
        `Probe.key`: id and content hash.
    sample : int
        0-based, below the probe's `samples`.
    at : datetime
        UTC, when the question was sent.
    outcome : Outcome
        ``ok`` exactly when there is a reply.
    attempts : int
        Requests made, the last one included; 0 if none was allowed.
    error : str, optional
        What went wrong, secrets removed.
    cost_usd : float, optional
        What it cost; None where no price is known.
    """

    probe_key: str
    sample: int = 0
    at: datetime
    outcome: Outcome
    reply: Reply | None = None
    attempts: int = 1
    error: str | None = None
    cost_usd: float | None = None

    @property
    def probe_id(self) -> str:
        """The probe's name without its content hash."""
        return self.probe_key.rpartition("@")[0]

    @property
    def text(self) -> str:
        """The answer decoded for reading; undecodable bytes become U+FFFD."""
        return self.reply.output.decode("utf-8", "replace") if self.reply else ""

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped."""
        return self.reply.finish_reason if self.reply else None

    @property
    def refusal(self) -> str | None:
        """The vendor's own refusal field."""
        return self.reply.refusal if self.reply else None

    @property
    def tool_calls(self) -> Sequence[Mapping[str, Any]]:
        """The tool calls, as the vendor sent them."""
        return self.reply.tool_calls if self.reply else ()

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds to the last byte."""
        return self.reply.latency_ms if self.reply else None

    @property
    def ttft_ms(self) -> float | None:
        """Milliseconds to the first token, where the answer was streamed."""
        return self.reply.ttft_ms if self.reply else None

    @property
    def token_logprobs(self) -> Sequence[float]:
        """Log-probability of each token, in nat."""
        return tuple(token.logprob for token in self.reply.logprobs) if self.reply else ()

    @property
    def input_tokens(self) -> int | None:
        """Tokens of the question, as the vendor counts."""
        return self.reply.usage.input_tokens if self.reply else None

    @property
    def output_tokens(self) -> int | None:
        """Tokens of the answer."""
        return self.reply.usage.output_tokens if self.reply else None

    @property
    def reasoning_tokens(self) -> int | None:
        """Tokens of hidden reasoning."""
        return self.reply.usage.reasoning_tokens if self.reply else None

    @property
    def cached_tokens(self) -> int | None:
        """Tokens of the question that were cached."""
        return self.reply.usage.cached_tokens if self.reply else None
