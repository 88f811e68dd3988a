"""What every sequential detector of the engine is: start, update, read."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

State = TypeVar("State")
Evidence_contra = TypeVar("Evidence_contra", contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Where a detector stands after one replay.

    Parameters
    ----------
    statistic : float
        The running value, finite.
    threshold : float
        The alarm level, in the unit of `statistic`.
    alarm : bool
        Whether the statistic has reached the threshold.
    onset : int or None
        Count of updates before the current excursion began (0-based index of its first update).
        None while the statistic is at rest.
    """

    statistic: float
    threshold: float
    alarm: bool
    onset: int | None


class Detector(Protocol[State, Evidence_contra]):
    """A frozen configuration that folds evidence into a state and reads it.

    `update` is pure: the state is a fold of the evidence, so it can be thrown away and recomputed,
    and a backtest is the same fold with another configuration.
    """

    def start(self) -> State:
        """State before any evidence."""
        ...

    def update(self, state: State, evidence: Evidence_contra) -> State:
        """State after one more piece of evidence; `state` is left as it was."""
        ...

    def read(self, state: State) -> Reading:
        """Statistic, threshold and onset of a state."""
        ...
