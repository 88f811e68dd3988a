"""Frozen answers by which a judge is watched: what it says of them may not change.

A third passes clearly, a third fails clearly, a third is a matter of measure: there a judge that became stricter or
milder shows first. They are part of a judge's configuration: an edited one begins its baseline anew.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """One frozen answer and what a judge is asked about it.

    Parameters
    ----------
    scorer, argument : str, Any
        As in a golden set.
    """

    scorer: str
    argument: Any = None
    question: str
    answer: str


_RETURNS = "Can I send back the shoes I bought ten days ago?"
_POLICY = "Unworn shoes may be returned within 14 days of delivery, with the receipt. Return postage is free."
_BOIL = "How long do I boil an egg?"
_CAPITAL = "What is the capital of Australia?"
_MOON = "Why does the Moon have phases?"
_LATE = "My parcel is three days late. What now?"

ANCHORS = (
    Anchor(
        scorer="llm-rubric",
        argument="Polite, and states the deadline.",
        question=_RETURNS,
        answer="Of course! You have 14 days from delivery, so there are four days left.",
    ),
    Anchor(
        scorer="llm-rubric",
        argument="Polite, and states the deadline.",
        question=_RETURNS,
        answer="Yes. 14 days.",
    ),
    Anchor(
        scorer="llm-rubric",
        argument="Polite, and states the deadline.",
        question=_RETURNS,
        answer="Did you even read the terms? Look there.",
    ),
    Anchor(
        scorer="llm-rubric",
        argument="Apologises, and names a next step that the customer can take today.",
        question=_LATE,
        answer="I am sorry for the wait. Please check the tracking page; if nothing moved since yesterday, reply here.",
    ),
    Anchor(
        scorer="llm-rubric",
        argument="Apologises, and names a next step that the customer can take today.",
        question=_LATE,
        answer="Unfortunately delays happen in this season. It will surely arrive soon.",
    ),
    Anchor(
        scorer="llm-rubric",
        argument="Explains it so that a child of ten understands.",
        question=_MOON,
        answer="The Sun always lights one half of the Moon. As it goes round us, we see more or less of that half.",
    ),
    Anchor(
        scorer="llm-rubric",
        argument="Explains it so that a child of ten understands.",
        question=_MOON,
        answer="Phases follow from the varying elongation of the illuminated hemisphere relative to the line of sight.",
    ),
    Anchor(
        scorer="model-graded-closedqa",
        argument="It gives a time in minutes.",
        question=_BOIL,
        answer="Soft after 6 minutes, hard after 10.",
    ),
    Anchor(
        scorer="model-graded-closedqa",
        argument="It gives a time in minutes.",
        question=_BOIL,
        answer="About as long as two songs on the radio.",
    ),
    Anchor(
        scorer="model-graded-closedqa",
        argument="It gives a time in minutes.",
        question=_BOIL,
        answer="Until it is done to your liking.",
    ),
    Anchor(
        scorer="factuality",
        argument="The capital of Australia is Canberra.",
        question=_CAPITAL,
        answer="Canberra, which was founded as the capital in 1913.",
    ),
    Anchor(
        scorer="factuality",
        argument="The capital of Australia is Canberra.",
        question=_CAPITAL,
        answer="Sydney.",
    ),
    Anchor(
        scorer="factuality",
        argument="The capital of Australia is Canberra.",
        question=_CAPITAL,
        answer="The seat of government is Canberra, though many think of Sydney as the true capital.",
    ),
    Anchor(
        scorer="same-meaning",
        argument="Yes, within 14 days of delivery, unworn and with the receipt.",
        question=_RETURNS,
        answer="You can: keep the receipt, do not wear them, and send them within two weeks after they arrived.",
    ),
    Anchor(
        scorer="same-meaning",
        argument="Yes, within 14 days of delivery, unworn and with the receipt.",
        question=_RETURNS,
        answer="Yes, within 14 days.",
    ),
    Anchor(
        scorer="same-meaning",
        argument="Yes, within 14 days of delivery, unworn and with the receipt.",
        question=_RETURNS,
        answer="Yes, within 30 days of delivery, unworn and with the receipt.",
    ),
    Anchor(
        scorer="same-meaning",
        argument="Six minutes for a soft egg, ten for a hard one.",
        question=_BOIL,
        answer="A hard egg takes ten minutes and a soft one six; start counting when the water boils.",
    ),
    Anchor(
        scorer="g-eval",
        argument=["Answers the question in the first sentence.", "Needs no prior knowledge."],
        question=_MOON,
        answer="Because we see its sunlit half from changing sides while it goes round us. At new moon it faces away.",
    ),
    Anchor(
        scorer="g-eval",
        argument=["Answers the question in the first sentence.", "Needs no prior knowledge."],
        question=_MOON,
        answer="People have watched the Moon for ages. It is a matter of geometry, and of where the Sun stands.",
    ),
    Anchor(
        scorer="answer-relevance",
        question=_LATE,
        answer="Please look at the tracking page first. By the way, our spring sale has begun: socks are half price.",
    ),
    Anchor(
        scorer="answer-relevance",
        question=_BOIL,
        answer="Eggs are rich in protein and have been eaten for thousands of years.",
    ),
    Anchor(
        scorer="context-faithfulness",
        argument=_POLICY,
        question=_RETURNS,
        answer="Yes: unworn, with the receipt, within 14 days. Postage is free. The refund takes two days.",
    ),
    Anchor(
        scorer="context-recall",
        argument={"value": "Unworn, within 14 days, with the receipt; refund in two days.", "context": _POLICY},
        question=_RETURNS,
        answer="",
    ),
    Anchor(
        scorer="context-relevance",
        argument=f"{_POLICY} Our shop was founded in 1962. It has a café.",
        question=_RETURNS,
        answer="",
    ),
)
