"""A few replays beside their reference, probe by probe: what one look looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.one_look import Look, Spread, least_broken, least_shift, one_look, spread_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What one look looks at.

    Parameters
    ----------
    probes : tuple of str
        Those with a reference, in the rows' order.
    reference : ndarray, shape (n_probes, n_reference)
        NaN where a probe has fewer.
    new : ndarray, shape (n_probes, n_replays, n_samples)
        NaN where missing.

    Examples
    --------
    >>> made = Comparison.of({"a": (1.0, 1.0), "b": (0.0, 1.0)}, [{"a": (1.0,)}], past=(0.3, -0.2), kind="binary")
    >>> made.of_probes, made.compared, made.look().p
    (2, 1, 1.0)
    """

    probes: tuple[str, ...]
    reference: Floats
    new: Floats
    kind: Kind
    spread: Spread

    @classmethod
    def of(
        cls,
        held: Mapping[str, Sequence[float]],
        replays: Sequence[Mapping[str, Sequence[float]]],
        *,
        past: Sequence[float],
        kind: Kind,
    ) -> "Comparison":
        """Lay the values of probes with a reference beside each other; others are left out."""
        probes = tuple(sorted(held))
        reference = _padded([held[key] for key in probes])
        samples = max((len(replay.get(key, ())) for replay in replays for key in probes), default=1)
        rows = [[_filled(replay.get(key, ()), max(samples, 1)) for replay in replays] for key in probes]
        new = np.array(rows, dtype=float).reshape(len(probes), len(replays), max(samples, 1))
        spread = spread_of(np.array(past, dtype=float), reference, new, kind)
        return cls(probes=probes, reference=reference, new=new, kind=kind, spread=spread)

    @property
    def of_probes(self) -> int:
        """Probes with a reference."""
        return len(self.probes)

    @property
    def compared(self) -> int:
        """Probes with a value now."""
        return int(np.isfinite(self.new).any(axis=(1, 2)).sum())

    def look(self) -> Look:
        """Return what `one_look` says."""
        return one_look(self.probes, self.reference, self.new, self.kind, self.spread)

    def least_shift(self, alpha: float) -> float | None:
        """Return what `one_look.least_shift` says."""
        return least_shift(self.reference, self.new, self.spread, alpha=alpha)

    def least_broken(self, alpha: float, towards: int) -> int | None:
        """Return what `one_look.least_broken` says."""
        return least_broken(self.reference, self.new, self.kind, self.spread, alpha=alpha, towards=towards)


def _padded(rows: Sequence[Sequence[float]]) -> Floats:
    most = max(map(len, rows), default=0)
    return np.array([_filled(row, most) for row in rows], dtype=float).reshape(len(rows), most)


def _filled(row: Sequence[float], most: int) -> list[float]:
    return [*row, *[float("nan")] * (most - len(row))]
