"""`driftwatch doctor` from the shell: real stores, a real lock, a real server, and no secret in anything it prints."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from driftwatch.adapters.store import StoreLock, open_lease, open_store
from driftwatch.adapters.store.examine import examine
from driftwatch.cli import main
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.metric import Severity
from driftwatch.testing.behaviours import say
from driftwatch.testing.server import ScriptedServer

KEY = "sk-of-the-vendor-4711"
TOKEN = "t" * 24 + "of-the-dashboard"
PASSWORD = "hunter2-of-the-proxy"
CONFIG = """\
endpoints:
  - name: bot
    model: tiny/one
    base_url: "{url}"
    api_key_file: vendor.key
    params: {{temperature: 0}}
    probes: [probes/golden.yaml]
http: {{bind: "127.0.0.1:{port}", token_file: http.token}}
{more}
"""
PROBES = 'probes: [{id: a, prompt: "Hi?", scorers: [{contains: "sure"}]}]'
Settle = Callable[..., None]


@pytest.fixture
def settle(tmp_path: Path) -> Settle:
    def write(url: str = "http://127.0.0.1:9/v1", *, more: str = "", port: int = 9) -> None:
        for name in ("config", "probes"):
            (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / "config" / "driftwatch.yaml").write_text(CONFIG.format(url=url, more=more, port=port))
        (tmp_path / "probes" / "golden.yaml").write_text(PROBES)
        for name, secret in (("vendor.key", KEY), ("http.token", TOKEN)):
            (tmp_path / name).write_text(f"{secret}\n")
            (tmp_path / name).chmod(0o600)

    return write


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch) -> Callable[..., tuple[int, dict]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "DRIFTWATCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **environ: str) -> tuple[int, dict]:
        result = shell("doctor", "--json", *arguments, **environ)
        assert result.stdout, result.output
        told = json.loads(result.stdout)
        assert told["exit_code"] == result.exit_code
        return result.exit_code, told

    return run


def shell(*arguments: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(main, list(arguments), prog_name="driftwatch")


def lines(told: dict, part: str) -> dict[str, tuple[str, str]]:
    return {line["what"]: (line["mark"], line["told"]) for line in told["lines"] if line["part"] == part}


def test_before_the_first_replay_nothing_is_a_fault_and_nothing_is_made(doctor, settle, tmp_path: Path) -> None:
    settle()
    before = sorted(tmp_path.rglob("*"))
    code, told = doctor()
    assert (code, [line for line in told["lines"] if line["mark"] == "fault"]) == (0, [])
    assert sorted(tmp_path.rglob("*")) == before
    assert "not made yet" in lines(told, "store")[str(tmp_path / "driftwatch.db")][1]
    assert {"driftwatch", "python", "libraries"} <= lines(told, "versions").keys()
    assert "aiohttp " in lines(told, "versions")["libraries"][1]
    assert lines(told, "extras").keys() >= {"extra postgres", "extra charts"}


def test_a_store_with_a_replay_is_described(doctor, settle, tmp_path: Path) -> None:
    with ScriptedServer(lambda _: say("sure")) as server:
        settle(server.base_url)
        assert shell("replay", "bot").exit_code == 0
        asked = len(server.requests)
        code, told = doctor()
        assert (code, len(server.requests)) == (0, asked)
    store = lines(told, "store")
    assert store[str(tmp_path / "driftwatch.db")][1].startswith("SQLite 3.")
    assert "journal wal" in store[str(tmp_path / "driftwatch.db")][1]
    assert store["integrity"][0] == store["schema"][0] == store["disk"][0] == "ok"
    assert store["replays"][1].startswith("1, 20")
    assert "1 of 1 answered" in lines(told, "endpoints")["bot"][1]
    assert "scores unscored (mostly: " in lines(told, "endpoints")["bot"][1]
    assert lines(told, "outbox")["outbox"] == ("ok", "0 not delivered yet")
    assert lines(told, "daemon")["holder"][0] == "warning"
    text = shell("doctor").stdout
    assert f"\nstore:\n  ok       {tmp_path}/driftwatch.db: SQLite" in text


def test_no_secret_is_printed(doctor, settle, tmp_path: Path) -> None:
    """The vendor's key, a token, a proxy's and a database's password, a webhook's path, whatever goes wrong."""
    hook = "https://hooks.slack.test/services/T0/B0/xyzzysecretxyzzy"
    with ScriptedServer(lambda _: say(f"sure, your key is {KEY}")) as server:
        settle(server.base_url, more=f'routes: {{oncall: {{slack_webhook: "{hook}"}}}}\nalerting: {{pages: oncall}}')
        assert shell("replay", "bot").exit_code == 0
    proxy = f"http://me:{PASSWORD}@proxy.test:3128"
    printed = [
        shell("doctor", *more, HTTPS_PROXY=proxy, http_proxy=f"//me:{PASSWORD}@[").output
        for more in ((), ("--json",), ("--online",))
    ]
    settle(more=f'store: "postgresql://me:{PASSWORD}@127.0.0.1:9/none"')
    printed.append(shell("doctor").output)
    settle(more=f'store: "{PASSWORD}"\nbudget: {{usd_per_day: "{KEY}"}}')
    printed.append(shell("doctor").output)
    for secret in (KEY, TOKEN, PASSWORD, "xyzzysecretxyzzy"):
        assert not [text for text in printed if secret in text], secret
    assert "HTTPS_PROXY: http://proxy.test:3128" in printed[0]


def test_a_password_in_an_address_that_is_refused_and_one_with_a_bracket_are_not_printed(doctor, settle) -> None:
    """The refusal of an address with user and password quoted it; `[` in the store's password ended in a traceback."""
    settle(more=f'otel: {{endpoint: "http://me:{PASSWORD}@127.0.0.1:1"}}')
    printed = shell("doctor").output + shell("check").output
    assert "take the user and password out of the address" in printed
    settle(more=f'store: "postgresql://me:{PASSWORD}[@127.0.0.1:9/none"')
    code, told = doctor()
    assert (code, [mark for mark, _ in lines(told, "store").values()]) == (3, ["fault"])
    proxies = {"HTTPS_PROXY": f"http://me:1/{PASSWORD}@proxy.test", "http_proxy": f"http://1#{PASSWORD}@proxy.test"}
    environment = lines(doctor(**proxies)[1], "environment")
    assert environment["HTTPS_PROXY"] == environment["HTTP_PROXY"] == ("ok", "set, and not understood")
    assert PASSWORD not in printed + json.dumps(told)


def test_a_store_that_another_process_keeps_for_itself_is_3_and_the_rest_is_still_told(
    doctor, settle, tmp_path
) -> None:
    """The way to `explain` stood twice in the line."""
    settle()
    file = tmp_path / "driftwatch.db"
    open_store(f"sqlite:///{file}").close()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("pragma locking_mode = exclusive")
    connection.execute("begin exclusive")
    try:
        code, told = doctor()
    finally:
        connection.close()
    assert (code, lines(told, "environment")["HOME"][0]) == (3, "ok")
    [held] = [line for line in told["lines"] if line["part"] == "store"]
    assert (held["mark"], held["slug"]) == ("fault", "store-locked")
    assert "See:" not in held["told"]


def test_the_log_of_a_daemon_that_was_killed_stays_where_it_lies(doctor, settle, tmp_path: Path) -> None:
    """Looking at outbox and replays opened the store as the daemon does: the last to close it removes the log."""
    settle()
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    killed = f"""
import os
from datetime import UTC, datetime
from driftwatch.adapters.store import open_store
open_store({url!r}).start_epoch("bot", reason="a test", now=datetime(2026, 7, 20, tzinfo=UTC))
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", killed], check=False, timeout=60).returncode == 9
    files = {file: file.read_bytes() for file in tmp_path.glob("driftwatch.db*") if file.suffix != ".db-shm"}
    assert len(files) == 2
    code, told = doctor()
    assert (code, lines(told, "endpoints")["bot"]) == (0, ("warning", "never replayed"))
    assert {file: file.read_bytes() for file in files if file.exists()} == files


def test_a_configuration_that_cannot_be_read_is_2_and_the_rest_is_still_told(doctor, settle, tmp_path: Path) -> None:
    settle(more="colour: blue")
    code, told = doctor()
    assert code == 2
    assert any(mark == "fault" for mark, _ in lines(told, "configuration").values())
    assert lines(told, "environment")["HOME"][0] == "ok"
    (tmp_path / "config" / "driftwatch.yaml").unlink()
    assert doctor()[0] == 2


def test_files_of_secrets_are_told_by_their_modes(doctor, settle, tmp_path: Path) -> None:
    settle()
    (tmp_path / "vendor.key").chmod(0o644)
    told = lines(doctor()[1], "secrets")
    assert told["endpoints[0].api_key_file"][0] == "warning"
    assert "-rw-r--r--" in told["endpoints[0].api_key_file"][1]
    assert told["http.token_file"][0] == "ok"
    (tmp_path / "http.token").unlink()
    code, found = doctor()
    assert (code, lines(found, "secrets")["http.token_file"][0]) == (2, "fault")


def test_a_damaged_store_is_3(doctor, settle, tmp_path: Path) -> None:
    settle()
    file = tmp_path / "driftwatch.db"
    with open_store(f"sqlite:///{file}") as store:
        store.start_epoch("bot", reason="a test", now=datetime(2026, 7, 20, tzinfo=UTC))
    with sqlite3.connect(file) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    bytes_ = bytearray(file.read_bytes())
    bytes_[4096 * 3 : 4096 * 9] = os.urandom(4096 * 6)
    file.write_bytes(bytes_)
    code, told = doctor()
    assert code == 3
    assert any(mark == "fault" for mark, _ in lines(told, "store").values())


def test_an_older_schema_is_told_and_left_as_it_is(doctor, settle, tmp_path: Path) -> None:
    settle()
    file = tmp_path / "driftwatch.db"
    open_store(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as connection:
        connection.execute("update alembic_version set version_num = '0006'")
    code, told = doctor()
    assert (code, lines(told, "store")["schema"][0]) == (0, "warning")
    assert "driftwatch db upgrade" in lines(told, "store")["schema"][1]
    assert not lines(told, "outbox")
    with sqlite3.connect(file) as connection:
        assert connection.execute("select version_num from alembic_version").fetchone() == ("0006",)


def test_who_holds_the_store_is_told_and_a_daemon_that_does_not_answer_is_a_fault(doctor, settle, tmp_path) -> None:
    settle()
    url = f"sqlite:///{tmp_path}/driftwatch.db"
    open_store(url).close()
    with StoreLock(url):
        code, told = doctor()
        assert lines(told, "daemon")["holder"] == ("ok", f"process {os.getpid()}")
        assert (code, lines(told, "daemon")["readiness"][0]) == (3, "fault")
    # The lock was looked at, never taken: it is free for the next one.
    with StoreLock(url):
        assert examine(url).holder == str(os.getpid())


@pytest.mark.parametrize(
    ("status", "said", "mark"), [(200, "ready (leader)", "ok"), (503, "every sink fails", "fault")]
)
def test_readiness_is_what_the_daemons_own_server_says(
    doctor, settle, tmp_path: Path, status: int, said: str, mark: str
) -> None:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(f"{said}\n".encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settle(port=server.server_port)
        open_store(f"sqlite:///{tmp_path}/driftwatch.db").close()
        _, told = doctor()
        server.shutdown()
    assert lines(told, "daemon")[f"readiness at 127.0.0.1:{server.server_port}"] == (mark, said)


def test_messages_that_wait_and_those_given_up_are_counted(doctor, settle, tmp_path: Path) -> None:
    settle()
    now = datetime.now(UTC)
    rows = [
        Delivery(key=f"k{n}", route="oncall", severity=Severity.PAGE, payload={}, created_at=at, state=state)
        for n, (at, state) in enumerate(
            [
                (now - timedelta(hours=1), DeliveryState.PENDING),
                (now, DeliveryState.PENDING),
                (now - timedelta(days=1), DeliveryState.DEAD),
            ]
        )
    ]
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        store.enqueue(rows)
    told = lines(doctor()[1], "outbox")
    assert told["outbox"][0] == told["dead letters"][0] == "warning"
    assert "2 not delivered yet, 1 for more than 5 minutes" in told["outbox"][1]
    assert "1 given up in 7 days (oncall)" in told["dead letters"][1]


def test_the_clock_is_compared_with_a_host_in_the_network_only_when_asked(doctor, settle) -> None:
    with ScriptedServer(lambda _: say("sure")) as server:
        settle(more=f'connectivity: {{url: "{server.origin}"}}')
        assert "network clock" not in lines(doctor()[1], "clock")
        code, told = doctor("--online")
    mark, said = lines(told, "clock")[f"the clock of {server.origin}"]
    assert (code, mark) == (0, "ok")
    assert said.startswith("this machine is ")


def test_a_server_tells_its_clock_and_who_leads(doctor, settle, postgres_url: str) -> None:
    settle(more=f'store: "{postgres_url}"')
    with open_store(postgres_url, name="driftwatch test") as store:
        lease = open_lease(postgres_url, store, name="driftwatch test")
        assert lease is not None
        assert lease.try_to_lead()
        try:
            code, told = doctor()
        finally:
            lease.release()
    assert code == 0, told
    assert any(said.startswith("PostgreSQL ") for _, said in lines(told, "store").values())
    assert lines(told, "daemon")["leader"][1].startswith("driftwatch test leads")
    assert lines(told, "clock")["the database's clock"][0] == "ok"


def test_a_server_that_is_gone_is_3(doctor, settle) -> None:
    settle(more='store: "postgresql://me:secret@127.0.0.1:9/none"')
    code, told = doctor()
    assert code == 3
    assert any(mark == "fault" for mark, _ in lines(told, "store").values())
