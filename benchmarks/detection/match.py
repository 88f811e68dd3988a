"""The same false-alarm probability for everybody: levels from null streams, and run lengths at these levels.

A method is a statistic per monitored replay, shape (n_deployments, n_replays); it alarms where the statistic
reaches a level. The level is the one at which a deployment of the null streams alarms within 500 replays with
the probability of an exponential run length, 1 - exp(-500 / arl).
"""

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.detection.scenarios import NULL, QUIET

_ALWAYS = 0.97  # a lower level at which about every quiet deployment alarms is not mixed in


@dataclass(frozen=True, kw_only=True)
class Match:
    """Level to use, and the next lower one, used with probability `lower_share`, where levels are discrete."""

    level: float
    lower: float
    lower_share: float
    false_alarms: float


def target(arl: float) -> float:
    """Probability of a false alarm within the first 500 replays."""
    return 1 - math.exp(-NULL / arl)


def matched(null: np.ndarray, arl: float) -> Match:
    """The level of a method from its statistics on null streams."""
    peaks = np.sort(np.nan_to_num(null, nan=-np.inf).max(axis=1))
    levels = np.unique(np.append(peaks[np.isfinite(peaks)], 0.0 if not np.isfinite(peaks).any() else peaks[-1]))
    levels = np.append(levels, np.nextafter(levels[-1], np.inf))
    share = 1 - np.searchsorted(peaks, levels, side="left") / peaks.size
    wanted = target(arl)
    above = int(np.argmax(share <= wanted + 1e-12))
    level, found = float(levels[above]), float(share[above])
    if above == 0 or share[above - 1] > _ALWAYS:
        return Match(level=level, lower=level, lower_share=0.0, false_alarms=found)
    lower, more = float(levels[above - 1]), float(share[above - 1])
    mixed = (wanted - found) / (more - found)
    return Match(level=level, lower=lower, lower_share=mixed, false_alarms=found + mixed * (more - found))


def fixed(null: np.ndarray, level: float) -> Match:
    """A level that is not tuned, with the false alarms that it has."""
    alarms = float(np.mean((np.nan_to_num(null, nan=-np.inf) >= level).any(axis=1)))
    return Match(level=level, lower=level, lower_share=0.0, false_alarms=alarms)


def run_lengths(statistic: np.ndarray, match: Match, seed: int = 1) -> list[int | None]:
    """Replays to the first alarm of each deployment, None where there is none."""
    coins = np.random.default_rng(seed).random(len(statistic))
    levels = np.where(coins < match.lower_share, match.lower, match.level)
    with np.errstate(invalid="ignore"):
        crossed = statistic >= levels[:, None]
    return [int(np.argmax(row)) + 1 if row.any() else None for row in crossed]


def delay(lengths: list[int | None], horizon: int) -> tuple[float, float, int]:
    """Mean delay after the change, its standard error, and the deployments that count.

    Deployments that alarmed before the change are left out; a change never found costs the horizon.
    """
    found = [horizon if n is None else n - QUIET for n in lengths if n is None or n > QUIET]
    if not found:
        return math.nan, math.nan, 0
    return float(np.mean(found)), float(np.std(found) / math.sqrt(len(found))), len(found)


def before(lengths: list[int | None], replays: int) -> float:
    """Share of deployments that alarmed within `replays`."""
    return float(np.mean([n is not None and n <= replays for n in lengths]))
