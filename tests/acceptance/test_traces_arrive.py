"""Real Phoenix and real MLflow: a replay's trace is read back through their own APIs, with its scores.

`.ci/otel` installs both into environments of their own, starts them and runs this file.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from driftwatch.adapters.traces.otlp import OtlpTraces
from driftwatch.adapters.traces.spans import span_id, trace_id
from tests.unit.traces.replays import PROMPT, answer, endpoint, probe, replay, scores

pytestmark = pytest.mark.slow
PATIENCE = 120


def address(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"{variable} is not set: no such server runs here (bash .ci/otel starts one)")
    return found


async def until(look: Callable[[], Any]) -> Any:
    """Wait for what a server takes in on its own time."""
    for _ in range(PATIENCE):
        if found := look():
            return found
        await asyncio.sleep(1)
    return look()


def told(url: str, **options: Any) -> Any:
    asked = probe()
    # Servers sort by time: yesterday's trace is found, one of another year may be out of the window they show.
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    recorded = replay(answer(asked, at=at), at=at, name=f"support-bot-{os.getpid()}")

    sent = threading.Event()

    class Watched(OtlpTraces):
        def _note(self, why: str | None) -> None:
            super()._note(why)
            sent.set()

    async def run() -> None:
        traces = Watched(url, content=True, redact=str, **options)
        traces.tell(endpoint(asked), recorded, scores(asked))
        # A daemon goes on; here the end must not cut a slow server short.
        assert await asyncio.to_thread(sent.wait, PATIENCE)
        await traces.aclose()
        assert (traces.lost, traces.dropped) == (0, 0)

    asyncio.run(run())
    return recorded.slot, asked


def test_phoenix_shows_the_trace_and_the_scores_as_annotations() -> None:
    url = address("DRIFTWATCH_PHOENIX")
    slot, asked = told(url, scores="phoenix")
    wanted = f"{span_id(slot, asked.key):016x}"
    with httpx.Client(base_url=f"{url}/v1/projects/default", timeout=30) as client:

        def span() -> Any:
            listed = client.get("/spans", params={"limit": 1000}).json()["data"]
            return next((item for item in listed if item["context"]["span_id"] == wanted), None)

        found = asyncio.run(until(span))
        assert found["name"] == "chat gpt-4.1-2025-04-14"
        assert found["context"]["trace_id"] == f"{trace_id(slot):032x}"
        assert found["attributes"]["gen_ai.usage.input_tokens"] == 21
        assert PROMPT in str(found["attributes"])

        def annotations() -> Any:
            listed = client.get("/span_annotations", params={"span_ids": wanted}).json()["data"]
            return listed if len(listed) >= 2 else None

        noted = {item["name"]: item["result"] for item in asyncio.run(until(annotations))}
        assert noted["contains"]["score"] == 1.0
        assert (noted["is-json"]["label"], noted["is-json"]["score"]) == ("unscored", None)


def test_mlflow_shows_the_trace_and_the_scores_as_feedback() -> None:
    url = address("DRIFTWATCH_MLFLOW")
    with httpx.Client(base_url=url, timeout=30) as client:
        made = client.post("/api/2.0/mlflow/experiments/create", json={"name": f"driftwatch-{os.getpid()}"}).json()
        experiment = made["experiment_id"]
        slot, asked = told(url, scores="mlflow", headers={"x-mlflow-experiment-id": experiment})
        trace = f"tr-{trace_id(slot):032x}"

        def info() -> Any:
            return client.get(f"/api/3.0/mlflow/traces/{trace}").json().get("trace", {}).get("trace_info")

        found = asyncio.run(until(info))
        assert found["trace_location"]["mlflow_experiment"]["experiment_id"] == experiment
        noted = {item["assessment_name"]: item for item in found["assessments"]}
        assert noted["contains"]["feedback"]["value"] == 1.0
        assert noted["contains"]["source"] == {"source_type": "CODE", "source_id": "driftwatch"}
        assert noted["is-json"]["feedback"]["error"]["error_code"] == "UNSCORED"
        assert noted["is-json"]["span_id"] == f"{span_id(slot, asked.key):016x}"
