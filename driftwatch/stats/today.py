"""What one replay says against the reference, before any chart."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.exchangeable import Evidence, Kind, ProbeLaws, evidence_of, spread_score
from driftwatch.stats.ks import ranks_in, sequential_ranks
from driftwatch.stats.recall import Said, said

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Today:
    """Evidence of one replay.

    Parameters
    ----------
    evidence : Evidence
        On the location.
    said : Said
        What each probe's bag says of its values.
    ranks : ndarray, shape (n_ranks,)
        Randomised ranks of its values, for the charts of shape.
    spread : float or None
        Score of the spread within probes; none of a pass/fail metric.
    length : float
        Replays that the reference holds, as the probes that carry information see it; 0 where none does.
    """

    evidence: Evidence
    said: Said
    ranks: Floats
    spread: float | None
    length: float


def today_of(bags: Bags, new: Floats, kind: Kind, *, key: str) -> Today:
    """Compare a replay, whose key seeds its one randomisation, with the reference.

    Examples
    --------
    >>> import numpy as np
    >>> today = today_of(Bags(held=np.ones((10, 30))), np.zeros((10, 1)), "binary", key="2026-07-20T06:00Z")
    >>> round(today.evidence.z), round(today.length), today.spread
    (-8, 30, None)
    """
    if bags.rested:
        return _known(_Question(held=bags.digest, today=new.tobytes(), kind=kind, key=key, bags=bags, new=new))
    return _compared(bags, new, kind, key)


@dataclass(frozen=True, kw_only=True)
class _Question:
    """A replay and its reference; equal where they hold the same values in the same order."""

    held: bytes
    today: bytes
    kind: Kind
    key: str
    bags: Bags = field(compare=False)
    new: Floats = field(compare=False)


# Where an endpoint has one pass/fail scorer, `pass` is the same stream again.
@lru_cache(maxsize=4)
def _known(asked: _Question) -> Today:
    return _compared(asked.bags, asked.new, asked.kind, asked.key)


def _compared(bags: Bags, new: Floats, kind: Kind, key: str) -> Today:
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16]))
    found = said(bags, new, kind)
    evidence = evidence_of(found.laws, kind, rng.random())
    one_each = new.shape[1] == 1
    return Today(
        evidence=evidence,
        said=found,
        ranks=ranks_in(bags, new, found.below, found.equal, rng) if one_each else sequential_ranks(bags.held, new, rng),
        spread=None if kind == "binary" else spread_score(found.laws, kind),
        length=_reference_length(found.laws, bags),
    )


def _reference_length(laws: ProbeLaws, bags: Bags) -> float:
    used = laws.variance > 0
    if not used.any():
        return 0.0
    weights = laws.variance[used]
    share = laws.drawn[used] / np.maximum(bags.sizes[used], 1)
    return float(weights.sum() / (weights * share).sum())
