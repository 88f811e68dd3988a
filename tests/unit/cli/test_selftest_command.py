"""`driftwatch selftest` as a person runs it: every known drift, a real message, the report, and a monitor that is blind."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.notify.slack import SlackWebhook
from driftwatch.adapters.store import StoreLock, open_store
from driftwatch.bootstrap.processes import selftest_process
from driftwatch.cli import main
from driftwatch.config.load import load_settings
from driftwatch.domain.delivery import DeliveryState
from driftwatch.selftest import drifts, run
from driftwatch.selftest.drifts import Drift, unchanged
from driftwatch.services.page import Pager
from driftwatch.testing.slack import FakeSlack, serve_slack

CONFIG = """\
store: sqlite:///dw.db
endpoints:
  - {{name: bot, model: openai/x-2026-01-01, base_url: "http://127.0.0.1:9/v1", api_key: k, params: {{temperature: 0}}, probes: [p.yaml]}}
routes:
  ops: {{slack_webhook: "{hook}"}}
{alerting}
"""


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with serve_slack() as served:
        yield served


@pytest.fixture(autouse=True)
def logs_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command sets its process's logs for good; here the process goes on to other tests."""
    monkeypatch.setattr("driftwatch.daemon.logs.configure", lambda **_: None)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr), cache_logger_on_first_use=False)
    yield
    structlog.reset_defaults()


def selftest(
    folder: Path, slack: FakeSlack, *, alerting: str = "alerting: {ops: ops}"
) -> tuple[int, dict[str, object]]:
    (folder / "p.yaml").write_text("name: p\nprobes:\n  - {id: a, prompt: hi}\n")
    (folder / "driftwatch.yaml").write_text(CONFIG.format(hook=slack.webhook_url.reveal(), alerting=alerting))
    ran = CliRunner().invoke(main, ["-c", str(folder / "driftwatch.yaml"), "selftest", "--json"])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran.exit_code, json.loads(ran.stdout)


def test_every_known_drift_is_told_as_it_must_be_and_the_message_arrives(tmp_path: Path, slack: FakeSlack) -> None:
    code, told = selftest(tmp_path, slack)
    assert (code, told["passed"]) == (0, True)
    assert [(d["expected"], d["told"]) for d in told["drifts"]] == [
        (kind, kind) for kind in ("page", "notice", "no data", "silence")
    ]
    assert told["delivered"] == {"ops": "sent"}
    [post] = slack.posts
    assert post.text.startswith("driftwatch self-test passed")
    report = CliRunner().invoke(main, ["-c", str(tmp_path / "driftwatch.yaml"), "report"])
    assert "self-tests: 1 run, all passed" in report.stdout


def test_a_monitor_that_sees_nothing_fails_its_self_test_and_says_so(
    tmp_path: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure that we exist to prevent: a drift that is not told."""
    blind = Drift(name="a drift that nobody can see", after=unchanged, expected="page", within=2)
    monkeypatch.setattr(run, "KNOWN", (blind, drifts.KNOWN[-1]))
    code, told = selftest(tmp_path, slack)
    assert (code, told["passed"]) == (1, False)
    assert "self-test FAILED" in slack.posts[0].text
    assert "silence instead of page" in slack.posts[0].text


def test_a_message_that_cannot_arrive_is_no_pass(
    tmp_path: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "KNOWN", drifts.KNOWN[-1:])
    slack.always(slack.answer(404, "no_service"))
    code, told = selftest(tmp_path, slack)
    assert code == 1
    assert told["delivered"] == {"ops": "dead"}


def test_without_a_route_for_operations_nobody_can_know(
    tmp_path: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "KNOWN", drifts.KNOWN[-1:])
    code, _ = selftest(tmp_path, slack, alerting="")
    assert code == 3


def test_while_a_daemon_has_the_store_its_pager_delivers_the_message(
    tmp_path: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "KNOWN", drifts.KNOWN[-1:])
    url, stop = f"sqlite:///{tmp_path}/dw.db", threading.Event()

    async def page() -> None:
        clock = SystemClock()
        with open_store(url) as store:
            pager = Pager(store, {"ops": SlackWebhook(slack.webhook_url, clock=clock)}, clock=clock)
            while not stop.is_set():
                await pager.deliver_due()
                await asyncio.sleep(0.1)

    with StoreLock(url):
        daemon = threading.Thread(target=lambda: asyncio.run(page()))
        daemon.start()
        try:
            code, told = selftest(tmp_path, slack)
        finally:
            stop.set()
            daemon.join()
    assert (code, told["delivered"]) == (0, {"ops": "sent"})


@pytest.mark.parametrize(
    ("more", "runs"),
    [("alerting: {ops: ops}", True), ("", False), ("alerting: {ops: ops}\nselftest: {daily: never}", False)],
)
def test_the_daemon_tests_itself_daily_where_operations_can_hear_of_it(
    tmp_path: Path, slack: FakeSlack, more: str, runs: bool
) -> None:
    (tmp_path / "p.yaml").write_text("name: p\nprobes:\n  - {id: a, prompt: hi}\n")
    file = tmp_path / "driftwatch.yaml"
    file.write_text(CONFIG.format(hook=slack.webhook_url.reveal(), alerting=more))
    assert (selftest_process(load_settings(file, {})) is not None) is runs


def test_its_stage_leaves_no_history_behind(tmp_path: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "KNOWN", drifts.KNOWN[:1])
    selftest(tmp_path, slack)
    with open_store(f"sqlite:///{tmp_path}/dw.db") as store:
        assert store.endpoints() == ()
        assert store.incidents() == ()
        assert [d.state for d in store.deliveries()] == [DeliveryState.SENT]
