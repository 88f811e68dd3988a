"""Pass rates of the golden set under every change the demo can make behind the endpoint.

python -m benchmarks.lab.rates [--models DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.lab.asking import Answered, ask_all, golden_set, passes
from driftwatch.demo.llama import MODELS, LlamaServer
from driftwatch.domain.probe import Probe

CHANGES: Final[dict[str, tuple[str, dict[str, Any], int]]] = {
    "base, temperature 0": ("base.gguf", {}, 1),
    "base, temperature 0.7": ("base.gguf", {"temperature": 0.7}, 25),
    "base, temperature 1.0": ("base.gguf", {"temperature": 1.0}, 10),
    "base, temperature 1.4": ("base.gguf", {"temperature": 1.4}, 10),
    "finetuned, temperature 0": ("finetuned.gguf", {}, 1),
    "finetuned, temperature 0.7": ("finetuned.gguf", {"temperature": 0.7}, 10),
    "q4_0, temperature 0": ("q4_0.gguf", {}, 1),
    "q4_0, temperature 0.7": ("q4_0.gguf", {"temperature": 0.7}, 25),
    "'You are a helpful bot.'": ("base.gguf", {"system": "You are a helpful bot."}, 1),
    "'Answer in capital letters.'": ("base.gguf", {"system": "Answer in capital letters."}, 1),
    "'Always be friendly.'": ("base.gguf", {"system": "Always be friendly."}, 1),
}


async def passed(
    base_url: str, probes: Sequence[Probe], replays: int, **params: Any
) -> tuple[list[Answered], Counter[str]]:
    """Return the first replay's answers and how often each probe failed, by id."""
    failures: Counter[str] = Counter()
    first: list[Answered] = []
    for seed in range(replays):
        answers = await ask_all(base_url, probes, seed=seed, **params)
        first = first or answers
        failures.update(p.id for p, a in zip(probes, answers, strict=True) if not passes(p, a))
    return first, failures


async def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--show", action="store_true", help="print the answers that fail")
    chosen = parser.parse_args(argv)
    probes = golden_set()
    for change, (file, params, replays) in CHANGES.items():
        with LlamaServer(model=chosen.models / file) as server:
            answers, failures = await passed(server.base_url, probes, replays, **params)
        rate = 1 - failures.total() / len(probes) / replays
        by_kind = Counter[str]()
        for probe in probes:
            by_kind[probe.tags[0]] += failures[probe.id]
        print(f"{change:30} {rate:6.3f}  failed: {dict(+by_kind)}")
        for probe, answer in zip(probes, answers, strict=True):
            if chosen.show and failures[probe.id]:
                print(f"    {failures[probe.id]:3} {probe.id:24} {answer.text!r}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
