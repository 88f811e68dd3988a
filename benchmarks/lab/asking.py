"""Asks a server the demo's golden set and says which probes pass: the lab's own short way to do it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import yaml
from jsonschema import Draft202012Validator
from rapidfuzz.distance import Levenshtein

from driftwatch.demo.llama import GOLDEN_SET

Probe = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer: its text, the log-probability of each of its tokens, why it ended."""

    text: str
    logprobs: tuple[float, ...]
    finish_reason: str


def golden_set() -> list[Probe]:
    probes: list[Probe] = yaml.safe_load(GOLDEN_SET.read_text())["probes"]
    return probes


async def ask_all(
    base_url: str, probes: Sequence[Probe], *, concurrency: int = 4, system: str | None = None, **params: Any
) -> list[Answered]:
    """Ask every probe once, at most `concurrency` at a time; answers come back in the probes' order."""
    gate = asyncio.Semaphore(concurrency)
    async with aiohttp.ClientSession() as session:

        async def ask(probe: Probe) -> Answered:
            messages = probe.get("messages") or [{"role": "user", "content": probe["prompt"]}]
            if system is not None:
                messages = [{"role": "system", "content": system}, *messages]
            body = {"temperature": 0, "max_tokens": 80, "logprobs": True, "top_logprobs": 1, "seed": 7}
            body |= {"messages": messages, **params}
            async with gate, session.post(f"{base_url}/chat/completions", json=body) as response:
                return _answered(await response.json())

        return await asyncio.gather(*map(ask, probes))


def passes(probe: Probe, answered: Answered) -> bool:
    """Say whether an answer meets every scorer of its probe."""
    return all(_meets(scorer, answered) for scorer in probe["scorers"])


def _answered(reply: Mapping[str, Any]) -> Answered:
    choice = reply["choices"][0]
    return Answered(
        text=choice["message"]["content"] or "",
        logprobs=tuple(t["logprob"] for t in choice["logprobs"]["content"]),
        finish_reason=choice["finish_reason"],
    )


def _meets(scorer: str | Mapping[str, Any], answered: Answered) -> bool:
    name, wanted = (scorer, None) if isinstance(scorer, str) else next(iter(scorer.items()))
    if name.startswith("not-"):
        return not _holds(name.removeprefix("not-"), wanted, answered)
    return _holds(name, wanted, answered)


def _holds(name: str, wanted: Any, answered: Answered) -> bool:
    if name == "finish-reason":
        return answered.finish_reason == wanted
    return CHECKS[name](answered.text, wanted)


def _is_json(text: str, wanted: Mapping[str, Any] | None) -> bool:
    try:
        return Draft202012Validator((wanted or {}).get("schema", {})).is_valid(json.loads(text))
    except ValueError:
        return False


def _has_words(text: str, wanted: int | Mapping[str, int]) -> bool:
    least, most = (wanted, wanted) if isinstance(wanted, int) else (wanted["min"], wanted["max"])
    return least <= len(text.split()) <= most


CHECKS: Final[dict[str, Callable[[str, Any], bool]]] = {
    "equals": lambda text, wanted: text == wanted,
    "contains": lambda text, wanted: wanted in text,
    "contains-all": lambda text, wanted: all(part in text for part in wanted),
    "contains-any": lambda text, wanted: any(part in text for part in wanted),
    "icontains": lambda text, wanted: wanted.casefold() in text.casefold(),
    "starts-with": lambda text, wanted: text.startswith(wanted),
    "regex": lambda text, wanted: re.search(wanted, text) is not None,
    "is-json": _is_json,
    "contains-json": _is_json,
    "numeric": lambda text, wanted: text.strip() == str(wanted["value"]),
    "choice": lambda text, wanted: text.strip() == wanted["value"],
    "word-count": _has_words,
    "levenshtein": lambda text, wanted: Levenshtein.distance(text, wanted["value"]) <= wanted["max"],
    "is-refusal": lambda text, _: "sorry, but i can't" in text.casefold(),
}
