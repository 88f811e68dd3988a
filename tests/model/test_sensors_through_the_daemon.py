"""The log-probability sensor through configuration, golden set, tick, store and decision, on a real llama.cpp server."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="the wheel with the llama.cpp server (extra `demo`) is not installed")

from benchmarks.lab.power_probes import shortest
from driftwatch.bootstrap import clocks, stores, watching, worlds
from driftwatch.config.load import load_settings
from driftwatch.demo.llama import BASE, QUANTISED, LlamaServer
from driftwatch.domain.replay import Slot
from driftwatch.services.tick import tick

pytestmark = pytest.mark.model

START = datetime(2026, 7, 20, tzinfo=UTC)
BASELINE, QUIET, PROBES = 12, 12, 40
CONFIG = """\
endpoints:
  - name: sensors
    model: tiny/one
    base_url: "{url}"
    params: {{temperature: 0}}
    probes: [probes/{kind}.jsonl]
    schedule: {{every: 1h}}
    baseline: {{replays: {baseline}}}
    {more}
"""


def settle(folder: Path, url: str, kind: str, more: str = "") -> None:
    for name in ("config", "probes"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "config" / "driftwatch.yaml").write_text(CONFIG.format(url=url, kind=kind, baseline=BASELINE, more=more))
    with (folder / "probes" / f"{kind}.jsonl").open("w") as file:
        for n, turns in enumerate(shortest(PROBES)):
            messages = [{"role": role, "content": text} for role, text in turns]
            file.write(json.dumps({"id": f"s-{n:02}", "messages": messages, "sensor": kind, "samples": 1}) + "\n")


def alarms(folder: Path, replays: int, begin: int, change: Callable[[], None] = lambda: None) -> list[str]:
    """Replay hour by hour as the daemon does, and return the streams of the incident that is open afterwards."""
    settings = load_settings(folder / "config" / "driftwatch.yaml", {})
    change()
    clock = clocks.system_clock()
    with stores.open_store(settings) as store:
        world = worlds.world(settings, store, clock)
        (watched,) = watching.watched_endpoints(settings, clock)

        async def story() -> None:
            for n in range(begin, begin + replays):
                await tick(watched, Slot(endpoint="sensors", due=START + n * timedelta(hours=1)), world)
            await watched.model.aclose()

        asyncio.run(story())
        incident = store.open_incident("sensors")
        return [finding.metric for finding in incident.findings] if incident else []


@pytest.mark.parametrize(
    ("kind", "more", "metric"),
    [("logprob", "", "logprob-distance"), ("border", "top_logprobs: 5", "border-distance")],
)
def test_four_bits_are_found_in_the_first_replays_and_a_restart_of_the_same_weights_is_not(
    tmp_path: Path, kind: str, more: str, metric: str
) -> None:
    with LlamaServer(model=BASE) as server:
        settle(tmp_path, server.base_url, kind, more)
        assert alarms(tmp_path, BASELINE + QUIET, 0) == []
        assert alarms(tmp_path, QUIET, BASELINE + QUIET, lambda: server.swap(BASE)) == []
        assert alarms(tmp_path, 2, BASELINE + 2 * QUIET, lambda: server.swap(QUANTISED)) == [metric]
