"""Rivals who are told less than the oracle: every change of a family of metrics, but not which one it is.

The oracle's head start has two parts: what it knows of the probes, and what it knows of the change. A rival of this
file bets on every row of the benchmark that its metric has, evenly, at every start, and does not know which row it is,
which probes move, nor in which direction: Shiryaev-Roberts over the starts, averaged over the rows. It knows either
every probe's law before (`Told`) or what a baseline tells of it (learned.py). Thresholds are matched like everybody's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np

from benchmarks.detection import oracle
from benchmarks.detection.laws import Latency, Law, Passes
from benchmarks.detection.scenarios import AGES, BASELINE, PROBES, ROWS, Scenario

Way = Callable[[Law], Law]
_LONG = 200  # ages up to which a start of a slow change is kept, like the engine's
_MOST, _LEAST = 300.0, 1e-300  # so that no ratio of one probe overflows, nor has no logarithm
_OF_FLAKY = PROBES / (0.835 * 40)  # forty probes that do not always pass make all of a fall of the mean


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row as a bet.

    Parameters
    ----------
    row : str
        Part of the row's name; the row says how the change unfolds.
    ways : tuple of functions
        From a law before to the law after, one for each direction.
    share : float or None
        Share of the probes that move; None: one of them.
    each : bool
        Whether every probe takes its own direction.
    rare : bool
        Whether single answers say much (a refusal, a probe that breaks), so that a law that is learned must be
        doubted answer by answer.
    window : int
        Ages up to which a start is kept.
    """

    row: str
    ways: tuple[Way, ...]
    share: float | None = 1.0
    each: bool = False
    rare: bool = False
    window: int = 48

    @property
    def scenario(self) -> Scenario:
        return next(row for row in ROWS if self.row in row.name)

    def severities(self) -> np.ndarray:
        """Severity by age."""
        row, window = self.scenario, self.window
        if row.family == "latency":  # what the known law tells of a shift by its age, not how severe it is
            return (np.minimum(np.arange(window), AGES - 1) + 1) / AGES
        levels, by_age = oracle.levels(row, innovations=False)
        return np.append(levels, 0.0)[by_age[np.minimum(np.arange(window), len(by_age) - 1)]]

    def levels(self) -> list[float]:
        """Severities other than none, each once."""
        return [float(s) for s in np.unique(self.severities()) if s > 0]

    @property
    def alike(self) -> bool:
        """Whether all probes move and in one direction, so that their evidence adds up."""
        return self.share == 1 and not self.each

    def joined(self, ratios: np.ndarray) -> np.ndarray:
        """Logarithm of each start's ratio, from those of the ways, (n_ways, n_starts, n_probes or 1)."""
        if self.alike:
            return np.logaddexp.reduce(ratios.sum(axis=2), axis=0) - math.log(len(self.ways))
        one = np.exp(np.minimum(ratios, _MOST)).mean(axis=0)
        if self.share is None:
            return np.log(one.mean(axis=1))
        return np.log(1 - self.share + self.share * one + _LEAST).sum(axis=1)


class Knowledge(Protocol):
    """What a rival knows of the probes' laws before."""

    replays: int

    def ratios(self, way: Way, severity: float, age: int, *, rare: bool) -> np.ndarray:
        """Log ratio of the answers `age` replays after each start, (n_replays - age, n_probes), change against none."""
        ...

    def weight(self, age: int) -> np.ndarray | float:
        """What a start's evidence counts, for the error of what is known of the laws."""
        ...


class Told:
    """Every probe's law before, exactly."""

    def __init__(self, law: Law, values: np.ndarray) -> None:
        self.replays = len(values) - BASELINE
        self.of_way = cache(lambda way, severity: _ratios(law, way(law), values, severity)[BASELINE:])

    def ratios(self, way: Way, severity: float, age: int, *, rare: bool) -> np.ndarray:  # noqa: ARG002 -- nothing to doubt
        return self.of_way(way, severity)[age:]

    def weight(self, age: int) -> float:  # noqa: ARG002
        return 1.0


def statistic(known: Knowledge, menu: tuple[Change, ...]) -> np.ndarray:
    """Logarithm of the mean over the menu of the Shiryaev-Roberts processes, after each monitored replay."""
    total = np.full(known.replays, -np.inf)
    for change in menu:
        sums = np.zeros((len(change.ways), known.replays, 1))
        for age, severity in enumerate(change.severities()[: known.replays]):
            sums = sums[:, : known.replays - age]
            if severity:
                now = [known.ratios(way, severity, age, rare=change.rare) for way in change.ways]
                sums = sums + (np.stack([one.sum(axis=1, keepdims=True) for one in now]) if change.alike else now)
            weight = 1.0 if change.rare else known.weight(age)
            total[age:] = np.logaddexp(total[age:], change.joined(sums * weight))
    return total - math.log(len(menu))


def statistics(family: str, streams: list[tuple[Law, np.ndarray]]) -> np.ndarray:
    """The same for every deployment, (n_deployments, n_replays), told the laws before."""
    return np.stack([statistic(Told(law, values.astype(float)), MENU[family]) for law, values in streams])


def _ratios(before: Law, after: Law, values: np.ndarray, severity: float) -> np.ndarray:
    if isinstance(after, Latency):  # the factor is common: a replay is one value
        age = round(severity * AGES)
        return after.llr(values, np.arange(age) / AGES)[:, age - 1 :]
    return np.log(after.likelihood(values, severity) / before.likelihood(values, 0.0))


def _rates(after: Callable[[np.ndarray], np.ndarray], *, both: bool = True) -> tuple[Way, ...]:
    """A change of rates, and as much the other way."""

    def down(law: Passes) -> Passes:
        return Passes(before=law.before, after=after(law.before))

    def up(law: Passes) -> Passes:
        return Passes(before=law.before, after=np.minimum(2 * law.before - after(law.before), 1.0))

    return (down, up) if both else (down,)


def _flaky(fall: float) -> tuple[Way, ...]:
    return _rates(lambda p: np.where(p < 1, p * (1 - fall * _OF_FLAKY), p))


def _moved(shift: float, **more: object) -> tuple[Way, ...]:
    """A shift of the latent means, up and down."""
    return tuple(lambda law, by=by: replace(law, shift=np.full(law.mean.shape, by), **more) for by in (shift, -shift))


def _spread(factor: float) -> tuple[Way, ...]:
    return tuple(lambda law, by=by: replace(law, spread=by) for by in (factor, 1 / factor))


def _refusals(mean: float, sd: float) -> tuple[Way, ...]:
    return (lambda law: replace(law, turned=0.05, refusal=(mean, sd)),)


MENU: dict[str, tuple[Change, ...]] = {
    "pass": (
        Change(row="pass .89 to .83", ways=_rates(lambda p: p * 0.83 / 0.89)),
        Change(row="one probe of 60", ways=_rates(lambda p: 0 * p + 0.02, both=False), share=None, rare=True),
        Change(row="pass .89 to .87, flaky", ways=_flaky(0.02), window=_LONG),
        Change(row="pass .89 to .83, flaky", ways=_flaky(0.06)),
        Change(row="slow decline", ways=_flaky(0.04), window=_LONG),
        Change(row="oscillation", ways=_rates(lambda p: 0 * p + 0.6, both=False), share=5 / PROBES, rare=True),
    ),
    "judge": (
        Change(row="judge mean -0.2", ways=_moved(0.2)),
        Change(row="judge spread", ways=_spread(1.3)),
        Change(row="refusals, judged", ways=_refusals(1.0, 0.1), rare=True),
        Change(row="judge mean -0.05", ways=_moved(0.05), window=_LONG),
        Change(row="one judged probe", ways=_moved(2.5), share=None, rare=True),
        Change(row="sycophancy", ways=_moved(0.1), window=_LONG),
        Change(row="system prompt", ways=_moved(1.5), share=3 / PROBES, each=True, rare=True),
        Change(row="misrouting", ways=_moved(0.7, turned=0.16)),
    ),
    "length": (
        Change(row="length x0.9", ways=_moved(math.log(0.9))),
        Change(row="length x0.97", ways=_moved(math.log(0.97)), window=_LONG),
        Change(row="length spread", ways=_spread(1.5)),
        Change(row="refusals, seen in length", ways=_refusals(3.4, 0.4), rare=True),
        Change(row="laziness", ways=_moved(math.log(0.85)), window=_LONG),
        Change(row="reroute", ways=_moved(0.1), each=True),
    ),
    "latency": (
        Change(
            row="latency",
            window=_LONG,
            ways=tuple(lambda law, by=by: replace(law, shift=by * math.log(1.15)) for by in (1, -1)),
        ),
    ),
}
"""Every row of each family; what is symmetric is bet on in both directions."""
