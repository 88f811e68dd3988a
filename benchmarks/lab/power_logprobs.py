"""Power of the engine's log-probability path: how soon a changed model's replays alarm.

A deployment is a baseline of 30 replays, 10 more of the unchanged model, then 5 of a changed one, all of them recorded,
none used twice. The first 15 replays are the reference (`LogprobReference`), the next 15 the stream's baseline: half and
half, as text is compared (decision 0007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from benchmarks.lab.power_record import Replay, Said
from driftwatch.scorers.measured import LOGPROB_DECIMALS
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.stats.logprobs import LogprobReference
from driftwatch.stats.stream import ReplayValues, StreamDetector, StreamState

Floats = NDArray[np.float64]

HOURLY: Final = 24 * 365
ARL: Final = FalseAlarmBudget.parse("1 per endpoint-year").arl_replays(HOURLY)
BASELINE: Final = 30
REFERENCE: Final = BASELINE // 2
QUIET: Final = 10
LOOKS: Final = (1, 2, 5)
MOST: Final = max(LOOKS)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of one deployment: shape (replays, probes) each, NaN where an answer has none."""

    before: Floats
    after: Mapping[str, Floats]

    def of_probes(self, chosen: NDArray[np.int64]) -> Scores:
        return Scores(before=self.before[:, chosen], after={name: each[:, chosen] for name, each in self.after.items()})


# -- from answers to scores ------------------------------------------------------------------------


def distances(reference: Sequence[Replay], scored: Sequence[Replay]) -> Floats:
    """The engine's distance of every answer from its probe's reference."""
    table = np.full((len(scored), len(scored[0])), np.nan)
    for probe in range(table.shape[1]):
        known = LogprobReference.of([replay[probe].positions for replay in reference])
        for i, replay in enumerate(scored):
            found = known.score(replay[probe].positions)
            table[i, probe] = np.nan if found is None else found.distance
    return table


def own_token(replays: Sequence[Replay]) -> list[Replay]:
    """The same without the lists of likeliest tokens, as from an endpoint that gives none."""
    return [
        [replace(said, positions=tuple(replace(each, top={}) for each in said.positions)) for said in replay]
        for replay in replays
    ]


def means(scored: Sequence[Replay]) -> Floats:
    """The daemon's metric `logprob`: the mean over an answer's tokens."""
    return np.array([[_mean(said) for said in replay] for replay in scored])


def in_order(base: Sequence[Replay], changed: Mapping[str, Sequence[Replay]], *, rotation: int) -> Scores:
    """The replays as they were recorded, beginning with the one at `rotation`."""
    turned = [*base[rotation:], *base[:rotation]][: BASELINE + QUIET]
    against = partial(distances, turned[:REFERENCE])
    after = {name: against(replays[:MOST]) for name, replays in changed.items()}
    return Scores(before=against(turned[REFERENCE:]), after=after)


def shuffled(base: Sequence[Replay], changed: Mapping[str, Sequence[Replay]], rng: np.random.Generator) -> Scores:
    """Each probe's answers in an order of its own, where they were sampled independently."""
    mixed = reordered(base, rng)[: BASELINE + QUIET]
    against = partial(distances, mixed[:REFERENCE])
    after = {name: against(reordered(replays, rng)[:MOST]) for name, replays in changed.items()}
    return Scores(before=against(mixed[REFERENCE:]), after=after)


def shuffled_means(base: Sequence[Replay], changed: Mapping[str, Sequence[Replay]], rng: np.random.Generator) -> Scores:
    """The same for the daemon's metric, whose stream has all 30 replays as its baseline."""
    after = {name: means(reordered(replays, rng)[:MOST]) for name, replays in changed.items()}
    return Scores(before=means(reordered(base, rng)[: BASELINE + QUIET]), after=after)


def reordered(replays: Sequence[Replay], rng: np.random.Generator) -> list[Replay]:
    columns = [[replay[probe] for replay in replays] for probe in range(len(replays[0]))]
    mixed = [[column[i] for i in rng.permutation(len(column))] for column in columns]
    return [list(row) for row in zip(*mixed, strict=True)]


# -- the engine on them ----------------------------------------------------------------------------


def alarms(scores: Scores, *, key: str, arl: float = ARL) -> dict[str, int | None]:
    """Return, of each changed model, at which replay the stream alarmed (1 is the first).

    "base" stands there instead if it alarmed before, "silent" beside them if it failed its own check, so that it may not page.

    Parameters
    ----------
    key : str
        Of the deployment: seeds the one randomisation of each replay.
    """
    detector = StreamDetector(baseline_replays=len(scores.before) - QUIET, arl=arl, kind="continuous")
    state = detector.start()
    for i, row in enumerate(scores.before):
        state = detector.update(state, values(row, f"{key}-{i}"))
    if state.latch is not None:
        return {"base": 0}
    silent: dict[str, int | None] = {} if state.trusted else {"silent": 0}
    return silent | {name: _alarm_at(detector, state, rows, f"{key}-{name}") for name, rows in scores.after.items()}


def values(row: Floats, key: str) -> ReplayValues:
    """One replay of one stream."""
    return ReplayValues(
        key=key, values={f"p{i:03}": (float(value),) for i, value in enumerate(row) if np.isfinite(value)}
    )


def power_row(found: Sequence[Mapping[str, int | None]], name: str) -> str:
    """Say in which share of the deployments a model alarmed within 1, 2 and 5 replays, and the 95 % lower limit."""
    of = [each[name] for each in found if name in each]
    within = [sum(at is not None and at <= look for at in of) for look in LOOKS]
    return f"{' | '.join(f'{hits / len(of):.3f}' for hits in within)} | {lower(within[-1], len(of)):.3f} | {len(of)}"


def lower(hits: int, of: int) -> float:
    """One-sided 95 % lower limit of a share (Clopper and Pearson)."""
    return float(beta.ppf(0.05, hits, of - hits + 1)) if hits else 0.0


def _alarm_at(detector: StreamDetector, state: StreamState, rows: Floats, key: str) -> int | None:
    for i, row in enumerate(rows, 1):
        state = detector.update(state, values(row, f"{key}-{i}"))
        if state.latch is not None:
            return i
    return None


def _mean(said: Said) -> float:
    each = [position.logprob for position in said.positions]
    return round(sum(each) / len(each), LOGPROB_DECIMALS) if each else np.nan
