"""`otel:` through the command itself: one replay, its trace at the collector, and nothing where nothing is configured."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftwatch.adapters.traces import otlp
from tests.unit.traces.collector import Collector, attributes, collecting

CONFIG = """\
store: sqlite:///driftwatch.db
endpoints:
  - {name: bot, model: scripted/one, driver: scripted, params: {temperature: 0}, probes: [golden.yaml]}
"""
GOLDEN = "probes:\n  - {id: one, prompt: Say hi., scorers: [icontains: hi]}\n  - {id: two, prompt: Say ho.}\n"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Run a collector in a thread: the command has the main one."""
    ready, done, found = threading.Event(), threading.Event(), []

    async def run() -> None:
        async with collecting() as collector:
            found.append(collector)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    ready.wait()
    yield found[0]
    done.set()
    thread.join()


@pytest.mark.parametrize("configured", [True, False])
def test_a_replay_is_told_where_it_is_configured(
    configured: bool, collector: Collector, driftwatch, tmp_path: Path, monkeypatch
) -> None:
    # A busy machine must not look like a lost trace.
    monkeypatch.setattr(otlp, "FLUSH_S", 60.0)
    (tmp_path / "config").mkdir()
    otel = f"otel: {{endpoint: '{collector.url}'}}\n" if configured else ""
    (tmp_path / "config" / "driftwatch.yaml").write_text(CONFIG + otel)
    (tmp_path / "golden.yaml").write_text(GOLDEN)
    checked = driftwatch("check")
    assert (f"traces go to {collector.url}/v1/traces" in checked.output) is configured
    assert driftwatch("replay", "bot").exit_code == 0
    told = {attributes(span).get("driftwatch.probe") for span in collector.spans}
    assert told == ({None, "one", "two"} if configured else set())
