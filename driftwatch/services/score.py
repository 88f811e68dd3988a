"""From answers to scores: what the user asked for, and what is measured without asking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from driftwatch.domain.answer import Answer
from driftwatch.domain.metric import PASS, SIMILARITY
from driftwatch.domain.replay import Score
from driftwatch.scorers import measure, novelty, unseen
from driftwatch.scorers import score as score_one
from driftwatch.scorers.criterion import Criterion
from driftwatch.scorers.kind import FULL_MARKS
from driftwatch.scorers.measured import ONLY_CALLS, only_calls
from driftwatch.scorers.reference import NO_REFERENCE, ReferenceTexts
from driftwatch.scorers.verdict import Scored, Scorer, Unscored
from driftwatch.services.tasks import costs_per_success, task_scores
from driftwatch.services.timeouts import GIVEN_UP, Timeouts


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedScorer:
    """A scorer and the metric its score is stored under.

    Parameters
    ----------
    enough : float
        The score from which an answer passes.
    family : str
        What may run away is given up for the rest of a replay together: all scorers that share this name.
    counts : bool
        Whether it is part of `pass`; False for what marks the probe as a task.
    """

    metric: str
    scorer: Scorer
    enough: float = FULL_MARKS
    family: str = ""
    counts: bool = True


NO_TEXTS = ReferenceTexts(())
_SIMILARITY = "similar"
Cell = tuple[str, int, str]
"""(probe key, sample, metric)."""
Verdicts = Mapping[Cell, Scored]
"""What judges said, or why they said nothing."""
NO_VERDICTS: Verdicts = {}
Scorers = Mapping[str, Sequence[NamedScorer]]
"""Probe key -> its scorers."""
OwnSimilarity = Callable[[ReferenceTexts], Scorer]
"""From a probe's reference answers to the scorer of how near an answer's meaning is to the nearest of them."""

Sampled = Mapping[str, Mapping[str, tuple[float, ...]]]
"""Metric -> probe key -> samples."""


def score_replay(
    answers: Sequence[Answer],
    scorers: Scorers,
    references: Mapping[str, ReferenceTexts],
    verdicts: Verdicts = NO_VERDICTS,
    similarity: OwnSimilarity | None = None,
) -> tuple[Score, ...]:
    """Return every score of every answer there is; an answer that never came has none."""
    timeouts = Timeouts()
    scores = tuple(
        Score(answer.probe_key, answer.sample, metric, value)  # by position: half the time, twenty times an answer
        for answer in answers
        if answer.reply is not None
        for metric, value in score_answer(
            answer, scorers, references, timeouts, verdicts, similarity=similarity
        ).items()
    )
    return (*scores, *costs_per_success(answers, scores))


def score_answer(
    answer: Answer,
    scorers: Scorers,
    references: Mapping[str, ReferenceTexts],
    timeouts: Timeouts | None = None,
    verdicts: Verdicts = NO_VERDICTS,
    *,
    similarity: OwnSimilarity | None = None,
) -> dict[str, Scored]:
    """Return the answer's score in every metric; ``pass`` is made of rules alone, so that no judge can move it."""
    asked = scorers.get(answer.probe_key, ())
    met = timeouts or Timeouts()
    own, judged = dict[str, Scored](), dict[str, Scored]()
    for named in (each for each in asked if each.counts):
        value = _scored(named, answer, met)
        if isinstance(named.scorer, Criterion):
            judged[named.metric] = verdicts.get((answer.probe_key, answer.sample, named.metric), value)
        else:
            own[named.metric] = value
    scores = {**measure(answer), **own, **judged}
    if own:
        scores[PASS.name] = overall(own, {named.metric: named.enough for named in asked})
    if not all(named.counts for named in asked):
        scores |= task_scores(answer, scores)
    reference = references.get(answer.probe_key, NO_TEXTS)
    only = ONLY_CALLS if only_calls(answer) else None
    text = answer.text
    scores["novelty"] = only or novelty(text, reference)
    scores["unseen"] = only or unseen(text, reference)
    if similarity is not None:
        scores[SIMILARITY.name] = only or _similarity(answer, reference, similarity, met)
    return scores


def _similarity(answer: Answer, reference: ReferenceTexts, similarity: OwnSimilarity, timeouts: Timeouts) -> Scored:
    if not reference.texts:
        return NO_REFERENCE
    return _scored(
        NamedScorer(metric=SIMILARITY.name, scorer=similarity(reference), family=_SIMILARITY), answer, timeouts
    )


def _scored(named: NamedScorer, answer: Answer, timeouts: Timeouts) -> Scored:
    if timeouts.over(named.family):
        return GIVEN_UP
    value = score_one(named.scorer, answer)
    timeouts.note(named.family, value)
    return value


def overall(scores: Mapping[str, Scored], enough: Mapping[str, float] | None = None) -> Scored:
    """Return 1 if every score is enough, 0 if one is not, unscored if that cannot be known.

    Parameters
    ----------
    enough : mapping, optional
        Metric -> the score from which it passes; full marks where none is given.

    Examples
    --------
    >>> overall({"contains": 1.0, "is-json": 0.0, "regex": Unscored("the pattern took too long")})
    0.0
    >>> overall({"contains": 1.0, "regex": Unscored("the pattern took too long")})
    Unscored(reason='regex: the pattern took too long')
    >>> overall({"rouge-n": 0.8}, {"rouge-n": 0.75})
    1.0
    """
    needed = enough or {}
    if any(isinstance(v, float | int) and v < needed.get(metric, FULL_MARKS) for metric, v in scores.items()):
        return 0.0
    for metric, value in scores.items():
        if isinstance(value, Unscored):
            return Unscored(f"{metric}: {value.reason}")
    return 1.0


def scored_values(scores: Sequence[Score]) -> Sampled:
    """Return metric -> probe key -> samples; what was not scored is absent.

    Examples
    --------
    >>> scores = [Score("a@1", 0, "pass", 1.0), Score("a@1", 1, "pass", 0.0), Score("b@1", 0, "pass", Unscored("late"))]
    >>> scored_values(scores)
    {'pass': {'a@1': (1.0, 0.0)}}
    """
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for score in scores:
        if not isinstance(score.value, Unscored):
            probes = found.setdefault(score.metric, {})
            probes[score.probe_key] = (*probes.get(score.probe_key, ()), float(score.value))
    return found
