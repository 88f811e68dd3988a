"""Pure functions from one answer to one number, or to the reason why there is none."""

from driftwatch.scorers.callee import Callee
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import score
from driftwatch.scorers.kind import ScorerKind
from driftwatch.scorers.measured import measure
from driftwatch.scorers.reference import ReferenceTexts, novelty, unseen
from driftwatch.scorers.registry import SCORERS, build

__all__ = [
    "SCORERS",
    "Callee",
    "ReferenceTexts",
    "ScorerArgumentError",
    "ScorerKind",
    "build",
    "measure",
    "novelty",
    "score",
    "unseen",
]
