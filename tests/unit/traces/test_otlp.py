"""Traces as a collector on loopback receives them: what is in them, what never is, and what a broken collector does."""

import asyncio
import json
import logging
import re
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from driftwatch.adapters.traces import otlp
from driftwatch.adapters.traces.conventions import CONVENTIONS
from driftwatch.adapters.traces.otlp import SPANS_A_REQUEST, OtlpTraces
from driftwatch.domain.errors import Outcome
from driftwatch.domain.replay import Slot
from driftwatch.services.tick import Ticked, tick
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import START as HERE
from tests.acceptance.world import SmallWorld, capitals, right
from tests.unit.traces.collector import Collector, attributes, collecting
from tests.unit.traces.replays import PROMPT, START, answer, endpoint, probe, replay, scores

PATIENCE = 60.0
SECRET = "sk-very-private"


def redact(text: str) -> str:
    return text.replace(SECRET, "***")


async def told(collector: Collector, *replays, **options) -> OtlpTraces:
    traces = OtlpTraces(collector.url, redact=redact, **{"flush_s": PATIENCE, **options})
    for one in replays:
        traces.tell(*one)
    await traces.aclose()
    return traces


def collected(*replays, status: int = 200, **options) -> Collector:
    async def run() -> Collector:
        async with collecting(status=status) as collector:
            await told(collector, *replays, **options)
        return collector

    return asyncio.run(run())


def one(text: str = "A bright ceiling lamp.", **changes):
    asked = probe()
    return endpoint(asked), replay(answer(asked, text, **changes)), scores(asked)


@pytest.mark.parametrize("semconv", CONVENTIONS)
def test_an_answer_is_a_span_with_the_genai_attributes(semconv: str) -> None:
    # Names: opentelemetry-semantic-conventions 0.63b0 (1.41), gen_ai_attributes.py.
    collector = collected(one(), semconv=semconv)
    child, root = collector.spans
    assert collector.paths == ["/v1/traces"]
    assert (child.trace_id, child.parent_span_id) == (root.trace_id, root.span_id)
    assert (root.name, child.name, child.kind) == (
        "replay support-bot",
        "chat gpt-4.1-2025-04-14",
        child.SPAN_KIND_CLIENT,
    )
    assert child.end_time_unix_nano - child.start_time_unix_nano == 420_000_000
    found = attributes(child)
    assert {key: value for key, value in found.items() if not key.startswith("driftwatch.")} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4.1-2025-04-14",
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 400,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["END"],
        "server.address": "api.openai.com",
        "server.port": 443,
        "gen_ai.response.model": "gpt-4.1-2025-04-14",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.13,
        "gen_ai.usage.input_tokens": 21,
        "gen_ai.usage.output_tokens": 6,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "openai.response.system_fingerprint": "fp_1",
    }
    assert found["driftwatch.probe"] == "lamp"
    assert attributes(root)["driftwatch.slot"] == "2026-07-20T06:00:00Z"
    assert collector.scopes[0].schema_url == (CONVENTIONS[semconv].schema_url or "")


def test_a_score_is_an_evaluation_event_and_unscored_is_not_zero() -> None:
    child, _ = collected(one()).spans
    assert {event.name for event in child.events} == {"gen_ai.evaluation.result"}
    found = {attributes(event)["gen_ai.evaluation.name"]: attributes(event) for event in child.events}
    assert found["contains"]["gen_ai.evaluation.score.value"] == 1.0
    assert found["length"]["gen_ai.evaluation.score.value"] == 22.0
    assert found["is-json"] == {
        "gen_ai.evaluation.name": "is-json",
        "error.type": "unscored",
        "gen_ai.evaluation.explanation": "nested too deeply",
    }


def test_an_answer_that_did_not_come_is_an_error_with_its_name() -> None:
    asked = probe()
    lost = answer(asked, outcome=Outcome.TIMEOUT, reply=None, error=f"timed out on {PROMPT}")
    child, _ = collected((endpoint(asked), replay(lost), ())).spans
    assert (child.status.code, child.status.message) == (child.status.STATUS_CODE_ERROR, "timeout")
    assert attributes(child)["error.type"] == "timeout"
    assert not child.events


def test_texts_are_sent_only_when_asked_for() -> None:
    body = b"".join(collected(one()).bodies)
    for text in (PROMPT, "You sell lamps.", "ceiling", "stock"):
        assert text.encode() not in body
    child, _ = collected(one(), content=True).spans
    found = attributes(child)
    assert json.loads(found["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "You sell lamps."}]},
        {"role": "user", "parts": [{"type": "text", "content": PROMPT}]},
    ]
    [said] = json.loads(found["gen_ai.output.messages"])
    assert said["parts"][0] == {"type": "text", "content": "A bright ceiling lamp."}
    assert said["parts"][1]["name"] == "stock"
    assert said["finish_reason"] == "stop"


def test_secrets_are_nowhere_in_what_is_sent() -> None:
    asked = probe(name="lamp", prompt=f"My key is {SECRET}.")
    lost = answer(asked, outcome=Outcome.AUTH, reply=None, error=f"bad key {SECRET}", sample=1)
    about = (
        endpoint(asked, base_url=f"https://{SECRET}.example/v1"),
        replay(answer(asked, f"It is {SECRET}."), lost),
        scores(asked),
    )
    collector = collected(about, content=True, headers={"authorization": f"Bearer {SECRET}"})
    assert SECRET.encode() not in b"".join(collector.bodies)
    assert collector.headers[0]["authorization"] == f"Bearer {SECRET}"
    assert len(collector.spans) == 3


@pytest.mark.parametrize("text", ["\ud800 half", "\x00 nul", "\u202e turned", "x" * 100_000, ""])
def test_hostile_text_loses_no_span(text: str) -> None:
    child, root = collected(one(text), content=True).spans
    assert root.name == "replay support-bot"
    assert len(attributes(child)["gen_ai.output.messages"]) < 40_000


def test_the_same_replay_told_twice_is_the_same_trace() -> None:
    first, second = collected(one()).spans, collected(one()).spans
    assert [(span.trace_id, span.span_id) for span in first] == [(span.trace_id, span.span_id) for span in second]
    asked = probe()
    later = collected((endpoint(asked), replay(answer(asked), at=START + timedelta(hours=1)), ())).spans
    assert not {span.span_id for span in first} & {span.span_id for span in later}


def test_a_large_replay_is_sent_in_pieces_with_distinct_ids() -> None:
    asked = [probe(f"p{n}") for n in range(150)]
    collector = collected((endpoint(*asked), replay(*map(answer, asked)), ()))
    assert len({span.span_id for span in collector.spans}) == 151
    assert len(collector.bodies) == -(-151 // SPANS_A_REQUEST)


def logged(run) -> list[str]:
    with structlog.testing.capture_logs() as logs:
        asyncio.run(run())
    return [entry["event"] for entry in logs]


def test_a_collector_that_is_away_is_told_once_and_counted(monkeypatch) -> None:
    # So that the thread's own word is heard however busy this machine is.
    monkeypatch.setattr(otlp, "ABORT_S", PATIENCE)

    async def run() -> None:
        async with collecting() as gone:
            pass
        traces = await told(gone, one(), one(), one(), flush_s=0.1)
        assert (traces.lost, traces.dropped) == (3, 0)

    assert logged(run) == ["traces cannot be delivered", "traces were lost"]


def test_a_collector_that_refuses_is_told_and_its_recovery_too() -> None:
    failing = threading.Event()

    class Watched(OtlpTraces):
        def _note(self, why: str | None) -> None:
            super()._note(why)
            failing.set()

    async def run() -> None:
        async with collecting(status=400) as collector:
            traces = Watched(collector.url, redact=redact, flush_s=PATIENCE)
            traces.tell(*one())
            await asyncio.to_thread(failing.wait)
            collector.status = 200
            traces.tell(*one())
            await traces.aclose()
            assert traces.lost == 1
            assert len(collector.spans) == 2

    assert logged(run) == ["traces cannot be delivered", "traces are taken again", "traces were lost"]


def test_a_collector_that_hangs_costs_nothing_but_traces() -> None:
    async def run() -> None:
        gate = asyncio.Event()
        async with collecting(gate=gate) as collector:
            traces = OtlpTraces(collector.url, redact=redact, waiting=3, flush_s=PATIENCE)
            traces.tell(*one())
            await collector.arrived.wait()
            # The first one is with the collector; three wait; the others are dropped. If `tell` waited, this would never end.
            for _ in range(9):
                traces.tell(*one())
            assert traces.dropped == 6
            gate.set()
            await traces.aclose()
            assert len(collector.spans) == 8

    assert logged(run) == ["traces are dropped: the collector takes them too slowly", "traces were lost"]


def test_keys_do_not_follow_a_redirect() -> None:
    async def run() -> None:
        async with collecting() as thief, collecting(status=307, location=f"{thief.url}/v1/traces") as collector:
            traces = await told(collector, one(), headers={"x-api-key": SECRET})
            assert traces.lost == 1
            assert thief.paths == []

    asyncio.run(run())


def test_an_address_with_a_path_is_taken_as_it_is() -> None:
    async def run() -> None:
        async with collecting() as collector:
            traces = OtlpTraces(f"{collector.url}/otlp/v1/traces", redact=redact, flush_s=PATIENCE)
            traces.tell(*one())
            await traces.aclose()
            assert collector.paths == ["/otlp/v1/traces"]

    asyncio.run(run())


def test_the_libraries_own_log_stays_silent(caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        collected(one(), status=500)
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


@pytest.mark.parametrize(
    ("kind", "path"), [("phoenix", "/v1/span_annotations"), ("mlflow", r"/api/3.0/mlflow/traces/tr-\w{32}/assessments")]
)
def test_the_golden_sets_own_scores_go_where_the_server_shows_them(kind: str, path: str) -> None:
    collector = collected(one(), scores=kind)
    child = collector.spans[0]
    sent = collector.posted[0]["data"] if kind == "phoenix" else [body["assessment"] for body in collector.posted]
    assert all(re.fullmatch(path, taken) for taken in collector.paths[1:])
    assert {item.get("name") or item["assessment_name"] for item in sent} == {"contains", "is-json"}
    assert {item["span_id"] for item in sent} == {child.span_id.hex()}
    assert "0.0" not in json.dumps(sent)


@pytest.mark.parametrize("broken", [False, True])
def test_a_replay_is_recorded_the_same_whatever_becomes_of_its_trace(broken: bool, tmp_path: Path) -> None:
    async def run() -> tuple[int, int]:
        world = SmallWorld(tmp_path, ScriptedModel(right(3)), probes=capitals(3))
        async with collecting(status=500 if broken else 200) as collector:
            traces = OtlpTraces(collector.url, redact=redact, flush_s=PATIENCE)
            slot = Slot(endpoint="support-bot", due=HERE)
            assert await tick(world.watched, slot, replace(world.world, traces=traces)) is Ticked.REPLAYED
            await traces.aclose()
            return len(world.store.answers("support-bot", slot)), len(collector.spans)

    answers, spans = asyncio.run(run())
    assert (answers, spans) == (3, 0 if broken else 4)
