"""Records what base and changed models answer, log-probabilities and all, for `benchmarks.lab.power`."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.lab.power_probes import Messages
from driftwatch.adapters.llm.completion import parse_logprobs
from driftwatch.demo.llama import LlamaServer
from driftwatch.domain.answer import TokenLogprob

CONCURRENCY: Final = 4
TOP: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One answer; `positions` is empty where log-probabilities were not asked for."""

    text: str
    positions: tuple[TokenLogprob, ...]


Replay = list[Said]
"""One answer to every probe, in the probes' order."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to record: `lives` servers of one model, each asked `replays` times.

    Parameters
    ----------
    name : str
        Of the recording.
    model : Path
        Weights.
    logprobs : int
        Replays of each life, the first ones, that ask for log-probabilities.
    """

    name: str
    model: Path
    temperature: float
    lives: int
    replays: int
    logprobs: int


def record(order: Order, probes: Sequence[Messages], target: Path) -> list[Replay]:
    """Ask and keep; what was recorded into this file before is read instead."""
    if target.is_file():
        return load(target)
    recorded = list[Replay]()
    for life in range(order.lives):
        with LlamaServer(model=order.model) as server:
            recorded += asyncio.run(_life(server.base_url, order, probes, life))
    target.write_bytes(pickle.dumps(recorded))
    print(f"recorded {order.name}: {len(recorded)} replays of {len(probes)} probes", file=sys.stderr, flush=True)
    return recorded


def load(target: Path) -> list[Replay]:
    """Read a recording of our own back."""
    found: list[Replay] = pickle.loads(target.read_bytes())
    return found


async def ask(base_url: str, probes: Sequence[Messages], **params: Any) -> Replay:
    """Ask every probe once, four at a time."""
    gate = asyncio.Semaphore(CONCURRENCY)
    # On a machine so busy that 5 s pass between two requests the server hangs up on a connection kept open.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        return await asyncio.gather(
            *(_ask(session, gate, base_url, probe, i, params) for i, probe in enumerate(probes))
        )


async def _life(base_url: str, order: Order, probes: Sequence[Messages], life: int) -> list[Replay]:
    replays = []
    for i in range(order.replays):
        seed = (life * order.replays + i + 1) * 1000  # + the probe's number: every answer is drawn on its own
        wanted = {"logprobs": True, "top_logprobs": TOP} if i < order.logprobs else {}
        replays.append(await ask(base_url, probes, seed=seed, temperature=order.temperature, **wanted))
    return replays


async def _ask(
    session: aiohttp.ClientSession,
    gate: asyncio.Semaphore,
    base_url: str,
    probe: Messages,
    number: int,
    params: dict[str, Any],
) -> Said:
    body = {"max_tokens": 80, **params, "seed": params.get("seed", 0) + number}
    body["messages"] = [{"role": role, "content": content} for role, content in probe]
    async with gate, session.post(f"{base_url}/chat/completions", json=body) as response:
        response.raise_for_status()
        choice = (await response.json())["choices"][0]
    return Said(text=choice["message"]["content"] or "", positions=tuple(parse_logprobs(choice.get("logprobs") or {})))
