"""Replays to be told."""

from datetime import UTC, datetime, timedelta
from typing import Any

from driftwatch.domain.answer import Answer, Reply, Usage
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.domain.schedule import Every
from driftwatch.scorers.verdict import Unscored

START = datetime(2026, 7, 20, 6, tzinfo=UTC)
PROMPT = "Which lamp do you advise for a kitchen?"


def probe(name: str = "lamp", prompt: str = PROMPT) -> Probe:
    return Probe(
        id=name,
        messages=(Message(role="system", content="You sell lamps."), Message(role="user", content=prompt)),
        scorers=(ScorerSpec(name="contains", argument="lamp", metric="contains"), ScorerSpec(name="is-json", metric="is-json")),
    )  # fmt: skip


def endpoint(*probes: Probe, **changes: Any) -> Endpoint:
    given: dict[str, Any] = {
        "name": "support-bot",
        "model": "openai/gpt-4.1-2025-04-14",
        "driver": "direct",
        "base_url": "https://api.openai.com/v1",
        "params": {"temperature": 0, "max_tokens": 400, "seed": 7, "stop": "END"},
        "probe_set": ProbeSet(name="lamps", probes=probes or (probe(),)),
        "schedule": Every(interval=timedelta(hours=1)),
    }
    return Endpoint(**{**given, **changes})


def answer(asked: Probe, text: str = "A bright ceiling lamp.", **changes: Any) -> Answer:
    reply = Reply(
        output=text.encode("utf-8", "surrogatepass"),
        finish_reason="stop",
        model="gpt-4.1-2025-04-14",
        system_fingerprint="fp_1",
        usage=Usage(input_tokens=21, output_tokens=6, reasoning_tokens=2, cached_tokens=4),
        latency_ms=420.0,
        ttft_ms=130.0,
        tool_calls=({"id": "c1", "type": "function", "function": {"name": "stock", "arguments": "{}"}},),
    )
    given: dict[str, Any] = {
        "probe_key": asked.key,
        "at": START,
        "outcome": Outcome.OK,
        "reply": reply,
        "cost_usd": 0.0004,
    }
    return Answer(**{**given, **changes})


def replay(*answers: Answer, at: datetime = START, name: str = "support-bot") -> Replay:
    return Replay(
        slot=Slot(endpoint=name, due=at),
        epoch=3,
        started_at=START,
        finished_at=START + timedelta(seconds=2),
        fingerprint=Fingerprint(parts={}),
        answers=answers,
    )


def scores(asked: Probe) -> list[Score]:
    return [
        Score(asked.key, 0, "contains", 1.0),
        Score(asked.key, 0, "is-json", Unscored("nested too deeply")),
        Score(asked.key, 0, "length", 22.0),
    ]
