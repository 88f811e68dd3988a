"""What a judge is asked, and what counts as its verdict."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.scorers import SCORERS, ScorerArgumentError, build
from driftwatch.scorers.anchors import ANCHORS
from driftwatch.scorers.catalogue.judged import JUDGED
from driftwatch.scorers.criterion import NO_REFERENCE, UNGRADED, Criterion, Question
from driftwatch.scorers.forms import FACTS, GRADE, NOT_JSON, OTHER_FORM, OTHER_MARK, PASS, STATEMENTS
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply

RUBRIC = build("llm-rubric", "Polite.")


def asked(criterion: object, **texts: str) -> Question:
    assert isinstance(criterion, Criterion)
    question = criterion.question(**{"question": "Hi?", "answer": "Hello.", **texts})
    assert isinstance(question, Question)
    return question


def verdict(mark: str = "3f", **form: object) -> str:
    return json.dumps({"mark": mark, "reason": "because", **form})


def test_every_judged_scorer_is_known_by_its_name():
    assert {kind.name for kind in JUDGED} <= SCORERS.keys()
    assert len(JUDGED) == 9


@pytest.mark.parametrize(
    ("name", "argument", "shown"),
    [
        ("llm-rubric", "Polite.", {"QUESTION", "ANSWER"}),
        ("g-eval", ["Polite.", "Brief."], {"QUESTION", "ANSWER"}),
        ("factuality", "Hello is a greeting.", {"QUESTION", "ANSWER", "REFERENCE"}),
        ("model-graded-closedqa", "It greets.", {"QUESTION", "ANSWER"}),
        ("context-faithfulness", ["Greetings are polite."], {"QUESTION", "ANSWER", "CONTEXT"}),
        ("context-faithfulness", None, {"QUESTION", "ANSWER"}),
        ("context-recall", {"value": "a", "context": "b"}, {"REFERENCE", "CONTEXT"}),
        ("context-recall", {"value": "a"}, {"REFERENCE", "ANSWER"}),
        ("context-relevance", {"context": "b"}, {"QUESTION", "CONTEXT"}),
        ("context-relevance", None, {"QUESTION", "ANSWER"}),
        ("answer-relevance", None, {"QUESTION", "ANSWER"}),
        ("same-meaning", "Hi.", {"QUESTION", "ANSWER", "REFERENCE"}),
    ],
)
def test_a_judge_is_shown_what_the_criterion_is_about_and_no_more(name, argument, shown):
    question = asked(build(name, argument))
    assert set(re.findall(rf"<<<{question.mark} ([A-Z]+)\n", question.messages[1]["content"])) == shown


def test_without_a_judge_a_criterion_has_no_score():
    assert RUBRIC(Reply("Hello.")) == UNGRADED


@given(answer=st.text())
def test_no_answer_can_close_the_fence_it_stands_in(answer):
    question = asked(RUBRIC, answer=answer)
    assert question.mark not in answer
    assert question.messages[1]["content"].count(f"{question.mark}>>>") == 2


def test_the_same_texts_are_asked_in_the_same_words_and_others_under_another_mark():
    assert asked(RUBRIC) == asked(RUBRIC)
    assert asked(RUBRIC, answer="Bye.").mark != asked(RUBRIC).mark


@pytest.mark.parametrize(
    ("form", "keys", "score"),
    [
        (PASS, {"pass": True}, 1.0),
        (PASS, {"pass": False}, 0.0),
        (GRADE, {"grade": 1}, 0.0),
        (GRADE, {"grade": 4}, 0.75),
        (FACTS, {"category": "B"}, 1.0),
        (FACTS, {"category": "D"}, 0.0),
        (STATEMENTS, {"statements": [{"text": "a", "yes": True}, {"text": "b", "yes": False}]}, 0.5),
    ],
)
def test_a_verdict_of_the_asked_form_is_a_number(form, keys, score):
    assert form.read(verdict(**keys), "3f") == score
    assert form.read(f"```json\n{verdict(**keys)}\n```", "3f") == score
    assert form.read(f"<think>{{}} hm</think>\n{verdict(**keys)}", "3f") == score


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("It passes.", NOT_JSON),
        ("", NOT_JSON),
        ("[true]", NOT_JSON),
        (f"Here you are: {verdict(**{'pass': True})}", NOT_JSON),
        (verdict(**{"pass": True}) * 2, NOT_JSON),
        (verdict(**{"pass": "true"}), OTHER_FORM),
        (verdict(**{"pass": 1}), OTHER_FORM),
        (verdict(score=0.9), OTHER_FORM),
        (verdict(**{"pass": True, "confidence": 0.9}), OTHER_FORM),
        ('{"mark": "3f", "pass": true}', OTHER_FORM),
        (verdict("", **{"pass": True}), OTHER_MARK),
        ('{"mark": "3f", "reason": "", "pass": false, "pass": true}', NOT_JSON),  # counted as a pass once
        ("{" * 50_000, NOT_JSON),
        ("x" * 200_000, NOT_JSON),
    ],
)
def test_anything_else_is_unscored_and_says_why(said, reason):
    assert PASS.read(said, "3f") == reason


@given(said=st.text() | st.from_regex(r"\{.*\}", fullmatch=True))
def test_no_reply_breaks_the_reader(said):
    for form in (PASS, GRADE, FACTS, STATEMENTS):
        assert isinstance(form.read(said, "3f"), Unscored)


@pytest.mark.parametrize("grade", [0, 6, 2.5, "3", None, True])
def test_a_grade_outside_of_the_scale_is_no_grade(grade):
    assert GRADE.read(verdict(grade=grade), "3f") == OTHER_FORM


@pytest.mark.parametrize(("grade", "reason"), [("NaN", NOT_JSON), ("Infinity", NOT_JSON), ("1e999", OTHER_FORM)])
def test_a_grade_that_is_no_number_anywhere_is_no_grade(grade, reason):
    assert GRADE.read(f'{{"mark": "3f", "reason": "", "grade": {grade}}}', "3f") == reason


def test_not_turns_a_verdict_round_and_leaves_a_failure():
    rude = build("llm-rubric", "Polite.", negate=True)
    assert isinstance(rude, Criterion)
    assert rude.read(verdict(**{"pass": True}), "3f") == 0.0
    assert rude.read("no", "3f") == NOT_JSON


def test_a_threshold_makes_a_grade_pass_or_fail():
    criterion = build("g-eval", {"value": "Brief.", "threshold": 0.75})
    assert isinstance(criterion, Criterion)
    assert [criterion.read(verdict(grade=grade), "3f") for grade in (3, 4)] == [0.0, 1.0]


@pytest.mark.parametrize("scorer", ["g-eval", "llm-rubric", "same-meaning"])
def test_a_threshold_that_no_grade_can_reach_is_refused(scorer):
    """`threshold: 4`, meant as grade 4 of 5, made every answer a 0 for ever."""
    with pytest.raises(ScorerArgumentError, match=r"`threshold` is 4; it must be from 0 to 1; grade 4 of 5 is 0\.75"):
        build(scorer, {"value": "Brief.", "threshold": 4})


def test_same_meaning_takes_the_golden_sets_reference_or_waits_for_the_probes_own():
    given_one, own = build("same-meaning", "Yes."), build("same-meaning")
    assert isinstance(own, Criterion)
    assert "Yes." in asked(given_one).messages[1]["content"]
    assert own.question(question="Hi?", answer="Hello.") == NO_REFERENCE
    assert "Good day." in asked(own, reference="Good day.").messages[1]["content"]


def test_only_a_question_without_any_answer_of_the_endpoint_is_frozen():
    frozen = {
        kind.name
        for kind in JUDGED
        for argument in ({"value": "a", "context": "b"}, {"context": "b"}, {"value": "a"}, {})
        for criterion in _built(kind.name, argument)
        if asked(criterion, reference="r").frozen
    }
    assert frozen == {"context-recall", "context-relevance"}


def _built(name, argument):
    try:
        return [build(name, argument)]
    except ScorerArgumentError:
        return []


@pytest.mark.parametrize(
    ("name", "argument", "met"),
    [
        ("llm-rubric", None, "the rubric is None"),
        ("llm-rubric", {"value": "a", "provider": "x"}, "`provider` is not known"),
        ("factuality", "", "is empty"),
        ("context-faithfulness", [], "`context` is empty"),
        ("context-recall", {"context": "a"}, "`value` is missing"),
        ("g-eval", {"value": "a", "threshold": "high"}, "`threshold` is"),
        ("g-eval", {"value": "a", "threshold": -0.1}, "from 0 to 1"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_in_words(name, argument, met):
    with pytest.raises(ScorerArgumentError) as refused:
        build(name, argument)
    assert met in f"{refused.value.met} {refused.value.need}"


def test_every_anchor_can_be_asked_and_every_judged_scorer_has_one():
    for anchor in ANCHORS:
        criterion = build(anchor.scorer, anchor.argument)
        asked(criterion, question=anchor.question, answer=anchor.answer)
    assert {anchor.scorer for anchor in ANCHORS} == {kind.name for kind in JUDGED}
