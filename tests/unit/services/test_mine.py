"""Border inputs are found within the calls and the money that were allowed."""

import asyncio
import math
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

import pytest

from driftwatch.domain.answer import Question, Reply, TokenLogprob, Usage
from driftwatch.domain.endpoint import Endpoint, Price
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.probe import ProbeSet
from driftwatch.domain.schedule import Every
from driftwatch.services.border_candidates import candidates
from driftwatch.services.mine import Mined, mine, most_usd
from driftwatch.services.spend import SpendGuard
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel

DOLLAR = Price(input_usd=0.0, output_usd=1e6)  # a dollar a token


def endpoint(price: Price | None = None, top_logprobs: int = 0) -> Endpoint:
    return Endpoint(
        name="bot",
        model="scripted/m",
        driver="scripted",
        probe_set=ProbeSet(name="g", probes=()),
        schedule=Every(interval=timedelta(hours=1)),
        price=price,
        top_logprobs=top_logprobs,
    )


def said(token: str, **top: float) -> Reply:
    logprobs = (TokenLogprob(token=token, logprob=math.log(max(top.values())), top=_logs(top)),) if top else ()
    usage = Usage(input_tokens=1, output_tokens=1)
    return Reply(output=token.encode(), finish_reason="length", latency_ms=5.0, usage=usage, logprobs=logprobs)


def _logs(top: dict[str, float]) -> dict[str, float]:
    return {token: math.log(share) for token, share in top.items()}


def near_tie(question: Question) -> bool:
    return " or " in question.messages[-1]["content"]


def look(script: Any, *, limit: float | None = None, **how: Any) -> tuple[Mined, ScriptedModel]:
    clock, model = ManualClock(), ScriptedModel(script)
    guard = SpendGuard(limit_usd_per_day=limit, clock=clock)
    at = how.pop("endpoint", endpoint())
    return asyncio.run(mine(at, model, clock=clock, guard=guard, **{"calls": 200, "wanted": 5, **how})), model


def counted(question: Question, chance: Random) -> Reply:
    return said("a" if not near_tie(question) or chance.random() < 0.5 else "b")


def listed(question: Question, _chance: Random) -> Reply:
    return said("a", a=0.48, b=0.47) if near_tie(question) else said("a", a=0.98, b=0.01)


def test_ties_are_counted_where_no_chances_are_given() -> None:
    found, model = look(counted, calls=400)
    assert found.inputs
    assert not found.listed
    assert all(" or " in one.prompt and set(one.law) == {"a", "b"} for one in found.inputs)
    assert found.calls == len(model.asked) <= 400


def test_one_call_tells_where_chances_are_given_and_enough_is_enough() -> None:
    found, model = look(listed, endpoint=endpoint(top_logprobs=5), calls=1000)
    assert found.listed
    assert [round(one.margin, 2) for one in found.inputs] == [0.01] * 5
    assert found.calls == found.tried == len(model.asked) < 200
    assert {question.params["max_tokens"] for question in model.asked} == {1}


@pytest.mark.parametrize("calls", [1, 7, 50])
def test_no_more_calls_are_made_than_allowed(calls: int) -> None:
    found, model = look(counted, calls=calls)
    assert found.calls == len(model.asked) == calls


def test_no_more_money_is_spent_than_allowed() -> None:
    found, model = look(counted, endpoint=endpoint(DOLLAR), limit=20.0)
    assert len(model.asked) <= 20
    assert found.cost_usd is not None
    assert found.cost_usd <= 20.0
    assert found.stopped.startswith("budget")


def test_a_refused_key_ends_the_search_at_once() -> None:
    refused = EndpointError("401", outcome=Outcome.AUTH, transient=False)
    found, model = look(lambda _q, _c: refused)
    assert (found.inputs, found.stopped) == ((), "auth: 401")
    assert len(model.asked) <= 16


def test_an_endpoint_that_is_down_ends_the_search_and_nothing_is_said_of_its_tokens() -> None:
    """All of --calls were asked of a dead endpoint, whose first tokens were then called certain."""
    down = EndpointError("503", outcome=Outcome.UNAVAILABLE, transient=True)
    found, model = look(lambda _q, _c: down, calls=400)
    assert (found.inputs, found.tried, found.stopped) == ((), 0, "unavailable: 503")
    assert found.unanswered == {"unavailable": len(model.asked)}
    assert len(model.asked) < 40


def test_questions_that_fail_now_and_then_end_nothing() -> None:
    limited = EndpointError("429", outcome=Outcome.RATE_LIMITED, transient=True)
    found, _ = look(lambda q, c: limited if c.random() < 0.5 else listed(q, c), endpoint=endpoint(top_logprobs=5))
    assert (len(found.inputs), found.listed, found.stopped) == (5, True, "")
    assert 0 < found.unanswered["rate_limited"] == found.calls - found.tried


def test_a_certain_model_has_no_border() -> None:
    found, _ = look(lambda _q, _c: said("a"), calls=60)
    assert (found.inputs, found.stopped) == ((), "")


def test_another_seed_tries_other_prompts_and_no_prompt_comes_twice() -> None:
    first, other = (list(islice(candidates(seed), 300)) for seed in (0, 1))
    assert len(set(first)) == 300
    assert first != other


def test_the_most_that_a_search_can_cost_is_known_beforehand() -> None:
    assert most_usd(endpoint(DOLLAR), 100) == pytest.approx(100.0)
    assert most_usd(endpoint(), 100) == 0.0
