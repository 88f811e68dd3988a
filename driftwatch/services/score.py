"""From answers to scores: what the user asked for, and what is measured without asking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from driftwatch.domain.answer import Answer
from driftwatch.domain.metric import PASS
from driftwatch.domain.replay import Score
from driftwatch.scorers import measure, novelty, unseen
from driftwatch.scorers import score as score_one
from driftwatch.scorers.reference import ReferenceTexts
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

FULL_MARKS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedScorer:
    """A scorer and the metric its score is stored under."""

    metric: str
    scorer: Scorer


NO_TEXTS = ReferenceTexts(())
Scorers = Mapping[str, Sequence[NamedScorer]]
"""Probe key -> its scorers."""


def score_replay(
    answers: Sequence[Answer], scorers: Scorers, references: Mapping[str, ReferenceTexts]
) -> tuple[Score, ...]:
    """Return every score of every answer there is; an answer that never came has none."""
    return tuple(
        Score(probe_key=answer.probe_key, sample=answer.sample, metric=metric, value=value)
        for answer in answers
        if answer.reply is not None
        for metric, value in score_answer(answer, scorers, references).items()
    )


def score_answer(answer: Answer, scorers: Scorers, references: Mapping[str, ReferenceTexts]) -> dict[str, Scored]:
    """Return the answer's score in every metric."""
    own = {named.metric: score_one(named.scorer, answer) for named in scorers.get(answer.probe_key, ())}
    scores = {**measure(answer), **own}
    if own:
        scores[PASS.name] = overall(own)
    reference = references.get(answer.probe_key, NO_TEXTS)
    scores["novelty"] = novelty(answer.text, reference)
    scores["unseen"] = unseen(answer.text, reference)
    return scores


def overall(scores: Mapping[str, Scored]) -> Scored:
    """Return 1 if every score is full marks, 0 if one is not, unscored if that cannot be known.

    Examples
    --------
    >>> overall({"contains": 1.0, "is-json": 0.0, "llm-rubric": Unscored("the judge timed out")})
    0.0
    >>> overall({"contains": 1.0, "llm-rubric": Unscored("the judge timed out")})
    Unscored(reason='llm-rubric: the judge timed out')
    """
    if any(isinstance(value, float | int) and value < FULL_MARKS for value in scores.values()):
        return 0.0
    for metric, value in scores.items():
        if isinstance(value, Unscored):
            return Unscored(f"{metric}: {value.reason}")
    return 1.0
