"""Novelty and unseen texts, against the plain definition with sets."""

import pytest

from driftwatch.scorers import ReferenceTexts, novelty, unseen
from driftwatch.scorers.verdict import Unscored


def by_definition(text, texts):
    def grams(words):
        return {words[i : i + 3] for i in range(len(words) - 2)}

    own = grams(text)
    return sum(1 - len(own & grams(other)) / len(own | grams(other)) for other in texts) / len(texts)


TEXTS = ["You can return it within 14 days.", "You may return it within 14 days, unused.", "No refunds — sorry 😀!"]


@pytest.mark.parametrize("text", [*TEXTS, "14 days", "Something else entirely", "東京東京東京"])
def test_novelty_is_the_mean_trigram_distance(text):
    assert novelty(text, ReferenceTexts(TEXTS)) == pytest.approx(by_definition(text, TEXTS), abs=1e-9)


def test_the_same_text_as_every_reference_is_not_novel_and_a_foreign_one_is_wholly():
    assert novelty("14 days", ReferenceTexts(["14 days"] * 9)) == 0.0
    assert novelty("xyz xyz", ReferenceTexts(["14 days"] * 9)) == 1.0


@pytest.mark.parametrize(("text", "expected"), [("", 1.0), ("4", 0.0), ("5", 1.0), ("44", 1.0), ("444", 1.0)])
def test_texts_too_short_for_a_trigram_are_compared_as_a_whole(text, expected):
    assert novelty(text, ReferenceTexts(["4"])) == expected


def test_two_empty_answers_are_the_same():
    assert novelty("", ReferenceTexts([""])) == 0.0


@pytest.mark.parametrize("measure", [novelty, unseen])
def test_without_a_reference_there_is_no_score(measure):
    assert measure("anything", ReferenceTexts([])) == Unscored("no reference yet")


def test_unseen_tells_exact_texts_apart():
    reference = ReferenceTexts(TEXTS)
    assert (unseen(TEXTS[0], reference), unseen(TEXTS[0] + " ", reference)) == (0.0, 1.0)


def test_more_than_eight_references_each_count():
    texts = [f"answer number {i}" for i in range(19)]
    assert novelty("answer number 7", ReferenceTexts(texts)) == pytest.approx(
        by_definition("answer number 7", texts), abs=1e-9
    )


def test_an_answer_over_a_megabyte_is_unscored():
    assert isinstance(novelty("a" * 1_000_001, ReferenceTexts(["a"])), Unscored)
