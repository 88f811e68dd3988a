"""The bags that a replay is compared with, and what follows from them alone: worked out once while they stay."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Bags:
    """Reference values of every probe, without those of today.

    Parameters
    ----------
    held : ndarray, shape (n_probes, n_reference)
        NaN where a probe has fewer; never changed in place.
    memory : dict
        What others have worked out from these values alone and will ask again; not part of any state.

    Examples
    --------
    >>> import numpy as np
    >>> bags = Bags(held=np.array([[3.0, 1.0, 2.0], [5.0, np.nan, np.nan]]))
    >>> bags.sizes.tolist(), bags.ordered.tolist(), (bags.least, bags.most)
    ([3, 1], [[1.0, 2.0, 3.0], [5.0, inf, inf]], (1.0, 5.0))
    """

    held: Floats
    memory: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def remembered(self, what: Hashable, work_out: Callable[[], T], *, keep: bool = True) -> T:
        """What was worked out before under this name, or is now; kept unless it is too special to be asked again."""
        if what in self.memory:
            found: T = self.memory[what]
            return found
        found = work_out()
        if keep:
            self.memory[what] = found
        return found

    @property
    def rested(self) -> bool:
        """Whether a replay was compared with these bags before: the reference has not grown since."""
        return "compared" in self.memory

    @cached_property
    def digest(self) -> bytes:
        """The same for the same values in the same order, and in practice for no others."""
        shape = ",".join(map(str, self.held.shape)).encode()
        return hashlib.blake2b(shape + b":" + self.held.tobytes(), digest_size=16).digest()

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Where there is a value."""
        return np.isfinite(self.held)

    @cached_property
    def sizes(self) -> Ints:
        """Values of each probe."""
        sizes: Ints = self.present.sum(axis=1)
        return sizes

    @cached_property
    def full(self) -> bool:
        """Whether every probe has as many values as any."""
        return bool(self.present.all())

    @cached_property
    def ordered(self) -> Floats:
        """Each probe's values in ascending order, infinity where it has fewer."""
        return np.sort(np.where(self.present, self.held, np.inf), axis=1)

    @cached_property
    def lowest(self) -> Floats:
        """Smallest value of each probe; infinity without one."""
        return self.ordered[:, 0] if self.held.shape[1] else np.full(len(self.held), np.inf)

    @cached_property
    def highest(self) -> Floats:
        """Largest value of each probe; minus infinity without one."""
        if not self.held.shape[1]:
            return np.full(len(self.held), -np.inf)
        last = np.take_along_axis(self.ordered, np.maximum(self.sizes - 1, 0)[:, None], axis=1)[:, 0]
        return np.where(self.sizes > 0, last, -np.inf)

    @cached_property
    def least(self) -> float:
        """Smallest value of all; infinity without any."""
        return float(self.lowest.min(initial=np.inf))

    @cached_property
    def most(self) -> float:
        """Largest value of all; minus infinity without any."""
        return float(self.highest.max(initial=-np.inf))

    @cached_property
    def rows(self) -> list[list[float]]:
        """The ordered values as lists, for `bisect`."""
        rows: list[list[float]] = self.ordered.tolist()
        return rows
