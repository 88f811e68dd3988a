"""The known drifts: what the scripted vendor says before and after, and what driftwatch must make of it."""

from collections.abc import Callable
from dataclasses import dataclass

from driftwatch.testing.behaviours import Behaviour, say, status

PROBES = 20
Speaks = Callable[[int], Behaviour]
"""How the vendor answers the probe of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One change of the vendor's.

    Parameters
    ----------
    name : str
        In words that a report can print.
    after : callable
        How the vendor answers from the change on.
    expected : str
        ``page``, ``notice``, ``no data``, or ``silence``.
    within : int
        Replays after the change in which it must be told; for silence, those that must stay silent.
    """

    name: str
    after: Speaks
    expected: str
    within: int


def unchanged(number: int) -> Behaviour:
    """The vendor that was pinned: one word for each question."""
    return say(f"word{number}")


def _wrong(number: int) -> Behaviour:
    return say("I would rather not say") if number % 3 == 0 else unchanged(number)


def _reworded(number: int) -> Behaviour:
    return say(f"Of course! The word you are looking for is word{number}.")


def _down(_: int) -> Behaviour:
    return status(503, "overloaded")


KNOWN = (
    Drift(name="a third of the answers become wrong", after=_wrong, expected="page", within=6),
    Drift(name="every answer is worded anew and still right", after=_reworded, expected="notice", within=6),
    Drift(name="the endpoint answers nothing", after=_down, expected="no data", within=2),
    Drift(name="nothing changes", after=unchanged, expected="silence", within=6),
)
