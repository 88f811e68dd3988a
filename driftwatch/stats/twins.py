"""What streams of the same values have in common: folded once, though each has a threshold of its own.

Best where an endpoint has one pass/fail scorer, whose values are those of `pass` again. Their states stay one object
until an alarm of one of them parts them; only what a threshold decides is asked of each.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from driftwatch.stats.stream_state import ReplayValues, StreamState

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A step of the fold; equal where detectors with the same rules take it from the same state with equal values."""

    name: Hashable
    rules: Hashable
    before: StreamState
    replay: ReplayValues = field(hash=False)
    key: str
    work: Callable[[], Any] = field(compare=False)


def shared(name: Hashable, rules: Hashable, before: StreamState, replay: ReplayValues, work: Callable[[], T]) -> T:
    """Take a step of the fold, or give what a twin has made of it.

    Parameters
    ----------
    name : hashable
        The step's, with whatever a threshold has decided of it.
    rules : hashable
        All that `work` depends on beside the state, which counts as equal only to itself, and the replay.
    """
    made: T = _taken(_Step(name=name, rules=rules, before=before, replay=replay, key=replay.key, work=work))
    return made


@dataclass(frozen=True, kw_only=True)
class _Beginning:
    rules: Hashable
    work: Callable[[], StreamState] = field(compare=False)


def begun_once(rules: Hashable, work: Callable[[], StreamState]) -> StreamState:
    """Give the one state at which all streams with these rules begin, so that twins are twins from the start."""
    return _begun(_Beginning(rules=rules, work=work))


@lru_cache(maxsize=64)
def _begun(beginning: _Beginning) -> StreamState:
    return beginning.work()


# Three steps of a replay, for the few streams that may lie between two twins.
@lru_cache(maxsize=12)
def _taken(step: _Step) -> Any:
    return step.work()
