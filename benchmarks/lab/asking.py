"""Asks a server the demo's golden set and says which probes pass: the lab's own short way to do it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from driftwatch.adapters.probes import load_probe_set
from driftwatch.demo.llama import GOLDEN_SET
from driftwatch.domain.probe import Probe
from driftwatch.scorers import build


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer as scorers see it, with the log-probability of each of its tokens."""

    text: str
    finish_reason: str | None
    logprobs: tuple[float, ...]
    refusal: str | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None


def golden_set() -> Sequence[Probe]:
    return load_probe_set([GOLDEN_SET]).probes


async def ask_all(
    base_url: str, probes: Sequence[Probe], *, concurrency: int = 4, system: str | None = None, **params: Any
) -> list[Answered]:
    """Ask every probe once, at most `concurrency` at a time; answers come back in the probes' order."""
    injected = [] if system is None else [{"role": "system", "content": system}]
    gate = asyncio.Semaphore(concurrency)
    async with aiohttp.ClientSession() as session:

        async def ask(probe: Probe) -> Answered:
            messages = [*injected, *({"role": m.role, "content": m.content} for m in probe.messages)]
            body: dict[str, Any] = {"temperature": 0, "max_tokens": 80, "logprobs": True, "top_logprobs": 1, "seed": 7}
            body |= {"messages": messages, **params}
            async with gate, session.post(f"{base_url}/chat/completions", json=body) as response:
                return _answered(await response.json())

        return await asyncio.gather(*map(ask, probes))


def passes(probe: Probe, answered: Answered) -> bool:
    """Say whether an answer meets every scorer of its probe."""
    return all(build(s.name, s.argument, negate=s.negate)(answered) == 1.0 for s in probe.scorers)


def _answered(reply: Mapping[str, Any]) -> Answered:
    choice = reply["choices"][0]
    # llama.cpp leaves `logprobs` out when the very first token ends the answer; a raised temperature does that.
    tokens = (choice.get("logprobs") or {}).get("content") or ()
    return Answered(
        text=choice["message"]["content"] or "",
        finish_reason=choice["finish_reason"],
        logprobs=tuple(token["logprob"] for token in tokens),
    )
