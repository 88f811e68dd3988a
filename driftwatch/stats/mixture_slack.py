"""By how much the logarithm of the mixture's run length exceeds its threshold: fitted to simulated streams.

Best where a stream shows what it is: one constant for a kind of metric leaves the run length thrice too long.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.exchangeable import Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SETTLED_ARL = 500.0
"""From here on the whole slack: shorter runs have had less time for overshoot and forgotten starts."""
LONGEST_ARL = 5_000.0
"""Beyond it no run was simulated, and the slack stays."""
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
        Mean over probes, free of the bias of a short baseline, of what one answer among the first ones says of the
        next: of pass/fail its variance, of grades and measures how often two of them are the same.
    fixed : float
        Share of the reference's error that every later replay sees again: `channels.Footing`.
    full : float
        Share of the probes whose reference is as long as any.
    apart : float
        Of pass/fail, the share of the variance of all first answers together that lies between probes: 0 where all
        have one rate.
    """

    probes: int
    spread: float
    fixed: float
    full: float = 1.0
    apart: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Slack:
    """A fit: what a stream of sixty such probes has while its reference grows, and what adds to it.

    Parameters
    ----------
    spread, usual : float
        By how much it rises with `Shown.spread`, and the spread of which the others are told.
    fixed : float
        Positive where bets doubt the reference once it rests, negative where they gain from its errors.
    longer : float
        By how much it rises with the logarithm of the wanted ARL.
    alike : float
        By how much less it is where all probes have one rate: that is known well, and bets lose nothing by wrong ones.
    fewest, shortest : int
        Probes of the smallest simulated set, and replays of the shortest baseline.
    """

    growing: float
    fixed: float
    fewest: int
    shortest: int
    spread: float = 0.0
    usual: float = 0.0
    spreads: tuple[float, float] = (0.0, 0.0)
    probes: float = 0.0
    longer: float = 0.0
    alike: float = 0.0


# benchmarks/detection/mixture_slack.py
FITTED: Mapping[Kind, Slack] = {
    "binary": Slack(
        growing=1.13,
        fixed=0.32,
        fewest=15,
        shortest=15,
        spread=-3.4,
        usual=0.08,
        spreads=(0.08, 0.25),
        probes=0.22,
        longer=0.05,
        alike=0.3,
    ),
    # Grades of which more are the same were not simulated: what the fit foretells of them is on the safe side.
    "graded": Slack(
        growing=1.13,
        fixed=-0.25,
        fewest=12,
        shortest=20,
        spread=-0.45,
        usual=0.25,
        spreads=(0.2, 1.0),
        probes=0.12,
        longer=0.07,
    ),
    # Scores are ranks, so that a law's shape says little; of ties beyond those simulated no more is taken off.
    "continuous": Slack(
        growing=1.13, fixed=-0.3, fewest=12, shortest=12, spread=0.53, spreads=(0.0, 0.3), probes=0.09, longer=0.1
    ),
}
_APART = 0.1  # share of the variance from which on probes are not alike: simulated sets have .14 and more
_PROBES = 60
"""Those that the fit starts from; more probes have no less slack than sixty."""


def shown(bags: Bags, *, kind: Kind, first: int, fixed: float) -> Shown | None:
    """Read the first values of each probe, which stay while the reference grows; None where too few are wanted.

    Parameters
    ----------
    first : int
        Values of each probe that are looked at: as many as the baseline has replays.

    Examples
    --------
    >>> import numpy as np
    >>> shown(Bags(held=np.array([[1.0, 0.0] * 12, [1.0] * 24])), kind="binary", first=21, fixed=0.0)
    Shown(probes=2, spread=0.13095238095238096, fixed=0.0, full=1.0, apart=0.27812500000000007)
    """
    if first < FITTED[kind].shortest:
        return None
    found = bags.remembered(("shown", kind, first), lambda: _told(bags, kind, first))
    return replace(found, fixed=fixed) if found.probes else None


def _told(bags: Bags, kind: Kind, first: int) -> Shown:
    """What is shown by the probes that tell something, `fixed` apart; no probes where none does."""
    held, present, sizes = bags.held[:, :first], bags.present[:, :first], np.minimum(bags.sizes, first)
    told = sizes > 1
    if kind != "binary":
        # One that always answers alike tells something of pass/fail alone: how reliable the others are.
        low, high = (np.where(present, held, other) for other in (np.inf, -np.inf))
        told &= low.min(axis=1, initial=np.inf) < high.max(axis=1, initial=-np.inf)
    if not told.any():
        return Shown(probes=0, spread=0.0, fixed=0.0)
    spread = _SPREADS[kind](held[told], sizes[told])
    return Shown(
        probes=int(told.sum()),
        spread=spread,
        fixed=0.0,
        full=float(np.mean(bags.sizes[told] == bags.held.shape[1])),
        apart=_apart(held[told], sizes[told], spread) if kind == "binary" else 1.0,
    )


def _apart(held: Floats, sizes: Ints, spread: float) -> float:
    rate = float(np.mean(np.nansum(held, axis=1) / sizes))
    whole = rate * (1 - rate)
    return max(0.0, 1 - spread / whole) if whole else 1.0


def _variance(held: Floats, sizes: Ints) -> float:
    known = np.where(np.isfinite(held), held, 0.0)
    squares = (known**2).sum(axis=1) - known.sum(axis=1) ** 2 / sizes
    return float(np.mean(squares / (sizes - 1)))


def _ties(held: Floats, sizes: Ints) -> float:
    """How often two values of a probe are the same: a value has as many before it as it stands from its run's start."""
    ordered = np.sort(held, axis=1)  # those missing last, and none like another
    place = np.arange(held.shape[1])
    starts = np.ones(held.shape, dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    before = place - np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    return float(np.mean(2 * before.sum(axis=1) / (sizes * (sizes - 1))))


_SPREADS: Mapping[Kind, Callable[[Floats, Ints], float]] = {
    "binary": _variance,
    "graded": _ties,
    "continuous": _ties,
}


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
    (1.13, 0.69)
    """
    whole = UNKNOWN[kind]
    if seen:
        fitted, whole = FITTED[kind], _whole(arl, FITTED[kind], seen)
        if seen.probes < fitted.fewest:
            whole = min(whole, UNKNOWN[kind])
    return whole * min(1.0, math.log(arl) / math.log(SETTLED_ARL))


def _whole(arl: float, fitted: Slack, seen: Shown) -> float:
    spread = min(max(seen.spread, fitted.spreads[0]), fitted.spreads[1])
    probes = min(seen.probes, _PROBES)
    longer = math.log(min(max(arl, SETTLED_ARL), LONGEST_ARL) / SETTLED_ARL)
    # Of probes that hardly ever fail one rate is like another.
    alike = max(0.0, 1 - seen.apart / _APART) * min(1.0, seen.spread / fitted.usual) if fitted.alike else 0.0
    # A probe that joined a reference at rest has errors of its own to learn from.
    fixed = seen.fixed * (seen.full if fitted.fixed > 0 else 1.0)
    return max(
        0.0,
        fitted.growing
        + fitted.fixed * fixed
        + fitted.spread * (spread - fitted.usual)
        + fitted.probes * math.log(probes / _PROBES)
        + fitted.longer * longer
        - fitted.alike * alike,
    )
