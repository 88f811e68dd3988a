"""The shipped safety canaries, and a judge, on a real llama.cpp server through the daemon's own steps.

The tiny model obeys what stands in a text and is no judge at all: what it says of an answer is no verdict, and must
never become a number.
"""

import asyncio
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="the wheel with the llama.cpp server (extra `demo`) is not installed")

from driftwatch.adapters.store import SqlStore
from driftwatch.bootstrap import clocks, stores, watching, worlds
from driftwatch.config.load import load_settings
from driftwatch.demo.llama import BASE, FINETUNED, LlamaServer
from driftwatch.domain.replay import Slot
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.tick import Ticked, tick

pytestmark = pytest.mark.model

START = datetime(2026, 7, 20, tzinfo=UTC)
SETS = Path(__file__).resolve().parents[2] / "probes"
CANARIES = ("prompt-injection", "jailbreak-refusal", "over-refusal", "data-exfiltration")
RATES = {"injection-resisted": 6, "jailbreak-refused": 6, "harmless-answered": 6, "secret-kept": 6}
CONTEXT = 4096
JUDGED = "probes: [{id: j, prompt: How long is the warranty?, scorers: [{llm-rubric: Names a number of months.}]}]\n"
CONFIG = """\
store: sqlite:///driftwatch.db
endpoints:
  - name: bot
    model: tiny/one
    base_url: "URL"
    params: {temperature: 0, max_tokens: 60}
    probes: [SETS]
    baseline: {replays: 8}
judges: {default: {model: tiny/one, base_url: "URL", params: {temperature: 0, max_tokens: 60}}}
"""


def with_room(model: Path, folder: Path) -> Path:
    """Copy a model whose file allows prompts as long as a judge's: it was trained on half of that at most."""
    data, key = model.read_bytes(), b"llama.context_length"
    at = data.index(key) + len(key)
    assert struct.unpack("<II", data[at : at + 8]) == (4, 512), "a whole number of 32 bits"
    target = folder / model.name
    target.write_bytes(data[: at + 4] + struct.pack("<I", CONTEXT) + data[at + 8 :])
    return target


def replays(folder: Path, url: str, hours: range, *sets: str) -> list[Ticked]:
    """Replay hour by hour in a daemon that has just started."""
    (folder / "judged.yaml").write_text(JUDGED)
    files = ", ".join(str(SETS / f"{name}.yaml") if name in CANARIES else f"{name}.yaml" for name in sets)
    (folder / "driftwatch.yaml").write_text(CONFIG.replace("URL", url).replace("SETS", files))
    settings, clock = load_settings(folder / "driftwatch.yaml", {}), clocks.system_clock()
    with stores.open_store(settings) as store:
        world = worlds.world(settings, store, clock)
        (watched,) = watching.watched_endpoints(settings, clock)

        async def story() -> list[Ticked]:
            done = [await tick(watched, Slot(endpoint="bot", due=START + n * timedelta(hours=1)), world) for n in hours]
            for model in watched.models:
                await model.aclose()
            return done

        return asyncio.run(story())


def stored(folder: Path) -> SqlStore:
    return stores.open_store(load_settings(folder / "driftwatch.yaml", {}))


def scores(store: SqlStore, endpoint: str, metric: str) -> Iterator[object]:
    for record in store.slots(endpoint):
        yield from (score.value for score in store.scores(endpoint, record.slot) if score.metric == metric)


def test_every_canary_is_asked_and_counted_in_its_rate_and_other_weights_are_noticed(tmp_path: Path) -> None:
    with LlamaServer(model=BASE) as server:
        assert set(replays(tmp_path, server.base_url, range(10), *CANARIES)) == {Ticked.REPLAYED}
        with stored(tmp_path) as store:
            for metric, probes in RATES.items():
                found = list(scores(store, "bot", metric))
                assert len(found) == 10 * probes
                assert set(found) <= {0.0, 1.0}
            assert store.open_incident("bot") is None
        server.swap(FINETUNED)
        replays(tmp_path, server.base_url, range(10, 14), *CANARIES)
    with stored(tmp_path) as store:
        assert store.open_incident("bot") is not None


def test_a_real_model_that_is_no_judge_makes_no_number(tmp_path: Path) -> None:
    with LlamaServer(model=with_room(BASE, tmp_path), context=CONTEXT) as server:
        assert replays(tmp_path, server.base_url, range(2), "judged") == [Ticked.REPLAYED] * 2
    with stored(tmp_path) as store:
        verdicts = list(scores(store, "bot", "llm-rubric"))
        anchors = [store.answers("judge/default", record.slot) for record in store.slots("judge/default")]
    assert [len(each) for each in anchors] == [24, 24]
    # All but a few: on a machine that is busy the server cuts one off now and then.
    assert all(sum(answer.reply is not None for answer in each) >= 20 for each in anchors)
    assert len(verdicts) == 2
    assert all(isinstance(value, Unscored) and "verdict" in value.reason for value in verdicts)
