"""Each scorer by examples: (name, argument, answer, score). A score of None stands for unscored."""

from pathlib import Path

import pytest

from driftwatch.scorers import SCORERS, Callee, ScorerArgumentError, build, score
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply

# An engine that backtracks tries some 10^12 ways; the `regex` module sees through simpler ones.
SLOW = r"^(?:a|aa)+$"
MEGABYTE = 1_000_000


def mark(name, argument, reply, *, negate=False):
    value = score(build(name, argument, negate=negate), reply if isinstance(reply, Reply) else Reply(reply))
    return None if isinstance(value, Unscored) else value


EXAMPLES = [
    ("equals", "14", " 14\n", 1),
    ("equals", 14, "14", 1),
    ("equals", "14", "14.", 0),
    ("equals", {"a": [1, True]}, '{"a": [1.0, true]}', 1),
    ("equals", {"a": [1, True]}, '{"a": [1, 1]}', 0),
    ("equals", [1], "nothing of the kind", 0),
    ("equals", {"value": "x"}, "x", 1),
    ("contains", "14 days", "Within 14 days.", 1),
    ("contains", "14 Days", "Within 14 days.", 0),
    ("contains", 14, "Within 14 days.", 1),
    ("icontains", "STRASSE", "Hauptstraße", 1),
    ("contains-all", ["a", "b"], "ab", 1),
    ("contains-all", "a, b", "a", 0),
    ("contains-any", ["a", "b"], "b", 1),
    ("contains-any", ["a", "b"], "c", 0),
    ("icontains-all", ["Refund", "RECEIPT"], "a refund needs a receipt", 1),
    ("icontains-any", ["sorry"], "SORRY", 1),
    ("starts-with", "Dear", "\n Dear customer", 1),
    ("starts-with", "Dear", "dear customer", 0),
    ("regex", r"\b[A-Z]{2}-\d{4}\b", "see AB-1234.", 1),
    ("regex", r"\A\d+\Z", "12 ", 0),
    ("is-json", None, ' {"a": 1}\n', 1),
    ("is-json", None, "12", 1),
    ("is-json", None, '```json\n{"a": 1}\n```', 0),
    ("is-json", None, "NaN", 0),
    ("is-json", None, '{"a": Infinity}', 0),
    ("is-json", {"schema": {"required": ["a"]}}, '{"a": 1}', 1),
    ("is-json", {"type": "array"}, "{}", 0),
    ("is-json", {"schema": {"format": "email"}}, '"no address"', 1),
    ("is-json", {"schema": {"uniqueItems": True}}, "[1, true, 1.5]", 1),
    ("is-json", {"schema": {"uniqueItems": True}}, '[{"a": 1}, {"a": 1.0}]', 0),
    ("is-json", {"schema": {"pattern": "^a+$"}}, '"aaa"', 1),
    (
        "is-json",
        {"schema": {"patternProperties": {"^x": {"type": "number"}}, "additionalProperties": False}},
        '{"x1": 2}',
        1,
    ),
    (
        "is-json",
        {"schema": {"patternProperties": {"^x": {"type": "number"}}, "additionalProperties": False}},
        '{"y": 2}',
        0,
    ),
    ("is-json", {"schema": {"$defs": {"n": {"type": "number"}}, "items": {"$ref": "#/$defs/n"}}}, "[1, 2]", 1),
    ("is-json", None, "9" * 5_000, 1),
    ("contains-json", None, 'Here you are: {"a": 1}. Enjoy!', 1),
    ("contains-json", None, "```json\n[1]\n```", 1),
    ("contains-json", None, "no {braces that] matter", 0),
    ("contains-json", {"schema": {"required": ["b"]}}, 'not {"a": 1} but {"b": 2}', 1),
    ("contains-json", {"schema": {"required": ["b"]}}, '{"a": {"b": 2}}', 0),
    ("numeric", 12, "The answer is 12.", 1),
    ("numeric", {"value": 1234.5}, "It costs $1,234.50", 1),
    ("numeric", {"value": 1234}, r"\boxed{1{,}234}", 1),
    ("numeric", {"value": -3}, "x = \u22123", 1),
    ("numeric", {"value": 0.3}, "0.30000000000000004", 1),
    ("numeric", {"value": 3e8, "tolerance": 1}, "3 x 10^8 m/s", 1),
    ("numeric", {"value": 5, "which": "first"}, "5 of 7", 1),
    ("numeric", {"value": 5}, "5 of 7", 0),
    ("numeric", {"value": 10, "tolerance": 0.5}, "10.5", 1),
    ("numeric", {"value": 10, "tolerance": 0.5}, "10.51", 0),
    ("numeric", {"value": 2}, "H2O", 0),
    ("numeric", {"value": 3}, "version 1.2.3", 0),
    ("numeric", {"value": 7}, "seven", 0),
    ("numeric", {"value": 7}, "9" * 400, 0),
    ("choice", "B", "B", 1),
    ("choice", "B", "**b)**", 1),
    ("choice", "B", "B) Because of the tide.", 1),
    ("choice", "B", "A is tempting, C is wrong. The answer is (B).", 1),
    ("choice", "B", "I think it is B", 1),
    ("choice", "A", "It is a question of taste.", 0),
    ("choice", "A", "A lamp needs a plug.", 0),
    ("choice", "A", "I am sure that A is right.", 1),
    ("choice", "B", "Either A) or B)", 0),
    ("choice", {"value": "spam", "options": ["spam", "not spam"]}, "This is not spam.", 0),
    ("choice", {"value": "not spam", "options": ["spam", "not spam"]}, "Label: Not spam", 1),
    ("choice", {"value": "yes", "options": "yes, no"}, "It may be yes or no.", 0),
    ("word-count", 3, " one two\nthree ", 1),
    ("word-count", {"min": 2}, "one", 0),
    ("word-count", {"max": 2}, "one two three", 0),
    ("levenshtein", "kitten", "sitting", 1),
    ("levenshtein", {"value": "kitten", "max": 2}, "sitting", 0),
    ("levenshtein", {"value": "kitten", "threshold": 3}, "sitting", 1),
    ("finish-reason", "stop", "", 1),
    ("finish-reason", ["length", "tool_calls"], "", 0),
    ("finish-reason", "stop", Reply(finish_reason=None), None),
    ("latency", {"threshold": 420}, "", 1),
    ("latency", 419, "", 0),
    ("latency", 419, Reply(latency_ms=None), None),
    ("latency", 419, Reply(latency_ms=float("nan")), None),
    ("cost", {"threshold": 0.001}, "", 1),
    ("cost", 0.0001, "", 0),
    ("cost", 0.0001, Reply(cost_usd=None), None),
]


@pytest.mark.parametrize(("name", "argument", "answer", "expected"), EXAMPLES)
def test_a_scorer_gives_what_its_page_says(name, argument, answer, expected):
    assert mark(name, argument, answer) == expected


@pytest.mark.parametrize(("name", "argument", "answer", "expected"), EXAMPLES)
def test_not_turns_a_score_around_and_leaves_unscored_alone(name, argument, answer, expected):
    assert mark(name, argument, answer, negate=True) == (None if expected is None else 1 - expected)


def test_every_scorer_has_an_example():
    """Here, or where its family has a file of its own."""
    here = Path(__file__).parent
    elsewhere = "".join(
        (here / f"test_{family}.py").read_text() for family in ("overlap", "form", "tool_calls", "criteria", "similar")
    )
    named = {name for name in SCORERS if f'"{name}"' in elsewhere or f"}}{name.partition(':')[2] or name}" in elsewhere}
    assert {name for name, *_ in EXAMPLES} | {"is-refusal", "python"} | named == set(SCORERS)


WRONG = [
    ("equals", True, "quote it"),
    ("equals", 1.5, "quote it"),
    ("contains", "", "empty"),
    ("contains", None, "must be a text"),
    ("contains-all", [], "at least one"),
    ("contains-any", {"a": 1}, "list"),
    ("contains-any", ["a", None], "item 2"),
    ("regex", "(", "cannot be compiled"),
    ("regex", "a" * 5_001, "5000"),
    ("is-json", {"schema": {"type": "objekt"}}, "schema is wrong"),
    ("is-json", {"schema": {"$ref": "https://json.example/person"}}, "nothing is fetched"),
    ("is-json", {"schema": {"$ref": "#/$defs/none"}}, "leads nowhere"),
    ("is-json", {"schema": {"pattern": "("}}, "cannot be compiled"),
    ("is-json", {"schema": 7}, "draft 2020-12"),
    ("is-json", "schemas/refund.json", "read from its file"),
    ("numeric", "12", "must be a number"),
    ("numeric", {"value": float("nan")}, "finite"),
    ("numeric", {"value": 10**400}, "finite"),
    ("numeric", {"value": 1, "tolerance": -1}, "0 or more"),
    ("numeric", {"value": 1, "tolerence": 1}, "did you mean `tolerance`"),
    ("numeric", {"tolerance": 1}, "`value` is missing"),
    ("numeric", {"value": 1, "which": "middle"}, "`first` or `last`"),
    ("choice", "Z", "not among"),
    ("choice", "spam", "options"),
    ("choice", {"value": "a", "options": ["a", "A"]}, "different"),
    ("word-count", -1, "0 or more"),
    ("word-count", True, "whole number"),
    ("word-count", {}, "neither"),
    ("word-count", {"min": 3, "max": 2}, "exchange"),
    ("levenshtein", {"value": "a", "max": 1, "threshold": 2}, "keep one"),
    ("levenshtein", "a" * 10_001, "10000"),
    ("is-refusal", "yes", "takes none"),
    ("finish-reason", None, "list"),
    ("latency", None, "must be a number"),
    ("latency", {"treshold": 1}, "did you mean `threshold`"),
    ("cost", -1, "0 or more"),
    ("python", "checks.py:polite", "has not been loaded"),
    ("containz", "x", "did you mean `contains`"),
]


@pytest.mark.parametrize(("name", "argument", "words"), WRONG)
def test_a_wrong_argument_is_refused_in_words(name, argument, words):
    with pytest.raises(ScorerArgumentError) as refused:
        build(name, argument)
    assert words in str(refused.value)
    assert refused.value.need.endswith((".", "?"))


@pytest.mark.parametrize("name", ["contains", "is-json", "numeric", "regex", "word-count"])
def test_what_the_content_filter_stopped_is_not_scored_as_text(name):
    argument = {"contains": "a", "numeric": 1, "regex": "a", "word-count": 1}.get(name)
    assert mark(name, argument, Reply("a", finish_reason="content_filter")) is None


def test_an_answer_cut_at_max_tokens_is_scored_as_users_see_it():
    assert mark("contains", "14", Reply("14 da", finish_reason="length")) == 1


@pytest.mark.parametrize(("size", "expected"), [(MEGABYTE, 1.0), (MEGABYTE + 1, None)])
def test_an_answer_over_a_megabyte_is_unscored(size, expected):
    assert mark("contains", "a", "a" * size) == expected


def test_a_pattern_that_would_take_for_ever_is_unscored_within_its_time():
    assert mark("regex", SLOW, "a" * 60 + "!") is None
    assert mark("is-json", {"schema": {"pattern": SLOW}}, '"' + "a" * 60 + '!"') is None


@pytest.mark.parametrize("bomb", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_json_nested_too_deeply_is_unscored(bomb):
    assert mark("is-json", None, bomb) is None
    assert mark("contains-json", None, bomb) is None


def test_a_schema_that_refers_to_itself_without_end_does_no_harm():
    with pytest.raises(ScorerArgumentError, match="refers to itself"):
        build("is-json", {"schema": {"$ref": "#"}})


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        *((True, 1.0), (False, 0.0), (0.25, 0.25), (1, 1.0)),
        *((None, None), (float("nan"), None), (float("inf"), None), (7, None), (-0.1, None), ("1", None)),
        *((Unscored("why not"), None), (10**400, None)),
    ],
)
def test_a_python_scorer_answers_a_number_from_0_to_1_or_nothing_counts(answered, expected):
    assert mark("python", Callee("here:f", lambda text, context: answered), "") == expected


def test_a_python_scorer_that_raises_leaves_the_answer_unscored_with_the_reason():
    def broken(text, context):
        raise KeyError("amount")

    value = score(build("python", Callee("here:broken", broken)), Reply("x"))
    assert value == Unscored("the scorer failed: KeyError: 'amount'")


@pytest.mark.parametrize("error", [SystemExit(1), RecursionError(), MemoryError(), StopIteration()])
def test_nothing_a_python_scorer_raises_ends_the_replay(error):
    def broken(text, context):
        raise error

    assert mark("python", Callee("here:broken", broken), "x") is None


def test_a_python_scorer_sees_the_answer_read_only():
    seen = []
    mark("python", Callee("here:f", lambda text, context: seen.append((text, dict(context))) or True), "hi")
    known = {"finish_reason": "stop", "refusal": None, "latency_ms": 420.0, "cost_usd": 0.0004, "tool_calls": ()}
    assert seen == [("hi", known)]
