"""Replays and scores to put into a store, small and readable."""

from datetime import UTC, datetime, timedelta

from driftwatch.domain.answer import Answer, Reply, TokenLogprob, Usage
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import Replay, Score, Slot

NOON = datetime(2026, 7, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def slot(hours=0, endpoint="bot"):
    return Slot(endpoint=endpoint, due=NOON + hours * HOUR)


def reply(output=b"Yes.", **more):
    return Reply(**{"output": output, "latency_ms": 420.5, "finish_reason": "stop", "model": "gpt-x", **more})


def rich_reply():
    return reply(
        b"\x00\xff\xed\xa0\x80 broken",
        refusal="I \x00 won't \ud800 \\u0041",
        tool_calls=({"id": "1", "function": {"name": "f\x00", "arguments": "{}"}},),
        system_fingerprint="fp_\x00",
        usage=Usage(input_tokens=51, output_tokens=88, reasoning_tokens=0, cached_tokens=12),
        ttft_ms=130.25,
        logprobs=(TokenLogprob(token="\ud83d", logprob=-0.25, top={"a": -1.5, "": -9999.0}),),
        request_id="req-1",
        headers={"x-served-by": "pod-7"},
    )


def answer(probe="hi@aaa", sample=0, at=NOON, **more):
    return Answer(**{"probe_key": probe, "sample": sample, "at": at, "outcome": Outcome.OK, "reply": reply(), **more})


def failed(probe="hi@aaa", outcome=Outcome.TIMEOUT, **more):
    return answer(probe, **{"outcome": outcome, "reply": None, "error": "no answer within 60 s", **more})


def replay(hours=0, answers=None, endpoint="bot", epoch=1, **more):
    due = NOON + hours * HOUR
    values = {
        "slot": slot(hours, endpoint),
        "epoch": epoch,
        "started_at": due,
        "finished_at": due + timedelta(seconds=4),
        "fingerprint": Fingerprint(parts={"driver": "direct 0.1.0", "probes": "3f2a"}),
        "answers": tuple(answers) if answers is not None else (answer(at=due),),
        "loop_lag_ms": 0.75,
    }
    return Replay(**(values | more))


def score(value, metric="exact", probe="hi@aaa", sample=0):
    return Score(probe_key=probe, sample=sample, metric=metric, value=value)
