"""Text alone: samples until the engine's text streams alarm, against a Kolmogorov-Smirnov test of pooled values.

A deployment is a choice of probes, 30 replays of baseline and 10 more of the unchanged model, then a changed one, all at
temperature 0.7, recorded, each answer in its probe's own random order and none used twice by the engine. The pooled test is
given more: where the recorded answers of a change end, they begin again in another order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.lab.power_logprobs import BASELINE, QUIET, REFERENCE
from benchmarks.lab.power_record import Replay
from driftwatch.domain.metric import MEASURED
from driftwatch.scorers.reference import ReferenceTexts, novelty, unseen
from driftwatch.scorers.verdict import Scored
from driftwatch.stats.budget import allocate_arl
from driftwatch.stats.stream import ReplayValues, StreamDetector

Floats = NDArray[np.float64]
Table = NDArray[np.float64]  # (replays, probes)

SEED: Final = 20261127
ARL: Final = 500.0
TEXT: Final = ("novelty", "length", "unseen")
HORIZON: Final = 60
"""Changed replays that the engine may look at: as many as were recorded."""
PEER_HORIZON: Final = 400
NULL_HORIZON: Final = 200
NOMINAL: Final = 1 - math.exp(-NULL_HORIZON / ARL)
"""Share of unchanged deployments that may alarm within the null horizon at a run length of mean 500."""
POOLED: Final = ("length", "novelty")
WINDOWS: Final = (1, 2, 4, 8, 16, 32)
"""Replays whose values the pooled test compares with the baseline's; it keeps its best, row by row."""
CELLS: Final = 512


# -- deployments -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Recorded texts of one deployment's probes, shape (replays, probes)."""

    before: NDArray[np.object_]
    after: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A share of the answers comes from another model."""

    model: str = "finetuned"
    share: float

    def apply(self, rng: np.random.Generator, mixed: Mapping[str, NDArray[np.object_]]) -> NDArray[np.object_]:
        """Return the changed replays: the unchanged answers in them are those no baseline used."""
        other, spare = mixed[self.model], mixed["base"][BASELINE + QUIET :]
        return np.where(rng.random(other.shape) < self.share, other, spare[: len(other)])


CHANGES: Final[Mapping[str, Change]] = {
    "finetuned": Change(share=1.0),
    "16 % of answers from finetuned": Change(share=0.16),
    "5 % of answers from finetuned": Change(share=0.05),
    "q4_0": Change(model="q4_0", share=1.0),
    "nothing": Change(share=0.0),
}


def texts(replays: Sequence[Replay]) -> NDArray[np.object_]:
    """Texts alone, shape (replays, probes)."""
    table = np.empty((len(replays), len(replays[0])), dtype=object)
    table[:] = [[said.text for said in replay] for replay in replays]
    return table


def deployment(pools: Mapping[str, NDArray[np.object_]], change: Change, rng: np.random.Generator, size: int) -> Texts:
    """Draw probes, then each probe's answers without replacement."""
    chosen = rng.choice(pools["base"].shape[1], size, replace=False)
    mixed = {name: rng.permuted(pool[:, chosen], axis=0) for name, pool in pools.items()}
    return Texts(before=mixed["base"][: BASELINE + QUIET], after=change.apply(rng, mixed)[:HORIZON])


def null_deployment(pool: NDArray[np.object_], rng: np.random.Generator, size: int) -> Texts:
    """Unchanged and long: each probe's answers with replacement, which is one law by construction."""
    chosen = rng.choice(pool.shape[1], size, replace=False)
    drawn = pool[rng.integers(len(pool), size=(BASELINE + NULL_HORIZON, size)), chosen]
    return Texts(before=drawn[:BASELINE], after=drawn[BASELINE:])


# -- the engine ------------------------------------------------------------------------------------


def scores(found: Texts) -> dict[str, Table]:
    """Score as the daemon does: novelty and unseen against the first half of the baseline, so not of it."""
    everything = np.concatenate([found.before, found.after])
    known = [ReferenceTexts(column) for column in everything[:REFERENCE].T]
    scored = everything[REFERENCE:]
    return {
        "novelty": _each(scored, known, novelty),
        "unseen": _each(scored, known, unseen),
        "length": np.vectorize(len)(everything).astype(float),
    }


def engine(found: Texts, *, key: str) -> int | None:
    """Return at which changed replay (1 is the first) the earliest of the text streams alarms; 0 if before."""
    arls = allocate_arl(ARL, {name: MEASURED[name].weight for name in TEXT})
    tables, first = scores(found), list[int]()
    for name in TEXT:
        baseline = BASELINE if name == "length" else BASELINE - REFERENCE
        metric = MEASURED[name]
        detector = StreamDetector(baseline_replays=baseline, arl=arls[name], kind=metric.kind, event=metric.event)
        changed = len(tables[name]) - len(found.after)
        at = next(_alarms(detector, tables[name], key), None)
        first += [] if at is None else [max(at - changed + 1, 0)]
    return min(first, default=None)


def _alarms(detector: StreamDetector, table: Table, key: str) -> Iterator[int]:
    state = detector.start()
    for i, row in enumerate(table):
        answers = {f"p{j:03}": (float(value),) for j, value in enumerate(row)}
        state = detector.update(state, ReplayValues(key=f"{key}-{i}", values=answers))
        if state.latch is not None:
            yield i
            return


def _each(
    scored: NDArray[np.object_], known: Sequence[ReferenceTexts], scorer: Callable[[str, ReferenceTexts], Scored]
) -> Table:
    once = [
        {text: _number(scorer(text, law)) for text in set(column)} for column, law in zip(scored.T, known, strict=True)
    ]
    return np.array([[seen[text] for text, seen in zip(row, once, strict=True)] for row in scored])


def _number(score: Scored) -> float:
    return score if isinstance(score, float) else math.nan


# -- the pooled test -------------------------------------------------------------------------------

Test = tuple[str, int]
"""Metric and window."""


def pooled_distances(tables: Mapping[str, Table], judged: int) -> dict[Test, Floats]:
    """Scaled two-sample KS distance of the latest window's pooled values from the baseline's, replay by replay.

    Parameters
    ----------
    judged : int
        Replays after the baseline, the last ones of each table; windows slide over all of them.
    """
    found = {}
    for metric in POOLED:
        table = tables[metric]
        baseline = table[: len(table) - judged].ravel()
        edges = np.unique(np.quantile(baseline, np.linspace(0, 1, CELLS), method="inverted_cdf"))
        below = np.searchsorted(np.sort(baseline), edges, side="right") / baseline.size
        # Share of each replay's values at or below each edge; windows are means of these.
        each = (table[-judged:, :, None] <= edges).mean(axis=1)
        summed = np.vstack([np.zeros(len(edges)), each.cumsum(axis=0)])
        ends = np.arange(1, judged + 1)
        for window in WINDOWS:
            starts = np.maximum(ends - window, 0)
            size = (ends - starts) * table.shape[1]
            share = (summed[ends] - summed[starts]) / (ends - starts)[:, None]
            scale = np.sqrt(size * baseline.size / (size + baseline.size))
            found[metric, window] = np.abs(share - below).max(axis=1) * scale
    return found


def levels(nulls: Sequence[Mapping[Test, Floats]], false: float) -> dict[Test, float]:
    """Level that a share `false` of the unchanged deployments reaches within the null horizon."""
    return {test: float(np.quantile([each[test].max() for each in nulls], 1 - false)) for test in nulls[0]}


def lengthened(found: Texts, rng: np.random.Generator) -> Texts:
    """Let the recorded answers of the change begin again, in other orders, until the pooled test's horizon."""
    rounds = math.ceil(PEER_HORIZON / len(found.after))
    again = [found.after, *(rng.permuted(found.after, axis=0) for _ in range(rounds - 1))]
    return Texts(before=found.before, after=np.concatenate(again)[:PEER_HORIZON])


# -- the comparison --------------------------------------------------------------------------------


def rows(pools: Mapping[str, NDArray[np.object_]], *, size: int, runs: int) -> Iterator[str]:
    """Compare on `size` probes a replay; one row of a table for each change."""
    rng = np.random.default_rng([SEED, size])
    nulls, false = [], 0
    for run in range(runs):
        quiet = null_deployment(pools["base"], rng, size)
        false += engine(quiet, key=f"null-{size}-{run}") is not None
        nulls.append(pooled_distances(scores(quiet), NULL_HORIZON))
    level = levels(nulls, false / runs)
    yield (
        f"{size} probes a replay; {false} of {runs} unchanged deployments of {NULL_HORIZON} replays alarmed "
        f"(nominal {NOMINAL:.0%}), and every pooled test is tuned to the same share"
    )
    titles = (f"pooled KS, {metric}: samples | found within {PEER_HORIZON} | its window | ratio" for metric in POOLED)
    yield f"| change | engine: samples | found within {HORIZON} replays | {' | '.join(titles)} |"
    yield f"|---|---|---|{'---|---|---|---|' * len(POOLED)}"
    for name, change in CHANGES.items():
        ours, theirs = list[int | None](), {test: list[int]() for test in level}
        for run in range(runs):
            found = deployment(pools, change, rng, size)
            ours.append(engine(found, key=f"{name}-{size}-{run}"))
            for test, at in _peers(lengthened(found, rng), level).items():
                theirs[test].append(at)
        yield _row(name, size, ours, theirs)


def _peers(found: Texts, level: Mapping[Test, float]) -> dict[Test, int]:
    """At which changed replay each pooled test alarms: 0 or less if before, the horizon and one if never."""
    reached = pooled_distances(scores(found), QUIET + PEER_HORIZON)
    crossed = {test: np.flatnonzero(each >= level[test]) for test, each in reached.items()}
    return {test: (int(at[0]) if at.size else QUIET + PEER_HORIZON) + 1 - QUIET for test, at in crossed.items()}


def _row(name: str, size: int, ours: Sequence[int | None], theirs: Mapping[Test, Sequence[int]]) -> str:
    mine = _Delay.of([HORIZON + 1 if at is None else at for at in ours], HORIZON)
    cells = [f"{mine.samples(size)} | {mine.found} of {mine.count}"]
    for metric in POOLED:
        delays = {window: _Delay.of(theirs[metric, window], PEER_HORIZON) for window in WINDOWS}
        best = min(delays, key=lambda window: delays[window].mean)
        peer = delays[best]
        # A mean that the horizon cuts is a lower limit; a ratio to one of ours says nothing.
        ratio = "-" if mine.cut else f"{'> ' * peer.cut}{peer.mean / mine.mean:.1f}"
        cells.append(f"{peer.samples(size)} | {peer.found} of {peer.count} | {best} | {ratio}")
    return f"| {name} | {' | '.join(cells)} |"


@dataclass(frozen=True, kw_only=True)
class _Delay:
    """Replays to an alarm over the deployments that had none before the change, cut at a horizon."""

    mean: float
    found: int
    count: int

    @property
    def cut(self) -> bool:
        return self.found < self.count

    @classmethod
    def of(cls, delays: Sequence[int], horizon: int) -> _Delay:
        watched = np.array([at for at in delays if at > 0])
        cut = np.minimum(watched, horizon)
        return cls(mean=float(cut.mean()), found=int((watched <= horizon).sum()), count=len(watched))

    def samples(self, size: int) -> str:
        return f"{'> ' * self.cut}{self.mean * size:,.0f}"
