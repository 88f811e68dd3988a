"""Asking a golden set: retries, money, time, order, pauses."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from driftwatch.domain.answer import Answer, Question, Reply, Usage
from driftwatch.domain.endpoint import Endpoint, Price
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.schedule import Every
from driftwatch.domain.secret import Secret
from driftwatch.services.ask import Asked, ask_all
from driftwatch.services.concurrency import Pace
from driftwatch.services.ports import LanguageModel
from driftwatch.services.spend import SpendGuard
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel

DOLLAR = Price(input_usd=0.0, output_usd=1e6 / 100)  # a cent a token


def endpoint(*probes: Probe, **options: Any) -> Endpoint:
    settings: dict[str, Any] = {
        "name": "bot",
        "model": "scripted/m",
        "driver": "scripted",
        "params": {"max_tokens": 10},
    }
    return Endpoint(
        **{**settings, **options},
        probe_set=ProbeSet(name="golden", probes=probes or (probe("p"),)),
        schedule=Every(interval=timedelta(hours=1)),
    )


def probe(name: str, *messages: Message, **options: Any) -> Probe:
    return Probe(id=name, messages=messages or (Message(role="user", content=name),), **options)


def trouble(
    outcome: Outcome, *, transient: bool = True, wait_s: float | None = None, text: str = "no"
) -> EndpointError:
    return EndpointError(text, outcome=outcome, transient=transient, retry_after_s=wait_s)


def says(*lines: Any) -> Callable[..., Any]:
    """Say one line after the other, the last one for ever."""
    left: Iterator[Any] = iter(lines)
    last = [lines[-1]]

    def script(_question: Question, _chance: Any) -> Any:
        return next(left, last[0])

    return script


def run(
    where: Endpoint, model: LanguageModel, *, clock: ManualClock | None = None, usd: float | None = None, **options: Any
) -> Asked:
    ours = clock or ManualClock()
    guard = options.pop("guard", None) or SpendGuard(limit_usd_per_day=usd, clock=ours)
    return asyncio.run(ask_all(where, model, clock=ours, guard=guard, **options))


def only(asked: Asked) -> Answer:
    [answer] = asked.answers
    return answer


# -- retries -----------------------------------------------------------------------------------


def test_a_transient_failure_is_asked_again_and_the_attempts_are_counted() -> None:
    model = ScriptedModel(says(trouble(Outcome.UNAVAILABLE), trouble(Outcome.NETWORK), "fine"))
    answer = only(run(endpoint(), model))
    assert (answer.outcome, answer.text, answer.attempts) == (Outcome.OK, "fine", 3)


def test_the_last_failure_is_the_outcome_when_the_attempts_are_used_up() -> None:
    model = ScriptedModel(says(trouble(Outcome.NETWORK), trouble(Outcome.UNAVAILABLE, text="still down")))
    answer = only(run(endpoint(attempts=4), model))
    assert (answer.outcome, answer.error, answer.attempts) == (Outcome.UNAVAILABLE, "still down", 4)
    assert len(model.asked) == 4


@pytest.mark.parametrize("outcome", [Outcome.AUTH, Outcome.NOT_FOUND, Outcome.BAD_REQUEST, Outcome.PROTOCOL])
def test_a_permanent_failure_is_not_asked_again(outcome: Outcome) -> None:
    model = ScriptedModel(says(trouble(outcome, transient=False), "too late"))
    answer = only(run(endpoint(), model))
    assert (answer.outcome, answer.attempts, answer.reply) == (outcome, 1, None)


def test_retry_after_is_honoured() -> None:
    clock = ManualClock()
    model = ScriptedModel(says(trouble(Outcome.RATE_LIMITED, wait_s=30.0), "fine"))
    assert only(run(endpoint(), model, clock=clock)).outcome is Outcome.OK
    [slept] = clock.slept
    assert 30.0 <= slept <= 30.5


def test_a_retry_after_beyond_the_replays_time_gives_up_at_once() -> None:
    clock = ManualClock()
    model = ScriptedModel(says(trouble(Outcome.RATE_LIMITED, wait_s=90.0), "fine"))
    answer = only(run(endpoint(), model, clock=clock, time_limit_s=60.0))
    assert (answer.outcome, answer.attempts, clock.slept) == (Outcome.RATE_LIMITED, 1, [])


def test_waits_grow_and_are_spread() -> None:
    clock = ManualClock()
    run(endpoint(attempts=5), ScriptedModel(says(trouble(Outcome.NETWORK))), clock=clock)
    assert len(clock.slept) == 4
    for slept, nominal in zip(clock.slept, (0.5, 1.0, 2.0, 4.0), strict=True):
        assert 0.5 * nominal <= slept < 1.5 * nominal


def test_an_attempt_gets_no_more_time_than_the_replay_has_left() -> None:
    model = ScriptedModel()
    run(endpoint(), model, time_limit_s=5.0)
    assert model.asked[0].deadline_s == 5.0


def test_what_was_not_asked_in_time_is_cancelled_and_names_no_culprit() -> None:
    clock = ManualClock()

    def slow(_question: Question, _chance: Any) -> str:
        clock.advance(timedelta(seconds=40))
        return "late"

    asked = run(
        endpoint(*(probe(f"p{n}") for n in range(4))),
        ScriptedModel(slow),
        clock=clock,
        time_limit_s=60.0,
        pace=Pace(most=1),
    )
    assert [a.outcome for a in asked.answers] == [Outcome.OK, Outcome.OK, Outcome.CANCELLED, Outcome.CANCELLED]
    assert asked.answers[-1].attempts == 0


def test_a_defect_of_a_driver_costs_one_answer_and_shows_no_secret() -> None:
    class Broken(LanguageModel):
        identity = "broken"

        async def ask(self, question: Question) -> Reply:
            raise ZeroDivisionError(f"key sk-secret-1234 {'x' * 1000}")

    answer = only(run(endpoint(api_key=Secret("sk-secret-1234")), Broken()))
    assert (answer.outcome, answer.attempts) == (Outcome.PROTOCOL, 1)
    assert answer.error is not None
    assert answer.error.startswith("the driver failed with ZeroDivisionError: key ***")
    assert len(answer.error) <= 500


def test_cancellation_passes_through() -> None:
    class Hanging(LanguageModel):
        identity = "hanging"

        async def ask(self, question: Question) -> Reply:
            await asyncio.Event().wait()
            raise AssertionError

    async def cancelled() -> None:
        clock = ManualClock()
        guard = SpendGuard(limit_usd_per_day=None, clock=clock)
        task = asyncio.create_task(ask_all(endpoint(), Hanging(), clock=clock, guard=guard))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


# -- order and concurrency ---------------------------------------------------------------------


def test_answers_come_in_the_golden_sets_order_whatever_came_first() -> None:
    class Backwards(LanguageModel):
        identity = "backwards"

        async def ask(self, question: Question) -> Reply:
            number = int(question.messages[-1]["content"])
            await asyncio.sleep(0.02 - number * 0.002)
            return Reply(output=str(number).encode(), latency_ms=1.0)

    probes = [probe(str(n), samples=2) for n in range(8)]
    asked = run(endpoint(*probes), Backwards(), pace=Pace(limit=16))
    assert [(a.probe_id, a.sample, a.text) for a in asked.answers] == [
        (str(n), sample, str(n)) for n in range(8) for sample in (0, 1)
    ]
    assert asked.loop_lag_ms is not None


def test_no_more_questions_are_in_flight_than_the_endpoint_allows() -> None:
    class Counting(LanguageModel):
        identity = "counting"
        inside = most = 0

        async def ask(self, question: Question) -> Reply:
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.001)
            self.inside -= 1
            return Reply(output=b"", latency_ms=1.0)

    model = Counting()
    run(endpoint(*(probe(str(n)) for n in range(60)), concurrency=6), model)
    assert model.most == 6


def test_waiting_for_a_retry_holds_no_place() -> None:
    clock = ManualClock()
    first = trouble(Outcome.UNAVAILABLE)
    lines = {"a": iter([first, "late"]), "b": iter(["soon"])}
    order: list[str] = []

    def script(question: Question, _chance: Any) -> Any:
        prompt = question.messages[-1]["content"]
        order.append(prompt)
        return next(lines[prompt])

    run(endpoint(probe("a"), probe("b")), ScriptedModel(script), clock=clock, pace=Pace(limit=1, most=1))
    assert order == ["a", "b", "a"]


# -- money -------------------------------------------------------------------------------------


def spending(tokens: int | None) -> Callable[..., Reply]:
    return lambda *_: Reply(output=b"x", latency_ms=1.0, usage=Usage(input_tokens=1, output_tokens=tokens))


def test_an_exhausted_budget_is_a_named_outcome_and_nothing_is_asked() -> None:
    model = ScriptedModel()
    answer = only(run(endpoint(price=DOLLAR), model, usd=0.05))
    assert (answer.outcome, answer.attempts, model.asked) == (Outcome.BUDGET, 0, [])
    assert "budget.usd_per_day" in (answer.error or "")


def test_money_is_guarded_before_each_attempt_not_before_each_probe() -> None:
    # Each attempt is reserved at 10 cents and a timeout may have been billed: the third does not fit into 25.
    model = ScriptedModel(says(trouble(Outcome.TIMEOUT)))
    answer = only(run(endpoint(price=DOLLAR, attempts=5), model, usd=0.25))
    assert (answer.outcome, answer.attempts) == (Outcome.TIMEOUT, 2)
    assert answer.cost_usd == pytest.approx(0.20)


def test_what_a_reply_really_cost_is_settled() -> None:
    # 10 cents are reserved, 2 are spent: of 20 cents, 10 answers get theirs only if each gives back the rest.
    probes = [probe(str(n)) for n in range(10)]
    clock = ManualClock()
    guard = SpendGuard(limit_usd_per_day=0.29, clock=clock)
    asked = run(
        endpoint(*probes, price=DOLLAR),
        ScriptedModel(spending(2)),
        clock=clock,
        guard=guard,
        pace=Pace(limit=1, most=1),
    )
    assert [a.outcome for a in asked.answers] == [Outcome.OK] * 10
    assert asked.answers[0].cost_usd == pytest.approx(0.02)
    assert guard.spent_usd == pytest.approx(0.20)


def test_a_refused_request_costs_nothing() -> None:
    clock = ManualClock()
    guard = SpendGuard(limit_usd_per_day=1.0, clock=clock)
    run(endpoint(price=DOLLAR), ScriptedModel(says(trouble(Outcome.UNAVAILABLE))), clock=clock, guard=guard)
    assert guard.spent_usd == 0.0


def test_without_a_price_questions_are_asked_and_their_cost_is_unknown_not_zero() -> None:
    answer = only(run(endpoint(), ScriptedModel(), usd=0.000001))
    assert (answer.outcome, answer.cost_usd) == (Outcome.OK, None)


def test_without_token_counts_the_cost_is_unknown_but_the_estimate_is_kept_aside() -> None:
    clock = ManualClock()
    guard = SpendGuard(limit_usd_per_day=1.0, clock=clock)
    answer = only(run(endpoint(price=DOLLAR), ScriptedModel(spending(None)), clock=clock, guard=guard))
    assert answer.cost_usd is None
    assert guard.spent_usd == pytest.approx(0.10)


# -- conversations -----------------------------------------------------------------------------


def user(content: str, wait_s: float = 0.0) -> Message:
    return Message(role="user", content=content, wait_s=wait_s)


def roles_and_words(question: Question) -> Sequence[tuple[str, str]]:
    return [(m["role"], m["content"]) for m in question.messages]


def test_before_a_pause_the_conversation_so_far_is_sent_and_its_answer_goes_in() -> None:
    clock = ManualClock()
    model = ScriptedModel(says("Hello.", "Yes."))
    answer = only(run(endpoint(probe("idle", user("Hi."), user("Still there?", 600.0))), model, clock=clock))
    first, second = map(roles_and_words, model.asked)
    assert first == [("user", "Hi.")]
    assert second == [("user", "Hi."), ("assistant", "Hello."), ("user", "Still there?")]
    assert (answer.text, answer.attempts, clock.slept) == ("Yes.", 2, [600.0])


def test_an_answer_fixed_by_the_golden_set_stays_as_it_is() -> None:
    model = ScriptedModel(says("Something else.", "Yes."))
    fixed = Message(role="assistant", content="Hello.")
    run(endpoint(probe("idle", user("Hi."), fixed, user("Still there?", 600.0))), model)
    first, second = map(roles_and_words, model.asked)
    assert first == [("user", "Hi.")]
    assert second == [("user", "Hi."), ("assistant", "Hello."), ("user", "Still there?")]


def test_costs_of_a_conversation_are_summed() -> None:
    where = endpoint(probe("idle", user("Hi."), user("Still there?", 60.0)), price=DOLLAR)
    assert only(run(where, ScriptedModel(spending(3)))).cost_usd == pytest.approx(0.06)


def test_a_conversation_that_breaks_before_its_pause_is_not_waited_for() -> None:
    clock = ManualClock()
    model = ScriptedModel(says(trouble(Outcome.AUTH, transient=False)))
    answer = only(run(endpoint(probe("idle", user("Hi."), user("Still?", 600.0))), model, clock=clock))
    assert (answer.outcome, clock.slept) == (Outcome.AUTH, [])


def test_a_pause_longer_than_the_replay_is_kept_for_the_deadline_counts_asking_only() -> None:
    clock = ManualClock()
    where = endpoint(probe("idle", user("Hi."), user("Still?", 7200.0), user("And now?", 7200.0)))
    answer = only(run(where, ScriptedModel(), clock=clock))
    assert (answer.outcome, clock.slept) == (Outcome.OK, [7200.0, 7200.0])


def test_what_was_asked_before_a_pause_still_counts() -> None:
    """Half of the 100 s are spent before the pause, and more than the other half after it, by a vendor that retries."""
    clock = ManualClock()
    model = ScriptedModel(
        says(trouble(Outcome.RATE_LIMITED, wait_s=50.0), "Hi.", trouble(Outcome.NETWORK, wait_s=60.0))
    )
    answer = only(
        run(endpoint(probe("idle", user("Hi."), user("Still?", 7200.0))), model, clock=clock, time_limit_s=100.0)
    )
    assert (answer.outcome, 7200.0 in clock.slept) == (Outcome.NETWORK, True)
    assert not [s for s in clock.slept if 60.0 <= s < 7200.0]


class PausedClock(ManualClock):
    """A clock on which pauses end when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.over.wait()


def test_a_pause_holds_up_no_other_probe() -> None:
    clock = PausedClock()
    idle = [probe(f"idle-{n}", user(f"Hi {n}."), user("Still?", 3600.0)) for n in range(4)]
    where = endpoint(*idle, *(probe(f"quick-{n}") for n in range(20)), concurrency=2)
    model = ScriptedModel()

    async def scene() -> Asked:
        guard = SpendGuard(limit_usd_per_day=None, clock=clock)
        asking = asyncio.create_task(ask_all(where, model, clock=clock, guard=guard, pace=Pace(most=2)))
        while len(model.asked) < 24:  # noqa: ASYNC110 -- nothing else tells that the twenty are through
            await asyncio.sleep(0)
        assert clock.slept == [3600.0] * 4
        clock.over.set()
        return await asking

    assert {answer.outcome for answer in asyncio.run(scene()).answers} == {Outcome.OK}
    assert len(model.asked) == 28


# -- tools -------------------------------------------------------------------------------------


def tool_call(name: str, arguments: str = "{}", id_: str | None = "c1") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: dict[str, Any], text: str = "") -> Reply:
    return Reply(output=text.encode(), tool_calls=calls, finish_reason="tool_calls", latency_ms=1.0)


STOCK = {"type": "function", "function": {"name": "stock"}}
PRICE = {"type": "function", "function": {"name": "price"}}


def agent(**results: str) -> Probe:
    return probe("agent", user("Is the lamp in stock?"), tools=(STOCK, PRICE), tool_results=results)


def test_tool_definitions_are_sent_and_calls_without_a_fixed_result_are_the_answer() -> None:
    model = ScriptedModel(says(calling(tool_call("stock", '{"item": "lamp"}'))))
    answer = only(run(endpoint(probe("p", tools=(STOCK,))), model))
    assert model.asked[0].tools == (STOCK,)
    assert (len(model.asked), answer.text, answer.finish_reason) == (1, "", "tool_calls")
    assert answer.tool_calls == (tool_call("stock", '{"item": "lamp"}'),)


def test_calls_get_their_fixed_results_until_the_model_answers_and_all_calls_are_kept_in_order() -> None:
    first = calling(tool_call("stock", id_=None), tool_call("price", {"eur": True}, "c2"), text="Let me see.")  # type: ignore[arg-type]
    model = ScriptedModel(says(first, calling(tool_call("stock", id_="c3")), "Three are left."))
    answer = only(run(endpoint(agent(stock="3", price='{"eur": 40}')), model))
    assert (answer.text, answer.attempts, len(answer.tool_calls)) == ("Three are left.", 3, 3)
    assert [call["function"]["name"] for call in answer.tool_calls] == ["stock", "price", "stock"]
    sent = model.asked[1].messages
    assert sent[1]["content"] == "Let me see."
    assert [call["id"] for call in sent[1]["tool_calls"]] == ["call_0", "c2"]
    assert sent[1]["tool_calls"][1]["function"]["arguments"] == '{"eur": true}'
    assert [(m["tool_call_id"], m["content"]) for m in sent[2:]] == [("call_0", "3"), ("c2", '{"eur": 40}')]
    assert len(model.asked[2].messages) == 6


def test_a_call_that_has_no_fixed_result_ends_the_conversation_there() -> None:
    model = ScriptedModel(says(calling(tool_call("stock"), tool_call("price", id_="c2"))))
    answer = only(run(endpoint(agent(stock="3")), model))
    assert (len(model.asked), len(answer.tool_calls)) == (1, 2)


def test_a_model_that_calls_for_ever_is_stopped() -> None:
    model = ScriptedModel(says(calling(tool_call("stock"))))
    answer = only(run(endpoint(agent(stock="3")), model))
    assert (len(model.asked), len(answer.tool_calls), answer.outcome) == (8, 8, Outcome.OK)


def test_a_failure_after_a_tool_is_no_answer_and_its_costs_are_summed() -> None:
    first = replace(calling(tool_call("stock")), usage=Usage(input_tokens=1, output_tokens=3))
    model = ScriptedModel(says(first, trouble(Outcome.AUTH, transient=False)))
    answer = only(run(endpoint(agent(stock="3"), price=DOLLAR), model))
    assert (answer.outcome, answer.reply, answer.attempts) == (Outcome.AUTH, None, 2)
    assert answer.cost_usd == pytest.approx(0.03)


def test_tools_called_before_a_pause_count_as_those_after_it() -> None:
    talk = probe("idle", user("Stock?"), user("And now?", 60.0), tools=(STOCK,), tool_results={"stock": "3"})
    model = ScriptedModel(
        says(calling(tool_call("stock")), "Three.", calling(tool_call("stock", id_="c2")), "Still three.")
    )
    answer = only(run(endpoint(talk), model))
    assert (answer.text, len(answer.tool_calls)) == ("Still three.", 2)
    assert [m["role"] for m in model.asked[-1].messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant",
        "tool",
    ]


def test_our_own_key_in_a_tools_arguments_is_not_kept() -> None:
    model = ScriptedModel(says(calling(tool_call("stock", '{"note": "sk-secret-key"}'))))
    answer = only(run(endpoint(probe("p", tools=(STOCK,)), api_key=Secret("sk-secret-key")), model))
    assert answer.tool_calls[0]["function"]["arguments"] == '{"note": "***"}'


def test_a_system_prompt_alone_is_not_sent_before_a_pause() -> None:
    model = ScriptedModel()
    run(endpoint(probe("idle", Message(role="system", content="Be brief."), user("Hi.", 5.0))), model)
    assert len(model.asked) == 1
