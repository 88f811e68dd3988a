"""Record what the tiny model answers under every drift of the demo, for platforms without a llama.cpp wheel.

python -m benchmarks.lab.record
"""

import asyncio
import json
from pathlib import Path
from typing import Any

from benchmarks.lab.asking import ask_all, golden_set
from driftwatch.demo.drifts import DRIFTS
from driftwatch.demo.llama import LlamaServer
from driftwatch.demo.recorded import RECORDING, question_key
from driftwatch.demo.vendor import Vendor

SAMPLES = 12
"""Of a drift that samples; the others answer always the same."""
TARGET = Path(__file__).resolve().parents[2] / "driftwatch" / "demo" / RECORDING


async def record(base_url: str, samples: int) -> dict[str, list[list[Any]]]:
    probes = golden_set()
    recorded: dict[str, list[list[Any]]] = {}
    for seed in range(samples):
        for probe, answer in zip(probes, await ask_all(base_url, probes, concurrency=1, seed=seed), strict=True):
            key = question_key([{"role": m.role, "content": m.content} for m in probe.messages])
            mean = sum(answer.logprobs) / max(len(answer.logprobs), 1)
            recorded.setdefault(key, []).append([answer.text, round(mean, 6)])
    return recorded


def main() -> None:
    recordings = {}
    for drift in DRIFTS.values():
        with LlamaServer(model=drift.weights) as llama, Vendor(llama) as vendor:
            vendor.change(drift, llama)
            recordings[drift.name] = asyncio.run(record(vendor.base_url, SAMPLES if drift.params else 1))
    # A vendor's own system prompt is in front of what it was asked: the key is that of our question.
    TARGET.write_text(json.dumps(recordings, indent=0, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
