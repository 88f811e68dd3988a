"""Graded likeness of texts: the numbers are the papers' and the libraries' own."""

import math

import pytest

from driftwatch.scorers import SCORERS, ScorerArgumentError, build, score
from driftwatch.scorers.verdict import Unscored
from driftwatch.scorers.words import MAX_WORDS, TOO_LONG
from tests.unit.scorers.replies import Reply


def mark(name, argument, text):
    return score(build(name, argument), Reply(text))


@pytest.mark.parametrize(
    ("argument", "answer", "wanted"),
    [
        # rouge-score 0.1.2, rouge_scorer_test.py: target "testing one two", prediction "testing".
        ({"value": "testing one two"}, "testing", 1 / 3),
        ({"value": "testing one two", "measure": "precision"}, "testing", 1.0),
        ({"value": "testing one two", "measure": "f"}, "testing", 0.5),
        # Lin (2004), section 2: S1 = "police killed the gunman"; ROUGE-2 of S2 and S3 are 0 and 1/3 of its bigrams.
        ({"value": "police killed the gunman", "n": 2}, "police kill the gunman", 1 / 3),
        ({"value": "police killed the gunman", "n": 2}, "the gunman kill police", 1 / 3),
        ("東京 は 雨", "東京は雨", 1.0),
        (["nothing alike", "testing"], "Testing, testing.", 1.0),
        ("a", "", 0.0),
    ],
)
def test_rouge_n_counts_n_grams_as_the_library_and_lin_do(argument, answer, wanted):
    assert mark("rouge-n", argument, answer) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("reference", "answer", "wanted"),
    [
        # nltk 3.9, docstrings of sentence_gleu and corpus_gleu (there 2 x 0.6144 - 0.4393 for the second).
        ("the cat is on the mat", "the the the the the the the", 1 / 11),
        (
            "he was interested in world history because he read the book",
            "he read the book because he was interested in world history",
            0.7895,
        ),
    ],
)
def test_gleu_matches_nltks_worked_examples(reference, answer, wanted):
    assert mark("gleu", reference, answer) == pytest.approx(wanted, abs=3e-4)


def test_meteor_matches_nltks_worked_example_without_its_synonyms():
    """nltk 3.9, docstring of single_meteor_score: 0.6944; no pair in it needs WordNet."""
    reference = "It is a guide to action that ensures that the military will forever heed Party commands"
    answer = "It is a guide to action which ensures that the military always obeys the commands of the party"
    assert mark("meteor", reference, answer) == pytest.approx(0.6944, abs=5e-5)


def test_meteor_is_the_papers_formula():
    """Banerjee & Lavie (2005): F = 10PR / (R + 9P), penalty = 0.5 (chunks / matches)^3.

    "cats sitting" against "cat sat": stems match cats-cat only, P = R = 1/2, one chunk of one match.
    """
    assert mark("meteor", "cat sat", "cats sitting") == pytest.approx(0.5 * (1 - 0.5))


def test_meteor_does_not_know_synonyms_whatever_is_installed():
    assert mark("meteor", "good", "nice") == 0.0


@pytest.mark.parametrize(
    ("reference", "answer", "wanted"),
    [
        ("hello world", "Hello world", 1.0),
        # Papineni et al. (2002), brevity penalty e^(1 - r/c): two words of six, both right; two orders there are.
        ("the cat sat on the mat", "the cat", math.exp(1 - 6 / 2)),
        (["one two three", "the cat"], "the cat", 1.0),
        ("hello", "", 0.0),
    ],
)
def test_bleu_is_sacrebleus_sentence_score(reference, answer, wanted):
    assert mark("bleu", reference, answer) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("argument", "answer", "wanted"),
    [
        # Rajpurkar et al. (2016): articles and punctuation aside; 2 of 4 words, both expected ones: F1 = 2/3.
        ("the Eiffel Tower", "Eiffel tower, in Paris", 2 / 3),
        ("the Eiffel Tower", "The Eiffel Tower!", 1.0),
        ("to be or not to be", "to be", 0.5),
        (["Rome", "Paris"], "paris", 1.0),
        ("Paris", "London", 0.0),
    ],
)
def test_f1_is_squads(argument, answer, wanted):
    assert mark("f1", argument, answer) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("argument", "answer", "wanted"),
    [
        ("Paris", "The Paris!", 1),
        ({"value": ["Paris", "the city of Paris"], "normalise": ["case"]}, "THE CITY OF PARIS", 1),
        ({"value": "Paris", "normalise": ["case"]}, "Paris.", 0),
        ({"value": "ﬁne", "normalise": "unicode"}, "fine", 1),
        ({"value": "a  b", "normalise": "spaces"}, "a b", 1),
        ("Paris", "Paris, of course", 0),
    ],
)
def test_exact_ignores_what_it_is_told_to(argument, answer, wanted):
    assert mark("exact", argument, answer) == wanted


@pytest.mark.parametrize("name", ["rouge-n", "bleu", "gleu", "meteor", "f1"])
def test_a_very_long_answer_is_unscored_not_compared(name):
    assert mark(name, "a b", "word " * (MAX_WORDS + 1)) == TOO_LONG
    assert mark(name, "a b", "x" * 999_999) == TOO_LONG


@pytest.mark.parametrize(
    ("argument", "negate", "passes"),
    [
        ({"value": "testing one two"}, False, 0.75),
        ({"value": "testing one two", "threshold": 0.3}, False, 0.3),
        ("testing one two", False, 0.75),
    ],
)
def test_a_graded_scorer_passes_from_its_threshold_on(argument, negate, passes):
    assert SCORERS["rouge-n"].enough_of(argument, negate=negate) == passes


def test_the_negated_one_passes_below_the_threshold_and_not_at_it():
    enough = SCORERS["rouge-n"].enough_of({"value": "a", "threshold": 0.75}, negate=True)
    assert 1 - 0.75 < enough <= 1 - 0.7499999


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("rouge-n", {"value": "a", "n": 0}, "n is 0"),
        ("rouge-n", {"value": "a", "measure": "mean"}, "recall, precision, f"),
        ("bleu", {"value": "a", "threshold": 2}, "from 0 to 1"),
        ("bleu", "...", "0 words"),
        ("gleu", [], "empty"),
        ("meteor", {"valu": "a"}, "did you mean `value`"),
        ("f1", "w " * (MAX_WORDS + 1), "2,001 words"),
        ("exact", "the", "empty when normalised"),
        ("exact", {"value": "a", "normalise": ["colour"]}, "known are: unicode, case"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(name, argument, words):
    with pytest.raises(ScorerArgumentError, match=words):
        build(name, argument)


def test_a_missing_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(ScorerArgumentError, match=r"`bleu` needs the library sacrebleu; .*uv sync --extra scorers"):
        build("bleu", "a b")


def test_the_content_filter_leaves_nothing_to_compare():
    assert isinstance(score(build("bleu", "a b"), Reply("a b", finish_reason="content_filter")), Unscored)
