"""Line 46, the proxy: a company's way out is taken by everything we send, and its password is told to nobody."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.llm import direct
from driftwatch.adapters.llm.direct import DirectModel
from driftwatch.adapters.llm.litellm import LiteLLMModel
from driftwatch.adapters.notify import slack_socket
from driftwatch.adapters.notify.pagerduty import PagerDuty
from driftwatch.adapters.notify.slack import SlackWebhook
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.adapters.notify.slack_socket import SlackButtons
from driftwatch.adapters.notify.slack_web import SlackWeb
from driftwatch.adapters.notify.webhook import Webhook
from driftwatch.adapters.proxies import proxy_for
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.errors import DeliveryError, EndpointError, Outcome
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import LanguageModel, Notifier
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.server import ScriptedServer, refused_url
from driftwatch.testing.slack import FakeSlack, serve_slack
from tests.proxy import OPENSSL, Proxy, certificate, proxy
from tests.unit.notify.examples import delivery

DRIFTWATCH = str(Path(sys.executable).with_name("driftwatch"))
PASSWORD = "s3cr-proxy"
VENDOR = "http://vendor.example/v1"
VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY")
DRIVERS: list[Callable[[str], LanguageModel]] = [
    lambda url: DirectModel(model="m", base_url=url, clock=SystemClock(), api_key=Secret("sk-one")),
    lambda url: LiteLLMModel(model="openai/m", base_url=url, clock=SystemClock(), api_key=Secret("sk-one")),
]
SINKS = [
    pytest.param(lambda: Webhook(Secret("https://hooks.example/x"), clock=ManualClock()), id="webhook"),
    pytest.param(lambda: SlackWebhook(Secret("https://hooks.example/x"), clock=ManualClock()), id="slack webhook"),
    pytest.param(
        lambda: SlackBot(Secret("xoxb-1"), "#a", clock=ManualClock(), base_url="https://slack.example/api/"), id="bot"
    ),
    pytest.param(lambda: PagerDuty(Secret("r"), clock=ManualClock(), url="https://duty.example/v2"), id="pagerduty"),
]
both_drivers = pytest.mark.parametrize("driver", DRIVERS, ids=["direct", "litellm"])


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def vendor() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def ask(model: LanguageModel) -> Reply:
    async def story() -> Reply:
        try:
            return await model.ask(Question(messages=[{"role": "user", "content": "hi"}], deadline_s=20.0))
        finally:
            await model.aclose()

    return asyncio.run(story())


def refused(model: LanguageModel) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        ask(model)
    assert PASSWORD not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"
    return caught.value


@both_drivers
def test_an_endpoint_is_asked_through_the_proxy_that_the_environment_names(
    driver: Callable[[str], LanguageModel], vendor: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy({"vendor.example": vendor.origin}, password=PASSWORD) as way:
        monkeypatch.setenv("HTTP_PROXY", f"http://robot:{PASSWORD}@127.0.0.1:{way.port}")
        assert ask(driver(VENDOR)).output == b"ok"
    assert way.asked == ["POST http://vendor.example/v1/chat/completions"]
    assert vendor.requests[0].headers["Authorization"] == "Bearer sk-one"
    assert "Proxy-Authorization" not in vendor.requests[0].headers


@both_drivers
def test_no_proxy_and_this_machine_are_asked_directly(
    driver: Callable[[str], LanguageModel], vendor: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model server on this machine was no business of a proxy, which would ask its own machine."""
    with proxy({}) as way:
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{way.port}")
        assert ask(driver(vendor.base_url)).output == b"ok"
        monkeypatch.setenv("NO_PROXY", ".invalid")
        assert "vendor.invalid" in str(refused(driver("http://vendor.invalid/v1")))
    assert way.asked == []


@both_drivers
@pytest.mark.parametrize(
    ("named", "words", "transient"),
    [
        ("http://robot:wrong@127.0.0.1:{port}", "407", False),
        (f"http://robot:{PASSWORD}@127.0.0.1:{{port}}", "no way to it, HTTP 403", False),
        (f"http://robot:{PASSWORD}@127.0.0.1:{{nobody}}", "the proxy 127.0.0.1:{nobody} cannot be reached", True),
        (f"socks5://robot:{PASSWORD}@127.0.0.1:{{port}}", "HTTPS_PROXY is none that we can go through", False),
        (f"http://robot:{PASSWORD}@:no", "HTTPS_PROXY is none that we can go through", False),
        (f"http://rob%3Aot:{PASSWORD}@127.0.0.1:{{port}}", "HTTPS_PROXY has a name or password that no proxy", False),
        (f"http://robot:{PASSWORD}%E2%82%AC@127.0.0.1:{{port}}", "HTTPS_PROXY has a name or password", False),
    ],
)
def test_a_proxy_that_lets_nothing_through_is_named_and_the_way_is_never_direct_instead(
    driver: Callable[[str], LanguageModel],
    named: str,
    words: str,
    transient: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody = refused_url().rpartition(":")[2].removesuffix("/v1")
    with proxy({}, password=PASSWORD) as way:
        monkeypatch.setenv("HTTPS_PROXY", named.format(port=way.port, nobody=nobody))
        error = refused(driver("https://vendor.example/v1"))
    assert words.format(nobody=nobody) in str(error)
    assert (error.outcome, error.transient) == (Outcome.NETWORK, transient)


@both_drivers
def test_a_proxys_password_is_not_told_where_what_answers_in_its_place_is_no_http(
    driver: Callable[[str], LanguageModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that is another service's: aiohttp's error named the proxy's whole address, and it was stored and shown."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with listener.accept()[0] as client:
                client.recv(65536)
                client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        threading.Thread(target=greet, daemon=True).start()
        port = listener.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://robot:{PASSWORD}@127.0.0.1:{port}")
        error = refused(driver("https://vendor.example/v1"))
    assert f"http://127.0.0.1:{port}" in str(error)
    assert error.outcome is Outcome.NETWORK


def test_a_page_that_a_proxy_did_not_let_through_is_no_possible_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused with 407 before anything of it was sent, every page was marked as one that may have arrived."""
    with proxy({}, password=PASSWORD) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://robot:wrong@127.0.0.1:{way.port}")
        with pytest.raises(DeliveryError) as caught:
            asyncio.run(Webhook(Secret("https://hooks.example/x"), clock=ManualClock(), timeout_s=5).send(delivery()))
    assert (caught.value.ambiguous, caught.value.permanent) == (False, False)


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize(
    ("named", "words"),
    [
        (f"http://rob%3Aot:{PASSWORD}@127.0.0.1:1", "HTTPS_PROXY has a name or password that no proxy can be told"),
        (f"http://robot:{PASSWORD}%E2%82%AC@127.0.0.1:1", "HTTPS_PROXY has a name or password that no proxy"),
        (f"socks5://robot:{PASSWORD}@127.0.0.1:1", "HTTPS_PROXY is none that we can go through"),
        (f"http://robot:{PASSWORD}@127.0.0.1:{{hangs_up}}", "could not be reached (ServerDisconnectedError)"),
    ],
    ids=["colon", "beyond Latin-1", "socks", "hangs up"],
)
def test_a_page_that_never_left_for_its_proxy_is_no_possible_repeat(
    sink: Callable[[], Notifier], named: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a password that cannot be sent at all, the error was one that may come after the message as well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            # Where nobody calls, the listener is closed below while this waits, or before it does.
            with contextlib.suppress(OSError), listener.accept()[0] as client:
                client.recv(65536)

        threading.Thread(target=hang_up, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", named.format(hangs_up=listener.getsockname()[1]))
        with pytest.raises(DeliveryError) as caught:
            asyncio.run(sink().send(delivery()))
    assert (caught.value.ambiguous, caught.value.permanent) == (False, False)
    assert words in str(caught.value)
    assert PASSWORD not in f"{caught.value!r} {caught.value.__cause__}"


def test_slacks_buttons_are_heard_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Socket mode had its proxy taken away and got none back: behind one, no button ever worked."""

    async def story(slack: FakeSlack) -> None:
        link = slack.socket.open
        monkeypatch.setattr(slack.socket, "open", lambda _: link("http://wss.slack.example"))
        web = SlackWeb(slack.app_token, base_url=slack.api_url, clock=SystemClock())
        bot = SlackWeb(slack.token, base_url=slack.api_url, clock=SystemClock())
        buttons = SlackButtons(web, bot, lambda _: asyncio.sleep(0), clock=SystemClock())  # type: ignore[arg-type, return-value]
        listening = asyncio.create_task(buttons.run())
        async with asyncio.timeout(10):
            await buttons.connected.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def served() -> list[str]:
        async with FakeSlack() as slack:
            with proxy({"wss.slack.example": slack.api_url.removesuffix("/api/")}, password=PASSWORD) as way:
                monkeypatch.setenv("HTTP_PROXY", f"http://robot:{PASSWORD}@127.0.0.1:{way.port}")
                monkeypatch.setenv("NO_PROXY", "127.0.0.1")
                await story(slack)
                return way.asked

    assert slack_socket.RETRY_S > 10, "a second try must not make good what the first did not"
    [asked] = asyncio.run(served())
    assert asked.startswith("GET ws://wss.slack.example/link?ticket=")


CONFIGURATION = """\
store: sqlite:///driftwatch.db
endpoints:
  - {name: straight, model: openai/m, base_url: "https://vendor.example/v1", driver: direct, api_key: sk-one,
     params: {temperature: 0}, probes: [probes.yaml], schedule: {every: 1h}}
  - {name: round, model: openai/m, base_url: "https://vendor.example/v1", driver: litellm, api_key: sk-one,
     params: {temperature: 0}, probes: [probes.yaml], schedule: {every: 1h}}
routes:
  slack: {slack_webhook: "https://hooks.slack.com/services/T000/B000/loopback"}
  bot: {slack_token: xoxb-loopback, channel: "#oncall"}
  other: {webhook: "https://hooks.slack.com/services/T000/B000/loopback"}
alerting: {pages: slack, notices: bot, ops: other}
"""
PROBES = "name: one\nprobes:\n  - {id: hi, prompt: hi, scorers: [contains: ok]}\n"


@contextmanager
def behind_a_proxy(folder: Path) -> Iterator[tuple[Proxy, dict[str, str]]]:
    """A vendor and Slack by their names, over TLS, for whoever goes through the proxy and trusts its authority."""
    (folder / "driftwatch.yaml").write_text(CONFIGURATION)
    (folder / "probes.yaml").write_text(PROBES)
    trusted, tls = certificate(folder, "vendor.example", "hooks.slack.com", "slack.com", "www.slack.com")
    with ScriptedServer() as vendor, serve_slack() as slack:
        origin = slack.api_url.removesuffix("/api/")
        hosts = {"vendor.example": vendor.origin, "hooks.slack.com": origin}
        hosts |= {"slack.com": origin, "www.slack.com": origin}
        with proxy(hosts, password=PASSWORD, tls=tls) as way:
            kept = {name: value for name, value in os.environ.items() if name.upper() not in VARIABLES}
            yield way, kept | {"SSL_CERT_FILE": str(trusted)}


@pytest.mark.skipif(not OPENSSL, reason="openssl, which makes the test's certificate, is not installed")
@pytest.mark.parametrize(("password", "code"), [(PASSWORD, 0), ("wrong-one", 2)])
def test_the_command_reaches_vendors_and_slack_through_a_tunnel_and_never_tells_the_password(
    password: str, code: int, tmp_path: Path
) -> None:
    with behind_a_proxy(tmp_path) as (way, surroundings):
        named = {"HTTPS_PROXY": f"http://robot:{password}@127.0.0.1:{way.port}"}
        done = subprocess.run(
            [DRIFTWATCH, "--config", "driftwatch.yaml", "check", "--online", "--send-test"],
            cwd=tmp_path, env=surroundings | named, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert password not in said
    assert {asked.removeprefix("CONNECT ") for asked in way.asked} >= {"vendor.example:443", "hooks.slack.com:443"}
    if code:
        assert "the proxy opened no way to it, HTTP 407" in said
    else:
        assert said.count("answers as") == 2


@pytest.mark.skipif(not OPENSSL, reason="openssl, which makes the test's certificate, is not installed")
@pytest.mark.parametrize("trusts", [True, False])
def test_a_replay_trusts_a_vendor_by_this_machines_certificates_although_they_are_read_late(
    trusts: bool, tmp_path: Path
) -> None:
    """They are read before the first connection over TLS, no more when aiohttp is imported (`adapters/certificates.py`)."""
    with behind_a_proxy(tmp_path) as (way, surroundings):
        named = {"HTTPS_PROXY": f"http://robot:{PASSWORD}@127.0.0.1:{way.port}"}
        if not trusts:
            (tmp_path / "nobody.pem").write_text("")
            named["SSL_CERT_FILE"] = named["SSL_CERT_DIR"] = str(tmp_path / "nobody.pem")
        done = subprocess.run(
            [DRIFTWATCH, "--config", "driftwatch.yaml", "replay", "straight"],
            cwd=tmp_path, env=surroundings | named, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    said = done.stdout + done.stderr
    assert ("replayed, 1 of 1 answers" in said, done.returncode) == (trusts, 0 if trusts else 3), said


def test_the_environment_is_searched_for_a_proxy_once_for_an_endpoint_not_for_every_question(
    vendor: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading all of it for every question was a quarter of the CPU of asking: benchmarks/runner/RESULTS.md."""
    searched: list[object] = []
    monkeypatch.setattr(direct, "proxy_for", lambda url: searched.append(url) or proxy_for(url))

    async def story(model: DirectModel) -> None:
        for _ in range(3):
            await model.ask(Question(messages=[{"role": "user", "content": "hi"}], deadline_s=20.0))
        await model.aclose()

    asyncio.run(story(DirectModel(model="m", base_url=vendor.base_url, clock=SystemClock())))
    assert (len(searched), len(vendor.requests)) == (1, 3)
