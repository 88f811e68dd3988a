"""The criteria that judges grade by, under promptfoo's names; each is built from its argument in the golden set."""

from collections.abc import Mapping
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.criterion import Criterion
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.forms import BEST_GRADE, FACTS, GRADE, PASS, STATEMENTS

COMMON = ("judge", "threshold")

_SAME = """\
Do ANSWER and REFERENCE, two answers to QUESTION, mean the same to the person who asked? Wording, order, length, \
formatting and politeness do not count; a different fact, number, name, recommendation or refusal does."""
_FACTS = """\
Compare the facts of ANSWER with those of REFERENCE, the expert's answer to QUESTION. Style, grammar and punctuation \
do not count. Choose one category:
A: the answer's facts are a subset of the reference's, and agree with it.
B: the answer's facts are a superset of the reference's, and agree with it.
C: both have the same facts.
D: they disagree on some fact.
E: they differ, but in nothing that matters for what is true."""
_FAITHFUL = """\
Take ANSWER apart into its single statements of fact, each understandable by itself. For each one decide whether it \
follows from CONTEXT alone, whatever you know otherwise: `yes` if it does."""
_RECALL = """\
Take REFERENCE apart into its single statements of fact. For each one decide whether CONTEXT says it: `yes` if so."""
_RELEVANT_CONTEXT = """\
Take CONTEXT apart into its sentences. For each one decide whether it helps to answer QUESTION: `yes` if it does."""
_RELEVANT_ANSWER = f"""\
How well does ANSWER address QUESTION, true or not? {BEST_GRADE}: all that was asked and nothing beside it; 3: partly, \
or hidden in other matter; 1: not at all."""


def llm_rubric(argument: Any) -> Criterion:
    """Build: the answer meets the rubric."""
    wanted, common = _wanted(argument, "the rubric")
    task = f"Does ANSWER, which was given to QUESTION, meet this rubric? Pass it only if it meets all of it.\n{wanted}"
    return Criterion(name="llm-rubric", task=task, form=PASS, quoted={}, **common)


def g_eval(argument: Any) -> Criterion:
    """Build: how well the answer meets the criteria, 1 to 5."""
    value = argument.get("value") if isinstance(argument, Mapping) else argument
    criteria = arg.texts(value) if isinstance(value, list | tuple) else (arg.text(value, what="the criteria"),)
    listed = "\n".join(f"{n}. {each}" for n, each in enumerate(criteria, 1))
    task = (
        "Think of the steps by which to check these criteria, go through them for ANSWER, which was given to QUESTION, "
        f"and grade how well all of them are met together.\n{listed}"
    )
    return Criterion(name="g-eval", task=task, form=GRADE, quoted={}, **_common(argument))


def factuality(argument: Any) -> Criterion:
    """Build: the answer's facts do not contradict the reference answer's."""
    wanted, common = _wanted(argument, "the reference answer")
    return Criterion(name="factuality", task=_FACTS, form=FACTS, quoted={"reference": wanted}, **common)


def closed_qa(argument: Any) -> Criterion:
    """Build: the answer meets one yes-or-no criterion."""
    wanted, common = _wanted(argument, "the criterion")
    task = f"Does ANSWER, which was given to QUESTION, meet this one criterion? Nothing else counts.\n{wanted}"
    return Criterion(name="model-graded-closedqa", task=task, form=PASS, quoted={}, **common)


def context_faithfulness(argument: Any) -> Criterion:
    """Build: the share of the answer's statements that follow from the context, or else from the question."""
    context, common = _contexts({} if argument is None else argument)
    # In most golden sets the prompt itself holds what was retrieved.
    task = _FAITHFUL if context else _FAITHFUL.replace("CONTEXT", "QUESTION")
    return Criterion(name="context-faithfulness", task=task, form=STATEMENTS, quoted=context, **common)


def context_recall(argument: Any) -> Criterion:
    """Build: the share of the expected statements that the context, or else the answer, says."""
    context, common = _contexts(argument, known=("value", "context"), required=("value",))
    expected = {"reference": arg.text(argument["value"], what="`value`")}
    if not context:
        return Criterion(
            name="context-recall",
            task=_RECALL.replace("CONTEXT", "ANSWER"),
            form=STATEMENTS,
            quoted=expected,
            sees=("answer",),
            **common,
        )
    return Criterion(name="context-recall", task=_RECALL, form=STATEMENTS, quoted=expected | context, sees=(), **common)


def context_relevance(argument: Any) -> Criterion:
    """Build: the share of the context's, or else the answer's, sentences that help to answer the question."""
    context, common = _contexts({} if argument is None else argument)
    if not context:
        task = _RELEVANT_CONTEXT.replace("CONTEXT", "ANSWER")
        return Criterion(name="context-relevance", task=task, form=STATEMENTS, quoted={}, **common)
    sees = ("question",)
    return Criterion(
        name="context-relevance", task=_RELEVANT_CONTEXT, form=STATEMENTS, quoted=context, sees=sees, **common
    )


def answer_relevance(argument: Any) -> Criterion:
    """Build: how well the answer addresses the question."""
    common = _common(arg.options({} if argument is None else argument, known=COMMON))
    return Criterion(name="answer-relevance", task=_RELEVANT_ANSWER, form=GRADE, quoted={}, **common)


def same_meaning(argument: Any) -> Criterion:
    """Build: the answer means what the reference answer means, the probe's own if none is given."""
    given = argument.get("value") if isinstance(argument, Mapping) else argument
    if given is None:
        common = _common(arg.options({} if argument is None else argument, known=("value", *COMMON)))
        return Criterion(name="same-meaning", task=_SAME, form=PASS, quoted={}, own_reference=True, **common)
    wanted, common = _wanted(argument, "the reference answer")
    return Criterion(name="same-meaning", task=_SAME, form=PASS, quoted={"reference": wanted}, **common)


def _wanted(argument: Any, what: str) -> tuple[str, dict[str, Any]]:
    """Return the text that a criterion goes by, given bare or as `value`, and the options of every criterion."""
    if isinstance(argument, Mapping):
        arg.options(argument, known=("value", *COMMON), required=("value",))
        return arg.text(argument["value"], what=what), _common(argument)
    return arg.text(argument, what=what), {}


def _contexts(
    argument: Any, *, known: tuple[str, ...] = ("context",), required: tuple[str, ...] = ()
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the retrieved texts as one, and the options of every criterion."""
    bare = isinstance(argument, str | list | tuple)
    given = {"context": argument} if bare else argument
    found = arg.options(given, known=(*known, *COMMON), required=required).get("context")
    if found is None:
        return {}, _common(given)
    texts = found if isinstance(found, list | tuple) else [found]
    listed = [arg.text(text, what="a context") for text in texts]
    if not listed:
        raise ScorerArgumentError("`context` is empty", "give the retrieved text, or a list of them.")
    return {"context": "\n\n".join(listed)}, _common(given)


def _common(argument: Any) -> dict[str, Any]:
    if not isinstance(argument, Mapping):
        return {}
    unknown = [key for key in argument if key not in ("value", "context", *COMMON)]
    if unknown:
        raise ScorerArgumentError(f"the option `{unknown[0]}` is not known", f"known are: {', '.join(COMMON)}.")
    found: dict[str, Any] = {}
    if argument.get("judge") is not None:
        found["judge"] = arg.text(argument["judge"], what="`judge`")
    if argument.get("threshold") is not None:
        found["threshold"] = _threshold(argument["threshold"])
    return found


def _threshold(given: Any) -> float:
    threshold = arg.number(given, what="`threshold`")
    if not 0 <= threshold <= 1:
        need = "it must be from 0 to 1; grade 4 of 5 is 0.75."
        raise ScorerArgumentError(f"`threshold` is {arg.shown(given)}", need)
    return threshold
