"""One prompt (or short conversation) with its scorers; the versioned, hashed list of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import rfc8785

HASH_LENGTH = 12

Sensor = Literal["", "logprob", "border"]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a conversation.

    Parameters
    ----------
    role : str
        ``system``, ``user``, ``assistant`` or ``tool``.
    content : str
        The words.
    wait_s : float
        Seconds to stay idle before this turn is sent: the conversation up to here is sent
        first. Some real drifts show only after a pause.
    extra : mapping
        Further keys the API takes on a message (``name``, ``tool_calls``, ``tool_call_id``).
    """

    role: str
    content: str
    wait_s: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ScorerSpec:
    """One scorer as the golden set names it.

    Parameters
    ----------
    name : str
        The scorer's name without ``not-``.
    argument : Any
        What stands behind the colon: a value, a list or a mapping; None for a bare name.
    negate : bool
        True for ``not-``.
    metric : str
        Name of the metric the score is stored under; unique within the probe.
    libraries : sequence of str
        Names and versions of libraries that may move its scores: another release makes another probe.
    extract : str or mapping, optional
        How the value is taken out of the answer before it is scored.
    """

    name: str
    argument: Any = None
    negate: bool = False
    metric: str
    libraries: Sequence[str] = ()
    extract: str | Mapping[str, Any] | None = None

    @property
    def identity(self) -> list[Any]:
        """What of it is part of a probe's hash; what is not used is left out, so that a new feature changes no hash."""
        used = {"libraries": list(self.libraries), "extract": self.extract}
        more = {key: value for key, value in used.items() if value}
        return [self.name, self.argument, self.negate, self.metric, *([more] if more else [])]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One prompt with its scorers; equal content has equal `content_hash`.

    Parameters
    ----------
    id : str
        Stable name, unique within the probe set.
    messages : sequence of Message
        What is sent; the last one is answered.
    samples : int
        Answers asked for in each replay, at least 1.
    tags : sequence of str
        Free labels.
    scorers : sequence of ScorerSpec
        May be empty: every answer is measured without asking.
    tools : sequence of mapping
        Tool definitions sent along, as the API takes them.
    sensor : {"", "logprob", "border"}
        A sensor is asked for one token, and only the chances of that token are looked at.
    tool_results : mapping
        Name of a tool -> the fixed result that its calls get; the conversation goes on with it.

    Examples
    --------
    >>> probe = Probe(id="hi", messages=(Message(role="user", content="Say hi."),))
    >>> probe.key == f"hi@{probe.content_hash}"
    True
    """

    id: str
    messages: Sequence[Message]
    samples: int = 1
    tags: Sequence[str] = ()
    scorers: Sequence[ScorerSpec] = ()
    tools: Sequence[Mapping[str, Any]] = ()
    sensor: Sensor = ""
    tool_results: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def content_hash(self) -> str:
        """Hash of all that could move this probe's scores; tags and, but for sensors, sample count are left out."""
        return content_hash(
            {
                "messages": [
                    {"role": m.role, "content": m.content, "wait_s": m.wait_s, **m.extra} for m in self.messages
                ],
                "scorers": [scorer.identity for scorer in self.scorers],
                "tools": list(self.tools),
                **({"sensor": [self.sensor, self.samples]} if self.sensor else {}),
                # Left out where there are none, so that probes from before there were any keep their hash.
                **({"tool_results": dict(self.tool_results)} if self.tool_results else {}),
            }
        )

    @property
    def wait_s(self) -> float:
        """Seconds that its pauses take together."""
        return sum(message.wait_s for message in self.messages)

    @property
    def key(self) -> str:
        """Identity of this version of the probe: an edited probe has another key, so it starts anew."""
        return f"{self.id}@{self.content_hash}"


@dataclass(frozen=True, kw_only=True)
class ProbeSet:
    """A golden set: named, ordered, hashed."""

    name: str
    probes: Sequence[Probe]

    @cached_property
    def content_hash(self) -> str:
        """Hash over the probes' keys; their order does not count."""
        return content_hash(sorted(p.key for p in self.probes))

    @property
    def has_tasks(self) -> bool:
        """Whether any probe has tools."""
        return any(probe.tools for probe in self.probes)


def content_hash(value: Any) -> str:
    """Return a short SHA-256 over the canonical JSON (RFC 8785) of `value`.

    Examples
    --------
    >>> content_hash({"b": 1, "a": 2}) == content_hash({"a": 2, "b": 1})
    True
    """
    return sha256(rfc8785.dumps(value)).hexdigest()[:HASH_LENGTH]
