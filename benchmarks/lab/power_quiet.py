"""Unchanged replays through the engine's log-probability path: how many alarms, against the budget."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from benchmarks.lab.power_logprobs import ARL, BASELINE, REFERENCE, distances, means, reordered, values
from benchmarks.lab.power_probes import Messages
from benchmarks.lab.power_record import TOP, Replay, Said, ask, load
from driftwatch.demo.llama import LlamaServer
from driftwatch.domain.decide import CALM_REPLAYS
from driftwatch.stats.logprobs import LogprobReference
from driftwatch.stats.stream import StreamDetector

Floats = NDArray[np.float64]

SEED: Final = 20261126


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """What a long unchanged stream did.

    Parameters
    ----------
    replays : int
        Monitored, after the baseline.
    alarms : tuple of int
        At which monitored replays, each closed as the daemon closes an incident: after enough calm replays.
    moved : float
        Share of the scores that were not 0.
    largest : float
        Largest score, in nat.
    trusted : bool
        Whether the stream passed its own check at the end, so that it could page.
    """

    replays: int
    alarms: tuple[int, ...]
    moved: float
    largest: float
    trusted: bool

    def __str__(self) -> str:
        budget = self.replays / ARL
        count = len(self.alarms)
        first = f"{self.alarms[0]:,}" if count else "-"
        return (
            f"{self.replays:,} | {count} | {budget:.2f} | {poisson.sf(count - 1, budget):.3f} | {first} | "
            f"{self.moved:.4f} | {self.largest:.1e} | {'yes' if self.trusted else 'no'}"
        )


def folded(table: Floats, *, baseline: int, key: str, arl: float = ARL) -> Quiet:
    """Fold a stream that nobody touched, shape (replays, probes), and count its alarms."""
    detector = StreamDetector(baseline_replays=baseline, arl=arl, kind="continuous")
    state, alarms, latched = detector.start(), list[int](), False
    for i, row in enumerate(table):
        state = detector.update(state, values(row, f"{key}-{i}"))
        if state.latch is not None and not latched:
            alarms.append(i + 1 - baseline)
        if state.latch is not None and state.latch.calm >= CALM_REPLAYS:
            state = detector.rearm(state)
        latched = state.latch is not None
    return Quiet(
        replays=len(table) - baseline,
        alarms=tuple(alarms),
        moved=float((table != 0).mean()),
        largest=float(np.nanmax(abs(table))),
        trusted=state.trusted,
    )


# -- really asked ----------------------------------------------------------------------------------


def asked(
    server: Callable[[], LlamaServer], probes: Sequence[Messages], *, replays: int, life: int, kept: Path
) -> Floats:
    """Ask one-token probes, with a new server every `life` replays, and score them against the first 15.

    Each server's answers are kept in a file of their own: what was asked into this folder before is read instead,
    so a run that was ended goes on. Returns a baseline of 15 and then `replays` rows.
    """
    recorded = said(server, probes, replays + 2 * REFERENCE, life, kept)
    first = [next(recorded) for _ in range(REFERENCE)]
    known = [LogprobReference.of([replay[probe].positions for replay in first]) for probe in range(len(probes))]
    return np.array([[_distance(*each) for each in zip(known, replay, strict=True)] for replay in recorded])


def said(
    server: Callable[[], LlamaServer], probes: Sequence[Messages], count: int, life: int, kept: Path
) -> Iterator[Replay]:
    """Answers of one server after the other, from the folder as far as they are there."""
    kept.mkdir(parents=True, exist_ok=True)
    for start in range(0, count, life):
        yield from _life(server, probes, life, kept / f"{start:05}.pkl")[: count - start]


def _life(server: Callable[[], LlamaServer], probes: Sequence[Messages], count: int, target: Path) -> list[Replay]:
    if not target.is_file():
        with server() as running:
            answered = asyncio.run(_several(running.base_url, probes, count))
        # Written whole or not at all: a file cut off by the end of a run would be read by the next.
        unfinished = target.with_suffix(".part")
        unfinished.write_bytes(pickle.dumps(answered))
        unfinished.rename(target)
        print(f"asked {target.parent.name}: {target.stem} and the next {count}", file=sys.stderr, flush=True)
    return load(target)


async def _several(base_url: str, probes: Sequence[Messages], count: int) -> list[Replay]:
    params = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": TOP}
    return [await ask(base_url, probes, **params) for _ in range(count)]


def _distance(law: LogprobReference, said: Said) -> float:
    found = law.score(said.positions)
    return np.nan if found is None else found.distance


# -- resampled -------------------------------------------------------------------------------------


def resampled(base: Sequence[Replay], *, replays: int) -> Floats:
    """Temperature 0.7: each probe's recorded scores against one reference, drawn again and again with replacement."""
    rng = np.random.default_rng(SEED)
    mixed = reordered(base, rng)
    return _drawn(distances(mixed[:REFERENCE], mixed[REFERENCE:]), REFERENCE + replays, rng)


def resampled_means(base: Sequence[Replay], *, replays: int) -> Floats:
    """The same for the daemon's metric `logprob`, the mean over an answer's tokens, whose baseline is 30."""
    return _drawn(means(base), BASELINE + replays, np.random.default_rng(SEED))


def _drawn(pool: Floats, replays: int, rng: np.random.Generator) -> Floats:
    return pool[rng.integers(len(pool), size=(replays, pool.shape[1])), np.arange(pool.shape[1])]
