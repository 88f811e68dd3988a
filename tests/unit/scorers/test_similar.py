"""Likeness of vectors as promptfoo scores it: by a toy embedder here, by a real one in tests/unit/adapters."""

from typing import Any

import pytest

from driftwatch.scorers import build, score
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.registry import SCORERS
from driftwatch.scorers.similar import NO_EMBEDDER, NO_WORD, Embedder
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply

TOY = {
    "east": [1.0, 0.0],
    "north": [0.0, 1.0],
    "north east": [0.6, 0.8],
    "west": [-1.0, 0.0],
    "far east": [3.0, 0.0],
    "nowhere": [0.0, 0.0],
    "broken": [float("nan"), 1.0],
}
EMBEDDER = Embedder("toy#1", lambda texts: [TOY[text] for text in texts], "/nowhere")


def scored(name: str, value: Any, text: str, **more: Any) -> Any:
    return score(build(name, {"value": value, "embedder": EMBEDDER, **more}), Reply(text))


@pytest.mark.parametrize(
    ("name", "value", "text", "expected"),
    [
        ("similar", "east", "east", 1.0),
        ("similar", "east", "far east", 1.0),
        ("similar", "east", "north east", 0.6),
        ("similar:cosine", "east", "north east", 0.6),
        # A cosine below 0 is 0: scores are from 0 to 1.
        ("similar", "east", "west", 0.0),
        # promptfoo: similar to at least one of them.
        ("similar", ["east", "north"], "north east", 0.8),
        ("similar:dot", ["east", "north"], "north east", 0.8),
        # promptfoo: 1 / (1 + distance), here sqrt(0.4² + 0.8²) = 0.894427 and sqrt(0.6² + 0.2²) = 0.632456.
        ("similar:euclidean", "east", "north east", 0.527864),
        ("similar:euclidean", ["east", "north"], "north east", 0.612574),
        ("similar:euclidean", "east", "east", 1.0),
    ],
)
def test_the_nearest_text_counts(name, value, text, expected):
    assert scored(name, value, text) == expected


def test_vectors_that_are_not_of_length_1_have_no_dot_product_that_is_a_score():
    reason = "the dot product is 3: the embedder's vectors are not of length 1"
    assert scored("similar:dot", "east", "far east") == Unscored(reason)


@pytest.mark.parametrize("text", ["nowhere", "broken"])
@pytest.mark.parametrize("name", ["similar", "similar:dot", "similar:euclidean"])
def test_an_answer_of_which_the_embedder_knows_no_word_is_no_zero(name, text):
    assert scored(name, "east", text) == NO_WORD


def test_an_empty_answer_is_like_nothing():
    assert scored("similar", "east", " \n") == 0.0


def test_half_a_surrogate_pair_reaches_the_embedder_as_a_question_mark():
    seen = []

    def embed(texts):
        seen.extend(texts)
        return [[1.0, 0.0] for _ in texts]

    scorer = build("similar", {"value": "east", "embedder": Embedder("toy#2", embed, "/nowhere")})
    assert score(scorer, Reply("a\ud800b")) == 1.0
    assert seen == ["east", "a?b"]


def test_without_an_embedder_there_is_no_score():
    assert score(build("similar", "east"), Reply("east")) == NO_EMBEDDER


@pytest.mark.parametrize(
    ("name", "argument", "message"),
    [
        ("similar", {"value": "east", "threshold": 1.5}, "threshold is 1.5; it must be from 0 to 1"),
        ("similar:dot", {"value": "east", "threshold": -1}, "threshold is -1; it must be 0 or more"),
        ("similar", [], "the list of texts is empty"),
        ("similar", {"threshold": 0.8}, "value"),
        ("similar", {"value": "nowhere", "embedder": EMBEDDER}, 'the embedder knows no word of "nowhere"'),
    ],
)
def test_what_it_cannot_work_with_is_refused_in_words(name, argument, message):
    with pytest.raises(ScorerArgumentError, match=message):
        build(name, argument)


@pytest.mark.parametrize(
    ("name", "threshold", "enough"),
    [
        ("similar", 0.8, 0.8),
        ("similar", None, 0.75),
        ("similar:euclidean", 1.5, 0.4),
        ("similar:euclidean", None, 4 / 7),
    ],
)
def test_an_answer_passes_from_the_threshold_on_which_may_be_a_distance(name, threshold, enough):
    kind = SCORERS[name]
    argument = {"value": "east"} if threshold is None else {"value": "east", "threshold": threshold}
    build(name, argument)
    assert kind.enough_of(argument) == pytest.approx(enough, abs=1e-12)
    assert kind.enough_of(argument, negate=True) == pytest.approx(1 - enough, abs=1e-12)
