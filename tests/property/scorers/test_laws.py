"""Laws of scorers on arbitrary text: surrogates, NUL, huge numbers, anything."""

import math
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftwatch.scorers import ReferenceTexts, ScorerArgumentError, build, measure, novelty, score, unseen
from driftwatch.scorers.catalogue.judged import JUDGED
from driftwatch.scorers.json_value import frozen_json
from driftwatch.scorers.judge import negated
from driftwatch.scorers.numeric import numbers
from driftwatch.scorers.registry import SCORERS
from driftwatch.scorers.similar import Embedder
from driftwatch.scorers.verdict import Unscored

# No deadline: the first example pays for imports, and other work shares the machine.
law = settings(deadline=None)
anything = st.text(st.characters(exclude_categories=()), max_size=200)
# Pieces on which readers trip, in any order.
hostile = st.lists(
    st.sampled_from(
        [
            *"[]{}\"\\,:.-*#|`'\0\ud800\n\t ",
            *("1e308", "1e999", "-0", "9" * 30, "NaN", "\u2212", "x10^", "1,234", "\u00a0", "**", "```json\n"),
            *("answer is ", "A", "B)", "I can't ", "help", "null", "true", "{}", "\\u0000", "\\ud800", "東京", "😀"),
        ]
    ),
    max_size=60,
).map("".join)
texts = st.one_of(anything, hostile)
finishes = st.sampled_from(["stop", "length", "content_filter", "", None])
floats = st.none() | st.floats(allow_nan=True, allow_infinity=True)
counts = st.none() | st.integers(min_value=-1)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name"]), part, max_size=3),
    max_leaves=6,
)
# What vendors send, and what a broken one might.
calls = st.fixed_dictionaries(
    {}, optional={"function": st.fixed_dictionaries({}, optional={"name": texts | json, "arguments": texts | json})}
)


@st.composite
def answers(draw):
    return SimpleNamespace(
        text=draw(texts),
        finish_reason=draw(finishes),
        refusal=draw(st.none() | anything),
        latency_ms=draw(floats),
        cost_usd=draw(floats),
        ttft_ms=draw(floats),
        token_logprobs=draw(st.lists(st.floats(), max_size=5)),
        tool_calls=draw(st.lists(calls, max_size=3)),
        input_tokens=draw(counts),
        output_tokens=draw(counts),
        reasoning_tokens=draw(counts),
        cached_tokens=draw(counts),
    )


TOOLS = {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"required": ["b"]}}}]}
# Some unit vector for every text; for most of them another one.
TOY = Embedder("toy#1", lambda texts: [[math.cos(len(text)), math.sin(len(text))] for text in texts], "/nowhere")
BUILT = {
    "equals": "a",
    "contains": "a",
    "icontains": "A",
    "contains-all": ["a", "1"],
    "contains-any": ["a", "1"],
    "icontains-all": ["a", "B"],
    "icontains-any": ["a", "B"],
    "starts-with": "I",
    "regex": r"(\w+\s?)+$",
    "is-json": {"schema": {"type": ["array", "object"], "uniqueItems": True, "multipleOf": 0.1}},
    "contains-json": {"schema": {"multipleOf": 0.1, "items": {"type": "number"}}},
    "numeric": {"value": 1e299, "tolerance": 1},
    "choice": "B",
    "word-count": {"max": 5},
    "levenshtein": "abc",
    "is-refusal": None,
    "finish-reason": "stop",
    "latency": 10,
    "cost": 10,
    "exact": {"value": ["a", "B"], "normalise": ["unicode", "case"]},
    "f1": "a b",
    "rouge-n": {"value": ["a b", "answer is"], "n": 2, "measure": "f"},
    "bleu": "answer is a b",
    "gleu": ["answer is a b"],
    "meteor": "answer is a b",
    "json-diff": {"value": {"a": [1, None]}, "tolerance": 0.5, "ignore": "b.*"},
    "is-xml": None,
    "contains-xml": {"requiredElements": ["a.b"]},
    "is-html": None,
    "contains-html": None,
    "is-sql": {"allowedTables": ["select::null::a"], "allowedColumns": ["select::null::b"]},
    "contains-sql": "SQLite",
    "guardrails": None,
    "perplexity": 2,
    "perplexity-score": None,
    "tool-call-f1": ["a", "b"],
    "is-valid-openai-tools-call": TOOLS,
    "is-valid-function-call": TOOLS,
    "is-valid-openai-function-call": TOOLS,
    "tool-used": {"pattern": "a*", "max": 3},
    "trajectory:tool-used": ["a", "b"],
    "tool-args-match": {"name": "a", "args": {"a": 1}},
    "trajectory:tool-args-match": {
        "pattern": "a*",
        "args": {},
        "mode": "exact",
        "defaults": {"b": None},
        "ignore": "x",
    },
    "trajectory:tool-sequence": {"steps": ["a", "b"], "mode": "exact"},
    "trajectory:step-count": {"max": 2},
    "similar": {"value": "a b", "embedder": TOY},
    "similar:cosine": {"value": ["a b", "answer"], "embedder": TOY},
    "similar:dot": {"value": "a b", "embedder": TOY},
    "similar:euclidean": {"value": "a b", "threshold": 2, "embedder": TOY},
}
GRADED = {name for name, kind in SCORERS.items() if kind.kind == "graded"}


def same(a, b):
    return (isinstance(a, Unscored) and isinstance(b, Unscored)) or a == pytest.approx(b, abs=1e-15)


def test_every_scorer_but_the_users_own_and_the_judges_obeys_the_laws_here():
    """What a judge says is read by `scorers.forms`, whose laws are in tests/unit/scorers/test_criteria.py."""
    assert set(BUILT) == set(SCORERS) - {"python"} - {kind.name for kind in JUDGED}


@pytest.mark.parametrize("name", BUILT)
@law
@given(answer=answers())
def test_a_score_is_0_or_1_or_unscored_whatever_the_answer_and_between_only_if_graded(name, answer):
    value = score(build(name, BUILT[name]), answer)
    assert isinstance(value, Unscored) or value in (0.0, 1.0) or (name in GRADED and 0.0 < value < 1.0)
    if isinstance(value, Unscored):
        assert "failed" not in value.reason


@pytest.mark.parametrize("name", BUILT)
@law
@given(answer=answers())
def test_negation_is_an_involution(name, answer):
    scorer = build(name, BUILT[name])
    once, twice = score(negated(scorer), answer), score(negated(negated(scorer)), answer)
    plain = score(scorer, answer)
    assert same(twice, plain)
    assert isinstance(plain, Unscored) or once + plain == pytest.approx(1.0, abs=1e-15)


@law
@given(answer=answers(), needles=st.lists(anything.filter(bool), min_size=1, max_size=4))
def test_contains_all_is_all_of_contains_and_any_is_any(answer, needles):
    each = [score(build("contains", needle), answer) for needle in needles]
    every, some = (score(build(name, needles), answer) for name in ("contains-all", "contains-any"))
    if isinstance(every, Unscored):
        assert all(isinstance(one, Unscored) for one in (*each, some))
    else:
        assert (every, some) == (min(each), max(each))


@law
@given(text=texts)
def test_every_text_equals_contains_and_starts_with_itself(text):
    answer = SimpleNamespace(text=text, finish_reason="stop")
    for name in ("equals", "contains", "starts-with", "levenshtein"):
        if text.strip():
            assert score(build(name, text), answer) == 1.0


@law
@given(number=st.floats(min_value=-1e200, max_value=1e200), before=st.sampled_from(["", "It is ", "x = ", "about $"]))
def test_a_number_is_found_as_python_writes_it(number, before):
    assert numbers(f"{before}{number!r}") == [number]


@law
@given(number=st.integers(0, 10**15))
def test_grouping_by_thousands_changes_nothing(number):
    assert numbers(f"{number:,}") == numbers(f"{number:,}".replace(",", "\u202f")) == [float(number)]


@law
@given(answer=answers())
def test_what_is_measured_is_finite_or_unscored(answer):
    for name, value in measure(answer).items():
        assert isinstance(value, Unscored) or math.isfinite(value), name


@law
@given(text=texts, reference=st.lists(texts, max_size=10), order=st.randoms(use_true_random=False))
def test_novelty_lies_between_0_and_1_and_does_not_depend_on_the_order(text, reference, order):
    shuffled = order.sample(reference, len(reference))
    here, there = (novelty(text, ReferenceTexts(list_)) for list_ in (reference, shuffled))
    if reference:
        assert 0.0 <= here <= 1.0
        assert here == pytest.approx(there, abs=1e-8)
        assert here > 0 or unseen(text, ReferenceTexts(reference)) == 0.0 or len(text) > 2
    else:
        assert here == there == unseen(text, ReferenceTexts(reference)) == Unscored("no reference yet")


@law
@given(text=texts)
def test_an_answer_among_its_own_copies_is_neither_novel_nor_unseen(text):
    reference = ReferenceTexts([text] * 3)
    assert (novelty(text, reference), unseen(text, reference)) == (0.0, 0.0)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "schema", "max", "type"]) | anything, inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", sorted(SCORERS))
@law
@given(argument=junk, answer=answers())
def test_any_argument_is_taken_or_refused(name, argument, answer):
    with suppress(ScorerArgumentError):
        value = score(build(name, argument), answer)
        assert isinstance(value, Unscored) or 0.0 <= value <= 1.0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)


@law
@given(a=json_values, b=json_values)
def test_json_that_differs_is_frozen_differently(a, b):
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else (isinstance(value, bool), value)

    assert (frozen_json(a) == frozen_json(b)) == (plain(a) == plain(b))
    assert hash(frozen_json(a)) is not None
