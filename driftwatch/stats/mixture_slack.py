"""By how much the logarithm of the mixture's run length exceeds its threshold: fitted to simulated streams.

Best where a stream shows what it is: one constant for a kind of metric leaves the run length thrice too long.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from driftwatch.stats.bags import Bags
from driftwatch.stats.exchangeable import Kind

SETTLED_ARL = 500.0
"""From here on the whole slack: shorter runs have had less time for overshoot and forgotten starts."""
UNKNOWN: Mapping[Kind, float] = {"binary": math.log(2.0), "graded": math.log(2.5), "continuous": math.log(2.0)}
"""Taken off where nothing is known: less than simulated streams had, but for few flaky probes in their first days."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a stream shows of itself.

    Parameters
    ----------
    probes : int
        That have shown a spread.
    spread : float
        Mean over probes of the variance of one answer among the first ones, free of the bias of a short baseline.
    fixed : float
        Share of the reference's error that every later replay sees again: `channels.Footing`.
    """

    probes: int
    spread: float
    fixed: float


@dataclass(frozen=True, kw_only=True)
class Slack:
    """A fit: what a stream of sixty such probes has while its reference grows, and what adds to it."""

    growing: float
    fixed: float
    spread: float
    probes: float
    longer: float
    spreads: tuple[float, float]


# benchmarks/detection/mixture_slack.py
FITTED: Mapping[Kind, Slack] = {
    "binary": Slack(growing=1.05, fixed=0.6, spread=-2.8, probes=0.15, longer=0.08, spreads=(0.01, 0.2)),
}
_PROBES, _SPREAD = 60, 0.08
_FEWEST = 15
"""Probes of the smallest simulated set; more than `_PROBES` have no less slack than those."""
_SHORTEST = 20
"""Replays of the shortest simulated baseline."""


def shown(bags: Bags, *, first: int, fixed: float) -> Shown | None:
    """Read the first values of each probe, which stay while the reference grows; None where fewer than 20 are wanted.

    Parameters
    ----------
    first : int
        Values of each probe that are looked at: as many as the baseline has replays.

    Examples
    --------
    >>> import numpy as np
    >>> shown(Bags(held=np.array([[1.0, 0.0] * 12, [1.0] * 24])), first=21, fixed=0.0)
    Shown(probes=2, spread=0.13095238095238096, fixed=0.0)
    """
    if first < _SHORTEST:
        return None
    probes, spread = bags.remembered(("shown", first), lambda: _spread(bags, first))
    return Shown(probes=probes, spread=spread, fixed=fixed) if probes else None


def _spread(bags: Bags, first: int) -> tuple[int, float]:
    """Probes with two values or more, and the mean of their variances."""
    sizes = np.minimum(bags.sizes, first)
    told = sizes > 1
    if not told.any():
        return 0, 0.0
    held = np.where(bags.present, bags.held, 0.0)[told, :first]
    squares = (held**2).sum(axis=1) - held.sum(axis=1) ** 2 / sizes[told]
    return int(told.sum()), float(np.mean(squares / (sizes[told] - 1)))


def slack(*, arl: float, kind: Kind, seen: Shown | None) -> float:
    """What may be taken off ``log(arl)``.

    Parameters
    ----------
    seen : Shown or None
        None where nothing is known of the stream, or what is known was not simulated.

    Examples
    --------
    >>> reliable = Shown(probes=60, spread=0.02, fixed=0.0)
    >>> round(slack(arl=500, kind="binary", seen=reliable), 2), round(slack(arl=500, kind="binary", seen=None), 2)
    (1.22, 0.69)
    """
    known = seen is not None and kind in FITTED and seen.probes >= _FEWEST
    whole = _whole(arl, FITTED[kind], seen) if seen and known else UNKNOWN[kind]
    return whole * min(1.0, math.log(arl) / math.log(SETTLED_ARL))


def _whole(arl: float, fitted: Slack, seen: Shown) -> float:
    spread = min(max(seen.spread, fitted.spreads[0]), fitted.spreads[1])
    probes = min(seen.probes, _PROBES)
    longer = min(max(math.log(arl / SETTLED_ARL), 0.0), 1.0)
    return (
        fitted.growing
        + fitted.fixed * seen.fixed
        + fitted.spread * (spread - _SPREAD)
        + fitted.probes * math.log(probes / _PROBES)
        + fitted.longer * longer
    )
