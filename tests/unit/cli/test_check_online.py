"""`driftwatch check --online --send-test` against a vendor and a Slack that really speak HTTP."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.cli.frame import main
from driftwatch.testing.behaviours import say, status
from driftwatch.testing.server import ScriptedServer
from driftwatch.testing.slack import serve_slack


def write(folder: Path, base_url: str, hook: str) -> Path:
    (folder / "golden.yaml").write_text("name: g\nprobes:\n  - {id: a, prompt: Say ok., scorers: [contains: ok]}\n")
    file = folder / "driftwatch.yaml"
    file.write_text(
        "budget: {usd_per_day: 1}\n"
        "endpoints:\n"
        f"  - {{name: bot, model: openai/x-2026-01-01, base_url: '{base_url}', api_key: sk-loopback-key,\n"
        "     params: {temperature: 0}, probes: [golden.yaml]}\n"
        f"routes: {{oncall: {{slack_webhook: '{hook}'}}}}\n"
        "alerting: {pages: oncall}\n"
    )
    return file


def check(file: Path, *words: str) -> tuple[int, list[dict[str, str]]]:
    done = CliRunner().invoke(main, ["-c", str(file), "check", *words, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_an_endpoint_that_answers_and_a_route_that_takes_are_said_to_work(tmp_path: Path) -> None:
    with ScriptedServer(lambda _: say("ok")) as vendor, serve_slack() as slack:
        file = write(tmp_path, vendor.base_url, slack.webhook_url.reveal())
        code, lines = check(file, "--online", "--send-test")
    told = {line["what"]: line for line in lines if line["mark"] == "ok"}
    assert code == 0
    assert "answers as scripted-2026-07-20" in told["bot"]["told"]
    assert told["route oncall"]["told"] == "took the test message"
    assert "Nothing is wrong" in slack.posts[0].text
    assert len(vendor.requests) == 1
    # A budget that cannot guard an endpoint is said, before it costs money.
    assert any("price is not known" in line["told"] for line in lines if line["mark"] == "warning")


def test_a_test_message_without_a_route_is_said_to_have_gone_nowhere(tmp_path: Path) -> None:
    """`init` writes the routes behind a #, and `check --send-test` said nothing of them."""
    file = write(tmp_path, "http://127.0.0.1:9/v1", "https://hooks.slack.example/x")
    file.write_text(file.read_text().partition("routes:")[0])
    code, lines = check(file, "--send-test")
    assert code == 0
    assert {"mark": "warning", "slug": "config-no-pages"}.items() <= lines[-1].items()
    assert lines[-1]["told"] == "there are none, so no test message was sent; take the # away, or add one."


def test_a_refused_key_and_a_removed_webhook_are_errors_without_the_secrets(tmp_path: Path) -> None:
    with ScriptedServer(lambda _: status(401, "bad key sk-loopback-key")) as vendor, serve_slack() as slack:
        gone = slack.webhook_url.reveal().replace("/services/", "/removed/")
        code, lines = check(write(tmp_path, vendor.base_url, gone), "--online", "--send-test")
    errors = {line["what"]: line["told"] for line in lines if line["mark"] == "error"}
    assert code == 2
    assert errors["bot"].startswith("auth:")
    assert "route oncall" in errors
    assert not any("sk-loopback-key" in line["told"] or gone in line["told"] for line in lines)


def test_nothing_is_asked_while_the_configuration_is_wrong(tmp_path: Path) -> None:
    with ScriptedServer() as vendor, serve_slack() as slack:
        file = write(tmp_path, vendor.base_url, slack.webhook_url.reveal())
        (tmp_path / "golden.yaml").write_text("name: g\nprobes: []\n")
        code, _ = check(file, "--online", "--send-test")
    assert (code, vendor.requests, slack.posts) == (2, [], [])


def test_a_budget_that_the_schedule_cannot_keep_is_told_before_the_daemon_starts(tmp_path: Path) -> None:
    file = write(tmp_path, "http://127.0.0.1:9/v1", "http://127.0.0.1:9/hook")
    pace = "false_alarms: {pages: 30 per endpoint-day}\n"
    file.write_text(pace + file.read_text().replace("probes: [", "schedule: {cron: '0 6 * * mon'}, probes: ["))
    code, lines = check(file)
    assert code == 2
    assert any(line["slug"] == "config-false-alarms" for line in lines)


def test_fault_62_a_bot_that_may_not_read_its_channel_is_warned_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_slack() as slack:
        slack.workspace.id_of("#oncall")
        slack.workspace.scopes -= {"channels:history"}
        bot = SlackBot(slack.token, "#oncall", clock=SystemClock(), base_url=slack.api_url)
        monkeypatch.setattr("driftwatch.bootstrap.senders.notifiers", lambda *_: {"oncall": bot})
        code, lines = check(write(tmp_path, "http://127.0.0.1:9/v1", slack.webhook_url.reveal()), "--send-test")
    assert code == 0
    [doubt] = [line["told"] for line in lines if line["mark"] == "warning" and line["what"] == "route oncall"]
    assert "lacks channels:history" in doubt
