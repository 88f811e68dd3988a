"""Lines 79 and 80 of the fault catalogue: a model that echoes our key, and names that want to be files."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from driftwatch.adapters.notify.render import render
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.bootstrap.keys import redaction
from driftwatch.bootstrap.watching import watched_endpoints
from driftwatch.config.load import load_settings
from driftwatch.daemon.logs import Redact
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.slack import serve_slack
from tests.acceptance.world import SmallWorld, right
from tests.unit.notify.examples import NOW, delivery
from tests.unit.notify.hostile import everywhere

KEY = "sk-live-0123456789abcdef"
CONFIG = f"""\
endpoints:
  - {{name: bot, model: openai/x-2026-01-01, base_url: "http://127.0.0.1:9/v1", api_key: {KEY}, params: {{temperature: 0}}, probes: [p.yaml]}}
routes: {{oncall: {{slack_token: xoxb-secret-token, channel: C0123456}}}}
"""


def settings(folder: Path):
    (folder / "p.yaml").write_text("name: p\nprobes:\n  - {id: a, prompt: hi}\n")
    (folder / "driftwatch.yaml").write_text(CONFIG)
    return load_settings(folder / "driftwatch.yaml", {})


def test_fault_79_a_key_that_the_model_echoes_is_in_no_page_and_no_row_of_the_outbox(tmp_path: Path) -> None:
    echo = f"I was called with Authorization: Bearer {KEY}"
    model = ScriptedModel(right(40))
    at = SmallWorld(tmp_path, model)
    at.watched = replace(at.watched, redact=redaction(settings(tmp_path)))
    asyncio.run(at.replay(24))
    model.drift(right(40, dict.fromkeys(range(0, 40, 2), echo)))
    asyncio.run(at.replay(4))
    told = at.store.deliveries()
    assert told, "the drift was not told"
    assert any("Bearer ***" in str(row.payload["moved"]) for row in told)
    assert KEY not in str([row.payload for row in told])
    assert KEY not in str([render(row.payload) for row in told])


def test_fault_79_every_endpoint_of_a_configuration_is_redacted(tmp_path: Path) -> None:
    [watched] = watched_endpoints(settings(tmp_path), ManualClock(NOW))
    assert watched.redact(f"key {KEY}, token xoxb-secret-token") == "key ***, token ***"


def test_fault_79_nor_is_it_in_a_log() -> None:
    assert KEY not in str(Redact([KEY])(None, "info", {"event": f"401 {KEY}", "deep": [{KEY: KEY}]}))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b", "x" * 300, "CON", "a/b\\c", "-rf"])
def test_fault_80_no_file_is_called_after_what_somebody_else_wrote(tmp_path: Path, name: str) -> None:
    """The one file we name for somebody, a chart, is called after the incident's number."""
    with serve_slack() as slack:
        bot = SlackBot(slack.token, "#oncall", clock=ManualClock(NOW), base_url=slack.api_url, chart=lambda _: b"png")
        row = delivery(everywhere(name, part="details"), thread="C00000000:1.0")
        asyncio.run(bot.send(row))
        assert [file["name"] for file in slack.workspace.files] == ["inc-42.png"]
    assert list(tmp_path.iterdir()) == []


def test_fault_79_settings_do_not_show_them_either(tmp_path: Path) -> None:
    assert KEY not in repr(settings(tmp_path))
