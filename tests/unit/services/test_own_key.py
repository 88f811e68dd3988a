"""Our own key never gets into an answer; a probe that was edited is told as a change on our side."""

import asyncio
from datetime import UTC, datetime, timedelta

from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.domain.schedule import Every
from driftwatch.domain.secret import Secret
from driftwatch.services.ask import ask_all
from driftwatch.services.memory import Memory
from driftwatch.services.spend import SpendGuard
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel


def only(model: ScriptedModel) -> Answer:
    clock = ManualClock()
    endpoint = Endpoint(
        name="bot",
        model="scripted/one",
        driver="scripted",
        api_key=Secret("sk-very-private"),
        probe_set=ProbeSet(name="g", probes=(Probe(id="a", messages=(Message(role="user", content="key?"),)),)),
        schedule=Every(interval=timedelta(hours=1)),
    )
    asked = asyncio.run(ask_all(endpoint, model, clock=clock, guard=SpendGuard(limit_usd_per_day=None, clock=clock)))
    return asked.answers[0]


def test_an_answer_that_echoes_our_key_is_kept_without_it() -> None:
    assert only(ScriptedModel({"key?": "it is sk-very-private, keep it"})).text == "it is ***, keep it"


def test_a_refusal_that_echoes_our_key_is_kept_without_it() -> None:
    """Only the direct driver took it out there; LiteLLM hands on a refusal as it came."""
    model = ScriptedModel(lambda _question, _chance: Reply(output=b"", refusal="not for sk-very-private", latency_ms=1))
    reply = only(model).reply
    assert reply is not None
    assert reply.refusal == "not for ***"


def replay(probes: str) -> ReplayScores:
    return ReplayScores(
        slot=Slot(endpoint="bot", due=datetime(2026, 7, 20, tzinfo=UTC)),
        seq=1,
        epoch=1,
        fingerprint=Fingerprint(parts={"probes": probes, "driver": "direct 1"}),
        asked=1,
        answered=1,
        values={},
    )


def test_an_epoch_remembers_our_side_at_its_first_replay() -> None:
    memory = Memory.decode(Memory().after(replay("old")).after(replay("new")).encode())
    assert memory.changed(replay("old")) == ()
    assert memory.changed(replay("new")) == ("probes",)
