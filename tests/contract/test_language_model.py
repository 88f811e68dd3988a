"""One suite for every LanguageModel, the fake included: what services may rely on."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.llm.direct import DirectModel
from driftwatch.adapters.llm.litellm import LiteLLMModel
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import LanguageModel
from driftwatch.testing.behaviours import Behaviour, say, status
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.server import ChatRequest, ScriptedServer

KEY = Secret("sk-contract-0123456789")
# Anything a model may say, NUL and lone surrogates included.
ANYTHING = st.text(st.characters(), min_size=1, max_size=60)
RATE_LIMITED = EndpointError("slow down", outcome=Outcome.RATE_LIMITED, transient=True, retry_after_s=7.0)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def question(prompt: str = "Say it.", **options: Any) -> Question:
    return Question(messages=({"role": "user", "content": prompt},), **{"deadline_s": 20.0, **options})


class LanguageModelContract(ABC):
    @abstractmethod
    def model_that_says(self, says: "str | EndpointError | None") -> LanguageModel:
        """Return a model that says this, or the prompt itself for None."""

    def ask(self, model: LanguageModel, *questions: Question) -> list[Reply]:
        async def asked() -> list[Reply]:
            try:
                return await asyncio.gather(*map(model.ask, questions))
            finally:
                await model.aclose()
                await model.aclose()

        return asyncio.run(asked())

    @given(text=ANYTHING)
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def test_every_text_survives_as_bytes(self, text: str) -> None:
        [reply] = self.ask(self.model_that_says(text), question())
        # Two escapes that make one character are one character: that is what JSON says.
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        assert reply.output in (text.encode("utf-8", "surrogatepass"), joined.encode("utf-8", "surrogatepass"))

    def test_a_reply_tells_what_answered_and_how_long_it_took(self) -> None:
        [reply] = self.ask(self.model_that_says("one two"), question())
        assert reply.model == "scripted-2026-07-20"
        assert reply.finish_reason == "stop"
        assert reply.usage.output_tokens == 2
        assert reply.latency_ms > 0

    def test_concurrent_questions_get_their_own_answers(self) -> None:
        prompts = [f"prompt {n}" for n in range(20)]
        replies = self.ask(self.model_that_says(None), *map(question, prompts))
        assert [reply.output.decode() for reply in replies] == prompts

    def test_a_rate_limit_is_transient_and_says_how_long_to_wait(self) -> None:
        with pytest.raises(EndpointError) as caught:
            self.ask(self.model_that_says(RATE_LIMITED), question())
        error = caught.value
        assert (error.outcome, error.transient, error.retry_after_s) == (Outcome.RATE_LIMITED, True, 7.0)

    def test_log_probabilities_come_when_asked_and_only_then(self) -> None:
        model = self.model_that_says("one two")
        [without] = self.ask(model, question())
        [with_them] = self.ask(model, question(top_logprobs=2))
        assert without.logprobs == ()
        assert len(with_them.logprobs) == 2
        assert all(token.logprob <= 0 and token.top for token in with_them.logprobs)

    def test_identity_is_known_before_the_first_question_and_does_not_change(self) -> None:
        first, second = self.model_that_says("a"), self.model_that_says("b")
        assert first.identity == second.identity != ""


class TestScriptedModel(LanguageModelContract):
    def model_that_says(self, says: str | EndpointError | None) -> LanguageModel:
        return ScriptedModel(lambda q, _: q.messages[-1]["content"] if says is None else says)

    def test_it_drifts_at_the_moment_it_was_told(self) -> None:
        from driftwatch.testing.clock import ManualClock

        clock = ManualClock(datetime(2026, 7, 20, 23, 59, 59, tzinfo=UTC))
        model = ScriptedModel(lambda *_: "old", clock=clock)
        model.drift(lambda *_: "new", at=datetime(2026, 7, 21, tzinfo=UTC))
        [before] = self.ask(model, question())
        asyncio.run(clock.sleep(1))
        [after] = self.ask(model, question())
        assert (before.output, after.output) == (b"old", b"new")

    def test_concurrency_and_order_do_not_change_what_it_says(self) -> None:
        def script() -> ScriptedModel:
            return ScriptedModel({p: {"a": 0.5, "b": 0.5} for p in "xyz"}, seed=3)

        there = self.ask(script(), *map(question, "xyzxyz"))
        back = self.ask(script(), *map(question, "zyxzyx"))
        assert sorted(r.output for r in there) == sorted(r.output for r in back)
        assert [r.output for r in there[:3]] == [r.output for r in back[:3]][::-1]


class OverHttp(LanguageModelContract):
    server: ScriptedServer

    @pytest.fixture(autouse=True)
    def _serve(self, server: ScriptedServer) -> None:
        self.server = server

    @abstractmethod
    def model(self) -> LanguageModel: ...

    def model_that_says(self, says: str | EndpointError | None) -> LanguageModel:
        def behave(request: ChatRequest) -> Behaviour:
            if isinstance(says, EndpointError):
                return status(429, str(says), headers={"Retry-After": "7"})
            return say(request.prompt if says is None else says)

        self.server.behave = behave
        return self.model()

    def test_tools_are_offered_their_calls_come_back_and_so_do_their_results(self) -> None:
        tool = {"type": "function", "function": {"name": "stock", "parameters": {"type": "object", "properties": {}}}}
        called = {"id": "c1", "type": "function", "function": {"name": "stock", "arguments": '{"lamp": "Heron"}'}}
        talk = (
            {"role": "user", "content": "Stock?"},
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": "c1", "content": "3"},
        )
        seen: list[ChatRequest] = []

        def behave(request: ChatRequest) -> Behaviour:
            seen.append(request)
            answered = request.body["messages"][-1]["role"] == "tool"
            return say("Three.") if answered else say(None, tool_calls=(called,), finish_reason="tool_calls")

        self.server.behave = behave
        asked = [Question(messages=talk[:1], tools=(tool,), deadline_s=20.0)]
        asked.append(Question(messages=talk, tools=(tool,), deadline_s=20.0))
        [first] = self.ask(self.model(), asked[0])
        [second] = self.ask(self.model(), asked[1])
        assert [request.body["tools"] for request in seen] == [[tool], [tool]]
        assert not [key for request in seen for key in request.body if key.startswith("_")]
        assert (first.output, first.finish_reason) == (b"", "tool_calls")
        assert [{key: call[key] for key in called} for call in first.tool_calls] == [called]
        assert seen[1].body["messages"][1]["tool_calls"] == [called]
        assert (second.output, tuple(second.tool_calls)) == (b"Three.", ())


class TestDirectModel(OverHttp):
    def model(self) -> LanguageModel:
        return DirectModel(model="m", base_url=self.server.base_url, clock=SystemClock(), api_key=KEY)


class TestDirectModelUnstreamed(TestDirectModel):
    def ask(self, model: LanguageModel, *questions: Question) -> list[Reply]:
        from dataclasses import replace

        return super().ask(model, *(replace(q, params={"stream": False}) for q in questions))


class TestLiteLLMModel(OverHttp):
    def model(self) -> LanguageModel:
        return LiteLLMModel(model="openai/m", base_url=self.server.base_url, clock=SystemClock(), api_key=KEY)


class TestLiteLLMModelByAnotherRoute(OverHttp):
    def model(self) -> LanguageModel:
        return LiteLLMModel(model="hosted_vllm/m", base_url=self.server.base_url, clock=SystemClock(), api_key=KEY)
