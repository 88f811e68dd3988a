"""The daemon's own server in a real process: it answers while replays run, and stops with the rest."""

import re
from pathlib import Path

from driftwatch.adapters.store.lock import StoreLock
from driftwatch.web.listen import listen
from tests.faults.stage import Stage, staged
from tests.unit.web.serving import ask

OFF, FREE = "http: {bind: none}", 'http: {bind: "127.0.0.1:0"}'


def served_by(stage: Stage) -> str:
    """Return where the daemon listens, once it does."""
    stage.until(lambda: "listening" in stage.log, "the server listens")
    return re.search(r"address=(http://[0-9.:]+)", stage.log)[1]


def rewrite(stage: Stage, old: str, new: str) -> None:
    text = stage.config.read_text()
    assert old in text
    stage.config.write_text(text.replace(old, new))


def test_a_daemon_answers_and_stops_in_good_order(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        rewrite(stage, OFF, FREE)
        stage.start()
        address = served_by(stage)
        assert ask(address, "/healthz")[0] == 200
        assert ask(address, "/readyz")[::2] == (200, "ready (leader)\n")
        assert stage.terminate()[0] == 0
        assert "stopped" in stage.log
        assert "Traceback" not in stage.log


def test_a_taken_port_that_was_asked_for_refuses_the_start(tmp_path: Path) -> None:
    with staged(tmp_path) as stage, listen("127.0.0.1", 0) as taken:
        rewrite(stage, OFF, f'http: {{bind: "127.0.0.1:{taken.getsockname()[1]}"}}')
        assert stage.start().wait(60) == 2
        assert "another program listens there" in stage.log
        assert "driftwatch explain http-bind" in stage.log
        assert "Traceback" not in stage.log


def test_a_second_daemon_of_a_store_hears_of_the_store_and_not_of_the_port(tmp_path: Path) -> None:
    """It was told to take another port, and then that the store is held."""
    with staged(tmp_path) as stage, listen("127.0.0.1", 0) as taken:
        rewrite(stage, OFF, f'http: {{bind: "127.0.0.1:{taken.getsockname()[1]}"}}')
        with StoreLock(stage.url):
            assert stage.start().wait(60) == 3
        assert "is held by process" in stage.log
        assert "http-bind" not in stage.log


def test_no_server_is_no_server(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.start()
        stage.until(lambda: stage.done() > 0, "a replay")
        assert "listening" not in stage.log
        assert stage.terminate()[0] == 0
