"""Answers of an endpoint that is sent a seed: where it honours the seed, each must be the one that it always was."""

from collections.abc import Iterator, Mapping, Sequence

from driftwatch.domain.answer import Answer
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.metric import SEED
from driftwatch.domain.replay import Score
from driftwatch.scorers.reference import ReferenceTexts, seed_mismatch
from driftwatch.services.score import NO_TEXTS


def is_seeded(endpoint: Endpoint) -> bool:
    """Return whether every question is sent with the same seed."""
    return endpoint.params.get("seed") is not None


def seed_scores(
    endpoint: Endpoint, answers: Sequence[Answer], references: Mapping[str, ReferenceTexts]
) -> Iterator[Score]:
    """Yield whether each answer is the one that its seed gave in the first half of the baseline.

    Of several samples of a probe only the first is looked at: vendors differ in what the same seed means for the next.
    """
    if not is_seeded(endpoint):
        return
    for answer in answers:
        if answer.reply is not None and answer.sample == 0:
            known = references.get(answer.probe_key, NO_TEXTS)
            yield Score(answer.probe_key, answer.sample, SEED.name, seed_mismatch(answer.text, known))
