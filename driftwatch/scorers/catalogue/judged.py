"""The scorers that a judge answers for, as golden sets name them: promptfoo's names."""

from driftwatch.scorers import criteria
from driftwatch.scorers.kind import ScorerKind

_REFERENCE = "a text, also as `value:`"
_GRADED = "; `threshold:` makes it 0 or 1"

JUDGED = (
    ScorerKind(
        name="llm-rubric",
        build=criteria.llm_rubric,
        doc="A judge says that the answer meets the rubric.",
        argument="the rubric, in words, also as `value:`",
        example='llm-rubric: "Polite, and states the deadline."',
    ),
    ScorerKind(
        name="g-eval",
        kind="graded",
        build=criteria.g_eval,
        doc="A judge goes through the criteria step by step and grades from 1 to 5, scored as 0 to 1.",
        argument=f"a text or a list of them, also as `value:`{_GRADED}",
        example='g-eval: ["Names every option.", "Needs no prior knowledge."]',
    ),
    ScorerKind(
        name="factuality",
        build=criteria.factuality,
        doc="A judge finds no fact in the answer that contradicts the reference answer.",
        argument=_REFERENCE,
        example='factuality: "The deadline is 14 days after delivery."',
    ),
    ScorerKind(
        name="model-graded-closedqa",
        build=criteria.closed_qa,
        doc="A judge says that the answer meets this one criterion.",
        argument="the criterion, in words, also as `value:`",
        example='model-graded-closedqa: "It asks for the order number."',
    ),
    ScorerKind(
        name="context-faithfulness",
        kind="graded",
        build=criteria.context_faithfulness,
        doc="The share of the answer's statements that, a judge says, follow from the context.",
        argument=f"nothing, then the question holds the context, or the text or texts, also as `context:`{_GRADED}",
        example='context-faithfulness: {context: ["Parcels may be returned within 14 days."], threshold: 1}',
    ),
    ScorerKind(
        name="context-recall",
        kind="graded",
        build=criteria.context_recall,
        doc="The share of the expected answer's statements that, a judge says, the context contains.",
        argument=f"`value:`, the expected answer; `context:`, or the answer itself is the context{_GRADED}",
        example='context-recall: {value: "14 days, unopened, with receipt."}',
    ),
    ScorerKind(
        name="context-relevance",
        kind="graded",
        build=criteria.context_relevance,
        doc="The share of the context's sentences that, a judge says, help to answer the question.",
        argument=f"nothing, then the answer itself is the context, or `context:`{_GRADED}",
        example="context-relevance: {threshold: 0.5}",
    ),
    ScorerKind(
        name="answer-relevance",
        kind="graded",
        build=criteria.answer_relevance,
        doc="A judge grades from 1 to 5, scored as 0 to 1, how well the answer addresses the question, true or not.",
        argument=f"nothing{_GRADED}",
        example="answer-relevance: {threshold: 0.75}",
    ),
    ScorerKind(
        name="same-meaning",
        build=criteria.same_meaning,
        doc="A judge says that the answer means the same as the reference answer.",
        argument="nothing, then the probe's own baseline answer is the reference, or a text, also as `value:`",
        example="same-meaning",
    ),
)
