"""What there is to know of one family of scorers, without building any."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, nextafter
from typing import Any, Literal

from driftwatch.scorers.verdict import MetricKind, Scorer

Reads = Literal["text", "number", "choice", "json", "code", "other"]
"""What of an answer a scorer looks at: decides what `strict` and `flexible` mean for it (`extract`)."""

FULL_MARKS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerKind:
    """One family of scorers.

    Parameters
    ----------
    name : str
        Without ``not-``.
    kind : {"binary", "graded", "continuous"}
        What its scores are: chooses the transform of the exchangeable score.
    build : callable
        From the argument in the golden set to a scorer; raises `ScorerArgumentError`.
    doc : str
        When it gives full marks, one sentence.
    argument : str
        What may stand behind the colon.
    example : str
        One item of a `scorers:` list, in YAML.
    reads : Reads
        What of an answer it looks at; ``other`` for what is no text.
    enough : float
        Of a graded one: the score from which an answer passes, unless the argument's ``threshold`` says otherwise.
    score_at : callable
        The score that a ``threshold`` stands for: itself, but for one that is a distance.
    libraries : tuple of str
        Distributions whose release may move its scores: their versions are part of a probe that uses it.
    runs_away : bool
        Nothing in it bounds its time on a hostile answer: it is run where it can be killed.
    """

    name: str
    kind: MetricKind = "binary"
    build: Callable[[Any], Scorer]
    doc: str
    argument: str
    example: str
    reads: Reads = "text"
    enough: float = FULL_MARKS
    score_at: Callable[[float], float] = float
    libraries: tuple[str, ...] = ()
    runs_away: bool = False

    def enough_of(self, argument: Any, *, negate: bool = False) -> float:
        """Return the score from which an answer passes; `argument` is one that `build` takes."""
        if self.kind == "binary":
            return FULL_MARKS
        given = argument.get("threshold") if isinstance(argument, Mapping) else None
        threshold = self.enough if given is None else self.score_at(given)
        # The opposite of "0.75 and above" is below it: 1 - x must be more than 1 - 0.75.
        return nextafter(1.0 - threshold, inf) if negate else float(threshold)
