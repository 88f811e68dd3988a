"""What is taken out of an answer: the rule, by examples."""

import pytest

from driftwatch.scorers import ScorerArgumentError, build, score
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply, call

FENCED = "Here you are:\n```python\nx = 1\n```\nAnything else?"


def mark(name, argument, extract, text):
    value = score(build(name, argument, extract=extract), Reply(text))
    return None if isinstance(value, Unscored) else value


@pytest.mark.parametrize(
    ("name", "argument", "answer", "strict", "flexible"),
    [
        ("numeric", 42, "42", 1, 1),
        ("numeric", 42, " 42.0\n", 1, 1),
        ("numeric", 1234, "$1,234", 1, 1),
        ("numeric", 42, "The answer is 42.", 0, 1),
        ("numeric", 42, "42 or 43", 0, 0),
        ("numeric", 42, "none", 0, 0),
        ("choice", "B", "b", 1, 1),
        ("choice", "B", "(B)", 0, 1),
        ("choice", "B", "The answer is B.", 0, 1),
        ("choice", "B", "C", 0, 0),
        ("is-json", {"schema": {"required": ["a"]}}, '{"a": 1}', 1, 1),
        ("is-json", {"schema": {"required": ["a"]}}, 'As in [1]:\n```json\n{"a": 1}\n```', 0, 1),
        ("json-diff", {"value": {"a": 1}}, 'Sure: {"a": 1}.', 0, 1),
        ("equals", {"a": 1}, '```\n{"a": 1}\n```', 0, 1),
        ("is-sql", None, "```sql\nSELECT 1\n```", 0, 1),
        ("is-xml", None, "```xml\n<a/>\n```", 0, 1),
        ("equals", "x = 1", "x = 1", 1, 1),
        ("equals", "x = 1", FENCED, 0, 1),
        ("equals", "Paris", '**"Paris".**', 0, 1),
    ],
)
def test_strict_takes_only_the_value_and_flexible_looks_for_it(name, argument, answer, strict, flexible):
    assert [mark(name, argument, how, answer) for how in ("strict", "flexible")] == [strict, flexible]


@pytest.mark.parametrize(
    ("how", "answer", "value"),
    [
        ("fenced-code", FENCED, "x = 1"),
        ("fenced-code", "~~~\nopen ended", "open ended"),
        ("first-json", 'Take {"a": [1]} or {}', '{"a": [1]}'),
        ("first-number", "From 3 to 5", "3"),
        ("last-number", "From 3 to 5", "5"),
        ("first-line", "\n one \ntwo", "one"),
        ("last-line", "one\n two \n\n", "two"),
        ({"regex": r"Answer: (\w+)"}, "Answer: Oslo, I think", "Oslo"),
        ({"regex": r"\d{4}"}, "in 1914.", "1914"),
    ],
)
def test_named_ways_take_one_thing(how, answer, value):
    assert mark("equals", value, how, answer) == 1


@pytest.mark.parametrize("how", ["fenced-code", "first-json", "first-number", "last-line", {"regex": "z(a)?"}])
def test_an_answer_without_the_value_gets_0_for_it_gives_nothing_to_be_right(how):
    assert mark("contains", "a", how, "") == 0


def test_a_group_that_took_no_part_is_no_value():
    assert mark("contains", "a", {"regex": "z(a)?"}, "z a") == 0


def test_negation_turns_what_was_scored_of_the_value():
    negated = build("contains", "Oslo", negate=True, extract="last-line")
    assert score(negated, Reply("Oslo\nBergen")) == 1


@pytest.mark.parametrize("how", ["first-line", "first-number", "first-json", {"regex": "z(a)?"}])
def test_an_answer_without_the_value_gets_0_under_not_too(how):
    """The negation stood around the extraction: an empty answer passed `not-contains` with full marks."""
    assert score(build("contains", "Oslo", negate=True, extract=how), Reply("")) == 0


def test_the_other_things_of_an_answer_stay_beside_the_value():
    seen = []
    from driftwatch.scorers import Callee

    own = Callee("here:f", lambda text, context: seen.append((text, context["tool_calls"])) or True)
    reply = Reply("```\nx\n```", tool_calls=(call("a"),))
    assert score(build("python", own, extract="flexible"), reply) == 1
    assert seen == [("x\n", (call("a"),))]


@pytest.mark.parametrize(
    ("answer", "finish"), [("x" * 1_000_001, "stop"), ("x", "content_filter"), ("[" * 100_000, "stop")]
)
def test_what_may_not_be_read_stays_unscored(answer, finish):
    value = score(build("is-json", None, extract="strict"), Reply(answer, finish_reason=finish))
    assert isinstance(value, Unscored)


def test_a_pattern_that_takes_too_long_is_a_timeout():
    value = score(build("contains", "a", extract={"regex": r"^(?:a|aa)+$"}), Reply("a" * 60 + "b"))
    assert isinstance(value, Unscored)
    assert value.reason.startswith("timeout: ")


@pytest.mark.parametrize(
    ("name", "how", "words"),
    [
        ("contains", "loose", "known are: strict, flexible, fenced-code"),
        ("contains", {"regex": "("}, "cannot be compiled"),
        ("contains", {"pattern": "a"}, "not known"),
        ("latency", "strict", "does not look at the text"),
        ("contains", 3, "known are"),
    ],
)
def test_an_unknown_way_is_refused_in_words(name, how, words):
    with pytest.raises(ScorerArgumentError, match=words):
        build(name, 1, extract=how)
