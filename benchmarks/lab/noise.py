"""How far an unchanged model moves from request to request, how far 4 bits move it, and how fast it answers.

python -m benchmarks.lab.noise
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import xllamacpp

from benchmarks.lab.asking import Answered, ask_all, golden_set
from driftwatch.demo.llama import MODELS, LlamaServer, parameters

Setting = Callable[[Any], None]


def as_shipped(p: Any) -> None:
    """Leave everything as `LlamaServer` sets it."""


def as_llama_cpp(p: Any) -> None:
    """Put llama.cpp's own defaults back: cached prompts, flash attention, 16-bit keys and values."""
    theirs = xllamacpp.CommonParams()
    p.cache_prompt, p.cache_ram_mib, p.flash_attn_type = True, theirs.cache_ram_mib, theirs.flash_attn_type
    p.cache_type_k, p.cache_type_v = theirs.cache_type_k, theirs.cache_type_v


def without_prompt_cache(p: Any) -> None:
    as_llama_cpp(p)
    p.cache_prompt, p.cache_ram_mib = False, 0


def with_prompt_cache(p: Any) -> None:
    p.cache_prompt = True


SETTINGS: Final[dict[str, tuple[Setting, int]]] = {
    "llama.cpp's defaults, 8 slots": (as_llama_cpp, 8),
    "the same, no prompt cache, 8 slots": (without_prompt_cache, 8),
    "as shipped + prompt cache, 4 slots": (with_prompt_cache, 4),
    "as shipped, 8 slots": (as_shipped, 8),
    "as shipped, 4 slots": (as_shipped, 4),
    "as shipped, 1 slot": (as_shipped, 1),
}


def moved(before: Sequence[Answered], after: Sequence[Answered]) -> str:
    """Say how many answers changed and how far the log-probabilities of the others moved, in nat."""
    pairs = [(b, a) for b, a in zip(before, after, strict=True) if b.text == a.text]
    tokens = np.concatenate([np.subtract(b.logprobs, a.logprobs) for b, a in pairs])
    means = np.array([np.mean(b.logprobs) - np.mean(a.logprobs) for b, a in pairs])
    return (
        f"texts changed {len(before) - len(pairs)}; per token rms {_rms(tokens):.1e} max {abs(tokens).max():.1e}; "
        f"mean of an answer rms {_rms(means):.1e} median {np.median(abs(means)):.1e} max {abs(means).max():.1e}"
    )


async def in_one_setting(setting: Setting, slots: int, models: Path) -> None:
    """Ask the base weights eight times at three concurrencies, then the quantised weights once."""
    probes = golden_set()
    servers = []
    for name in ("base.gguf", "q4_0.gguf"):
        p = parameters(xllamacpp, model=models / name, slots=slots)
        setting(p)
        servers.append(xllamacpp.Server(p))
    base, quantised = (f"{server.listening_address}/v1" for server in servers)
    first = await ask_all(base, probes, concurrency=1)
    for concurrency in (1, 4, 8):
        for _ in range(2):
            again = await ask_all(base, probes, concurrency=concurrency)
            print(f"  unchanged, concurrency {concurrency}: {moved(first, again)}")
    print(f"  quantised, concurrency 1: {moved(first, await ask_all(quantised, probes, concurrency=1))}")


async def speed(models: Path) -> None:
    """Time passes over the golden set against the server as the demo starts it, in its own process."""
    probes = golden_set()
    for slots in (1, 4, 8):
        with LlamaServer(model=models / "base.gguf", slots=slots) as server:
            for concurrency in (1, 4, 8):
                took = [await _timed(server.base_url, probes, concurrency) for _ in range(15)]
                print(
                    f"  {slots} slots, concurrency {concurrency}: best {min(took):.2f}, median {median(took):.2f} s a pass"
                )
            print(f"  memory: {_resident(server.pid)}")


async def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    models = parser.parse_args(argv).models
    for name, (setting, slots) in SETTINGS.items():
        print(name)
        await in_one_setting(setting, slots, models)
    print(f"speed, our settings, one thread, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    await speed(models)


async def _timed(base_url: str, probes: Sequence[Any], concurrency: int) -> float:
    started = time.perf_counter()
    await ask_all(base_url, probes, concurrency=concurrency)
    return time.perf_counter() - started


def _resident(pid: int | None) -> str:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in status if line.startswith("VmRSS")).split(":")[1].strip()


def _rms(x: np.ndarray[Any, Any]) -> float:
    return float(np.sqrt(np.mean(x**2)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
