"""`driftwatch health`: asks the daemon's own server, on loopback, and says with its exit code what it heard."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from driftwatch.cli.frame import Frame, main
from driftwatch.config.last_good import OF_THE_DAEMON, keep
from driftwatch.domain.errors import ConfigError
from driftwatch.testing.rehearsal import golden_set

CONFIG = """\
http: {{bind: "{bind}"}}
endpoints:
  - {{name: a, model: openai/x-2026-01-01, base_url: "http://127.0.0.1:9/v1", api_key: k, params: {{temperature: 0}},
     probes: [p.yaml]}}
routes: {{oncall: {{webhook: "http://127.0.0.1:9/hook"}}}}
alerting: {{pages: oncall, notices: oncall, ops: oncall}}
"""


@contextmanager
def answering(status: int, words: bytes) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def asked(folder: Path, bind: str) -> Result:
    (folder / "p.yaml").write_text(golden_set(2))
    (folder / "driftwatch.yaml").write_text(CONFIG.format(bind=bind))
    return CliRunner().invoke(main, ["--config", str(folder / "driftwatch.yaml"), "health"])


@pytest.mark.parametrize(("status", "words", "code"), [(200, "ok", 0), (503, "the scheduler stands still", 3)])
def test_it_says_what_the_daemon_says(tmp_path: Path, status: int, words: str, code: int) -> None:
    with answering(status, words.encode()) as port:
        told = asked(tmp_path, f"127.0.0.1:{port}")
    assert (told.output.strip(), told.exit_code) == (words, code)


def test_a_daemon_that_listens_everywhere_is_asked_on_loopback(tmp_path: Path) -> None:
    with answering(200, b"ok") as port:
        (tmp_path / "token").write_text("0123456789abcdef0123")
        bind = f'0.0.0.0:{port}", token_file: "token'
        told = asked(tmp_path, bind)
    assert (told.output.strip(), told.exit_code) == ("ok", 0)


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = asked(tmp_path, f"127.0.0.1:{port}")
    assert told.exit_code == 3
    assert told.output == f"nobody answers at 127.0.0.1:{port} (Connection refused): is the daemon running?\n"


def test_a_file_that_was_broken_since_does_not_make_a_daemon_that_goes_on_unhealthy(tmp_path: Path) -> None:
    file = tmp_path / "driftwatch.yaml"
    with answering(200, b"ok") as port:
        asked(tmp_path, f"127.0.0.1:{port}")
        keep(file, file.read_bytes(), {})
        file.write_text(f"{file.read_text()}bogus: 1\n")
        told = CliRunner().invoke(main, ["--config", str(file), "health"])
    assert (told.output.strip(), told.exit_code) == ("ok", 0)


def test_a_child_of_the_daemon_goes_on_with_the_last_good_file_and_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "driftwatch.yaml"
    asked(tmp_path, "none")
    keep(file, file.read_bytes(), {})
    file.write_text(f"{file.read_text()}bogus: 1\n")
    with pytest.raises(ConfigError, match="bogus"):
        Frame(config=file).settings()
    monkeypatch.setenv(OF_THE_DAEMON, "1")
    assert Frame(config=file).settings().file == file


def test_whoever_is_woken_beside_a_broken_file_is_told_how_to_act_by_the_last_good_one(tmp_path: Path) -> None:
    """`ack` and `status` said "nothing was started" and no more, while the daemon went on with a copy of the file."""
    file = tmp_path / "driftwatch.yaml"
    asked(tmp_path, "none")
    good = file.read_bytes()
    file.write_text(f"{file.read_text()}bogus: 1\n")
    assert "last good" not in CliRunner().invoke(main, ["--config", str(file), "status"]).output
    keep(file, good, {})
    told = CliRunner().invoke(main, ["--config", str(file), "status"])
    assert told.exit_code == 2
    assert told.output.splitlines()[-1] == (
        "A copy of this file when it was good last is kept, and a daemon goes on with it. "
        "To act by it meanwhile: driftwatch --last-good ..."
    )


def test_what_is_done_by_the_last_good_copy_is_done_on_the_files_own_store_wherever_the_copy_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the copy's own path `silence` made a second, empty store in the state folder, and `incidents` found none open."""
    state, file = tmp_path / "state", tmp_path / "driftwatch.yaml"
    state.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    asked(tmp_path, "none")
    before = CliRunner().invoke(main, ["--config", str(file), "--last-good", "status"])
    assert (before.exit_code, "$STATE_DIRECTORY" in before.output) == (2, True)
    keep(file, file.read_bytes(), {"STATE_DIRECTORY": str(state)})
    good = Frame(config=file).settings()
    file.write_text(f"{file.read_text()}bogus: 1\n")
    meanwhile = Frame(config=file, last_good=True).settings()
    assert (meanwhile.file, meanwhile.store) == (good.file, good.store)


def test_what_is_said_cannot_command_the_terminal(tmp_path: Path) -> None:
    with answering(503, b"\x1b[2Jgone") as port:
        told = asked(tmp_path, f"127.0.0.1:{port}")
    assert told.output == "\\x1b[2Jgone\n"


@pytest.mark.parametrize("bind", ["none", "127.0.0.1:0"])
def test_without_an_address_there_is_nobody_to_ask(tmp_path: Path, bind: str) -> None:
    from driftwatch.domain.errors import DriftwatchError

    told = asked(tmp_path, bind)
    assert told.exit_code != 0
    assert "nobody can be asked" in str(told.output) or isinstance(told.exception, DriftwatchError)
