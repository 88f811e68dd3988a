"""Provider, pinned model, sampling parameters: what is watched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from driftwatch.domain.probe import ProbeSet
from driftwatch.domain.schedule import Schedule
from driftwatch.domain.secret import Secret

Driver = Literal["direct", "litellm", "scripted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens."""

    input_usd: float
    output_usd: float
    cached_input_usd: float | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One pinned model behind one address, with its golden set and schedule.

    Parameters
    ----------
    name : str
        The user's name for it; unique.
    model : str
        In LiteLLM's naming, ``provider/model``.
    driver : {"direct", "litellm", "scripted"}
        Resolved already; ``auto`` never gets here.
    base_url : str, optional
        For OpenAI-compatible servers, up to and including ``/v1``.
    params : mapping
        Sampling parameters, passed on untouched.
    top_logprobs : int
        0 where the endpoint gives none.
    baseline_replays : int
        Replays that make the baseline.
    concurrency : int
        The most questions in flight at once.
    """

    name: str
    model: str
    driver: Driver
    base_url: str | None = None
    api_key: Secret | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    top_logprobs: int = 0
    price: Price | None = None
    probe_set: ProbeSet
    schedule: Schedule
    baseline_replays: int = 24
    concurrency: int = 16
    attempts: int = 3
    deadline_s: float = 60.0
    max_bytes: int = 1_000_000

    @property
    def provider(self) -> str:
        """The part of the model's name before the first slash."""
        return self.model.partition("/")[0]

    @property
    def vendor(self) -> str:
        """Who answers for it; see `vendor_of`."""
        return vendor_of(self.model, self.base_url)


def vendor_of(model: str, base_url: str | None) -> str:
    """Return who answers: the host behind an address of one's own, else the provider in the model's name.

    Examples
    --------
    >>> vendor_of("openai/gpt-x", None), vendor_of("openai/llama", "https://llm.example/v1")
    ('openai', 'llm.example')
    """
    host = (base_url or "").partition("://")[2].partition("/")[0].rpartition("@")[2]
    return host.lower() or model.partition("/")[0]
