"""Unchanged replays through the engine's log-probability path: how many alarms, against the budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import poisson

from benchmarks.lab.power_logprobs import ARL, REFERENCE, distances, means, reordered, values
from benchmarks.lab.power_probes import Messages
from benchmarks.lab.power_record import TOP, Replay, Said, ask
from driftwatch.demo.llama import LlamaServer
from driftwatch.stats.logprobs import LogprobReference
from driftwatch.stats.stream import ReplayValues, StreamDetector

SEED: Final = 20261126


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """What a long unchanged stream did.

    Parameters
    ----------
    replays : int
        Monitored, after the baseline.
    alarms : int
        Each followed by a rearm, as if somebody had looked and closed the incident.
    moved : float
        Share of the scores that were not 0, where that was counted.
    largest : float
        Largest score, in nat.
    distrusted : bool
        Whether the stream failed its own check at the end, so that it could not page.
    """

    replays: int
    alarms: int
    moved: float
    largest: float
    distrusted: bool

    def __str__(self) -> str:
        budget = self.replays / ARL
        return (
            f"{self.replays:,} | {self.alarms} | {budget:.2f} | {poisson.sf(self.alarms - 1, budget):.3f} | "
            f"{self.moved:.4f} | {self.largest:.1e} | {'no' if self.distrusted else 'yes'}"
        )


def folded(replays: Iterable[ReplayValues], *, baseline: int, arl: float = ARL) -> Quiet:
    """Fold a stream that nobody touched and count its alarms."""
    detector = StreamDetector(baseline_replays=baseline, arl=arl, kind="continuous")
    state, alarms, seen, moved, largest = detector.start(), 0, 0, 0, 0.0
    for replay in replays:
        each = [value for (value,) in replay.values.values()]
        seen, moved = seen + len(each), moved + sum(value != 0 for value in each)
        largest = max(largest, *map(abs, each))
        state = detector.update(state, replay)
        if state.latch is not None:
            alarms += 1
            state = detector.rearm(state)
    return Quiet(
        replays=state.replays - baseline,
        alarms=alarms,
        moved=moved / max(seen, 1),
        largest=largest,
        distrusted=not state.trusted,
    )


# -- really asked ----------------------------------------------------------------------------------


def asked(
    server: Callable[[], LlamaServer], probes: Sequence[Messages], *, replays: int, life: int, arl: float = ARL
) -> Quiet:
    """Ask one-token probes for `replays` monitored replays, with a new server every `life` of them."""
    everything = replays + REFERENCE + REFERENCE
    recorded = _said(server, probes, everything, life)
    known = _references([next(recorded) for _ in range(REFERENCE)])
    return folded(_scored(recorded, known), baseline=REFERENCE, arl=arl)


def _said(server: Callable[[], LlamaServer], probes: Sequence[Messages], count: int, life: int) -> Iterator[Replay]:
    for start in range(0, count, life):
        with server() as running:
            yield from asyncio.run(_several(running.base_url, probes, min(life, count - start)))


async def _several(base_url: str, probes: Sequence[Messages], count: int) -> list[Replay]:
    return [said async for said in _one_by_one(base_url, probes, count)]


async def _one_by_one(base_url: str, probes: Sequence[Messages], count: int) -> AsyncIterator[Replay]:
    for _ in range(count):
        yield await ask(base_url, probes, max_tokens=1, temperature=0, logprobs=True, top_logprobs=TOP)


def _references(replays: Sequence[Replay]) -> list[LogprobReference]:
    return [LogprobReference.of([replay[probe].positions for replay in replays]) for probe in range(len(replays[0]))]


def _scored(replays: Iterable[Replay], known: Sequence[LogprobReference]) -> Iterator[ReplayValues]:
    for i, replay in enumerate(replays):
        yield values(np.array([_distance(law, said) for law, said in zip(known, replay, strict=True)]), f"asked-{i}")


def _distance(law: LogprobReference, said: Said) -> float:
    found = law.score(said.positions)
    return np.nan if found is None else found.distance


# -- resampled -------------------------------------------------------------------------------------


def resampled(base: Sequence[Replay], *, replays: int) -> Quiet:
    """Temperature 0.7: each probe's recorded scores against one reference, drawn again and again with replacement."""
    rng = np.random.default_rng(SEED)
    mixed = reordered(base, rng)
    pool = distances(mixed[:REFERENCE], mixed[REFERENCE:])
    return folded(_drawn(pool, REFERENCE + replays, rng), baseline=REFERENCE)


def resampled_means(base: Sequence[Replay], *, replays: int) -> Quiet:
    """The same for the daemon's metric `logprob`, the mean over an answer's tokens."""
    rng = np.random.default_rng(SEED)
    return folded(_drawn(means(base), 2 * REFERENCE + replays, rng), baseline=2 * REFERENCE)


def _drawn(pool: np.ndarray, replays: int, rng: np.random.Generator) -> Iterator[ReplayValues]:
    probes = np.arange(pool.shape[1])
    for i in range(replays):
        yield values(pool[rng.integers(len(pool), size=len(probes)), probes], f"drawn-{i}")
