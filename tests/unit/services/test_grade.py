"""Votes, confirmation, money and what is kept: the judge at work on one replay."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from driftwatch.bootstrap.scoring import build_scorers
from driftwatch.domain.answer import Answer, Question, Reply
from driftwatch.domain.endpoint import Endpoint, Price
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.domain.schedule import Every
from driftwatch.scorers.reference import ReferenceTexts
from driftwatch.scorers.verdict import Scored, Unscored
from driftwatch.services.bench import TIED, Judge, tally
from driftwatch.services.grade import Graded, grade_all, grading_calls, grading_usd
from driftwatch.services.spend import SpendGuard
from driftwatch.services.watched import Watched, WatchedJudge
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel

CENT = Price(input_usd=0.0, output_usd=1e6 / 100)
REFUSED = Unscored("the judge refused")


def probe(scorer: str = "llm-rubric", argument: Any = "Polite.", samples: int = 1) -> Probe:
    spec = ScorerSpec(name=scorer, argument=argument, metric=scorer)
    return Probe(id="p", messages=(Message(role="user", content="Hi?"),), samples=samples, scorers=(spec,))


def endpoint(name: str, **options: Any) -> Endpoint:
    facts = {"model": "scripted/m", "driver": "scripted", "schedule": Every(interval=timedelta(hours=1)), "attempts": 1}
    return Endpoint(name=name, **({"probe_set": ProbeSet(name="g", probes=())} | facts | options))


def watched(one: Probe, model: ScriptedModel, price: Price | None = None, **judge: Any) -> Watched:
    probes = ProbeSet(name="g", probes=(one,))
    facts: dict[str, Any] = {"fingerprint": Fingerprint(parts={}), "metrics": {}, "plans": {}, "routes": {}}
    asked = endpoint("judge/default", price=price, params={"max_tokens": 10, "seed": 7})
    there = Watched(endpoint=asked, model=model, scorers={}, **facts)
    grader = Judge(name="default", endpoint=asked, model=model, **judge)
    return Watched(
        endpoint=endpoint("bot", probe_set=probes),
        model=model,
        scorers=build_scorers(probes)[0],
        judges={"default": WatchedJudge(judge=grader, watched=there)},
        **facts,
    )


def saying(*verdicts: bool | str) -> ScriptedModel:
    """A judge that says these one after the other, the last one for ever."""
    left = list(verdicts)

    def script(question: Question, _chance: Any) -> str:
        said = left.pop(0) if len(left) > 1 else left[0]
        mark = question.messages[0]["content"].partition('"mark": "')[2][:16]
        form = {"statements": [{"text": "a", "yes": True}]} if "statements" in question.messages[0]["content"] else None
        return said if isinstance(said, str) else json.dumps({"mark": mark, "reason": "", **(form or {"pass": said})})

    return ScriptedModel(script)


def grade(here: Watched, *, limit: float | None = None, texts: tuple[str, ...] = (), generation: str = "") -> Graded:
    clock = ManualClock()
    one = here.endpoint.probe_set.probes[0]
    answers = [
        Answer(
            probe_key=one.key,
            sample=n,
            at=clock.now(),
            outcome=Outcome.OK,
            reply=Reply(output=b"Hello.", latency_ms=1.0, finish_reason="stop"),
        )
        for n in range(one.samples)
    ]
    return asyncio.run(
        grade_all(
            answers,
            here,
            {one.key: ReferenceTexts(texts)} if texts else {},
            clock=clock,
            guard=SpendGuard(limit_usd_per_day=limit, clock=clock),
            left_s=60.0,
            generations={"default": generation},
        )
    )


def only(graded: Graded) -> Scored:
    (verdict,) = graded.verdicts.values()
    return verdict


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ([1.0, 0.0, 1.0], 1.0),
        ([0.0, 0.0, 1.0], 0.0),
        ([0.25, 1.0, 0.5], 0.5),
        ([1.0, 1.0, REFUSED], 1.0),
        ([1.0, 0.0, REFUSED], TIED),
        ([1.0, REFUSED, REFUSED], REFUSED),
    ],
)
def test_the_majority_decides_and_failures_have_no_vote(votes: list[Scored], verdict: Scored) -> None:
    assert tally(votes) == verdict


@pytest.mark.parametrize(
    ("said", "verdict", "calls"),
    [
        ([True], 1.0, 1),
        ([False, False], 0.0, 2),
        ([False, True, True], 1.0, 3),
        ([False, True, False], 0.0, 3),
        ([False, "nonsense"], Unscored("the judge's verdict is not one JSON object"), 2),
    ],
)
def test_a_fail_counts_when_a_second_vote_agrees(said: list[Any], verdict: Scored, calls: int) -> None:
    model = saying(*said)
    assert only(grade(watched(probe(), model))) == verdict
    assert len(model.asked) == calls


def test_without_confirmation_one_vote_is_enough() -> None:
    model = saying(False)
    assert only(grade(watched(probe(), model, confirm=False))) == 0.0
    assert len(model.asked) == 1


def test_every_vote_has_a_seed_of_its_own() -> None:
    model = saying(True)
    grade(watched(probe(), model, votes=3))
    assert sorted(question.params["seed"] for question in model.asked) == [7, 8, 9]


def test_a_judge_is_not_asked_beyond_the_days_budget_and_its_money_is_counted() -> None:
    here = watched(probe(samples=3), saying(True), CENT)
    graded = grade(here, limit=0.15)
    assert set(graded.verdicts.values()) == {1.0, Unscored("the judge did not answer: budget")}
    # The scripted judge's verdicts are a few tokens each: what is left after the first ones is too little for a third.
    assert 0 < graded.cost_usd <= 0.15


@pytest.mark.parametrize(("options", "votes"), [({}, 3), ({"confirm": False}, 1), ({"votes": 5}, 5)])
def test_money_is_reserved_for_every_vote_that_an_answer_may_take(options: dict[str, Any], votes: int) -> None:
    """A fail that is confirmed takes up to three calls, and one was reserved: a bad day went over its budget."""
    here = watched(probe(samples=3), saying(True), CENT, **options)
    assert grading_usd(here) == pytest.approx(3 * votes * 0.1)
    assert len(list(grading_calls(here))) == 3 * options.get("votes", 1)


def test_a_grade_is_never_confirmed_and_takes_the_money_of_one_vote() -> None:
    """Only yes and no are asked again."""
    assert grading_usd(watched(probe("g-eval"), saying(True), CENT)) == pytest.approx(0.1)


def test_verdicts_on_frozen_text_are_kept_and_no_others() -> None:
    frozen = watched(probe("context-relevance", {"context": "Hi is a greeting."}), model := saying(True))
    assert [only(grade(frozen)) for _ in range(3)] == [1.0, 1.0, 1.0]
    assert len(model.asked) == 1
    grade(frozen, generation="another")
    assert len(model.asked) == 2
    fresh = watched(probe(), model := saying(True))
    grade(fresh)
    grade(fresh)
    assert len(model.asked) == 2


def test_same_meaning_is_graded_against_the_most_frequent_of_the_probes_own_answers() -> None:
    model = saying(True)
    grade(watched(probe("same-meaning", None), model), texts=("Hey.", "Good day.", "Good day."))
    assert "REFERENCE\nGood day." in model.asked[0].messages[1]["content"]


def test_what_the_judge_calls_itself_is_told() -> None:
    assert grade(watched(probe(), saying(True))).models == {"default": frozenset({"scripted-2026-07-20"})}
