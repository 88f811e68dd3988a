"""Fault 69: a reload with a broken configuration changes nothing, is told, and is forgotten once it is mended."""

import re
import signal
from pathlib import Path

from driftwatch.adapters.store import open_store
from tests.faults.stage import ENDPOINT, Stage, staged
from tests.faults.test_http_of_a_daemon import FREE, OFF, rewrite, served_by
from tests.unit.web.serving import ask

TOKEN = "0123456789abcdef"
GUARDED = f'http: {{bind: "127.0.0.1:0", token: {TOKEN}}}'
BEARER = {"authorization": f"Bearer {TOKEN}"}
SUCCESSFUL = "driftwatch_config_last_reload_successful"


def hang_up(stage: Stage) -> None:
    stage.processes[-1].send_signal(signal.SIGHUP)


def metric(address: str, name: str) -> float:
    return float(re.search(rf"^{name} (\S+)$", ask(address, "/metrics", **BEARER)[2], re.MULTILINE)[1])


def second_endpoint(stage: Stage, name: str = "second-bot") -> str:
    """Return the configuration with another endpoint on the same vendor."""
    text = stage.config.read_text()
    [block] = re.findall(r"  - name: support-bot\n(?:    .*\n)+", text)
    return text.replace(block, block + block.replace("support-bot", name))


def test_a_broken_file_changes_nothing_and_a_good_one_comes_into_use(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        rewrite(stage, OFF, GUARDED)
        stage.start()
        address = served_by(stage)
        good = stage.config.read_text()
        stage.config.write_text(good.replace("temperature: 0", "temperature: 0.7"))
        hang_up(stage)
        stage.until(lambda: "configuration refused" in stage.log, "the broken file is refused")
        assert "endpoint-not-pinned" in stage.log
        assert metric(address, SUCCESSFUL) == 0
        assert ask(address, "/readyz")[0] == 200
        before = stage.done()
        stage.until(lambda: stage.done() > before + 1, "replays go on")
        stage.config.write_text(second_endpoint(stage).replace("temperature: 0.7", "temperature: 0"))
        hang_up(stage)
        stage.until(lambda: "configuration in use" in stage.log, "the good file is used")
        assert metric(address, SUCCESSFUL) == 1
        with open_store(stage.url) as store:
            stage.until(lambda: store.decided_seq("second-bot") > 1, "the new endpoint is replayed")
        assert stage.terminate()[0] == 0
        assert "Traceback" not in stage.log


def test_an_endpoint_that_is_taken_out_is_replayed_no_more_and_the_other_one_goes_on(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.config.write_text(second_endpoint(stage))
        both = stage.config.read_text()
        stage.start()
        with open_store(stage.url) as store:
            stage.until(lambda: store.decided_seq("second-bot") > 0, "both are replayed")
            [block] = re.findall(r"  - name: second-bot\n(?:    .*\n)+", both)
            stage.config.write_text(both.replace(block, ""))
            hang_up(stage)
            stage.until(lambda: "configuration in use" in stage.log, "the file is used")
            reloaded = stage.log.index("configuration in use")
            began = store.decided_seq(ENDPOINT)
            stage.until(lambda: store.decided_seq(ENDPOINT) > began + 3, "the other one goes on")
            # One that ran when the reload came may end after it.
            assert stage.log[reloaded:].count("endpoint=second-bot") <= 1
        assert stage.terminate()[0] == 0
        stage.config.write_text(stage.config.read_text())
        stage.check()


def test_a_store_that_moved_needs_a_restart(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        rewrite(stage, OFF, GUARDED)
        stage.start()
        address = served_by(stage)
        rewrite(stage, "sqlite:///driftwatch.db", "sqlite:///other.db")
        status, _, told = ask(address, "/-/reload", method="POST", **BEARER)
        assert status == 422
        assert "`store` has changed" in told
        assert "The configuration in use stays." in told
        rewrite(stage, "sqlite:///other.db", "sqlite:///driftwatch.db")
        assert ask(address, "/-/reload", method="POST", **BEARER)[0] == 200
        assert not (tmp_path / "other.db").exists()


def test_nobody_reloads_without_the_token(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        rewrite(stage, OFF, FREE)
        stage.start()
        assert ask(served_by(stage), "/-/reload", method="POST")[0] == 403
        assert "configuration in use" not in stage.log


def test_new_secrets_of_a_reload_stay_out_of_the_log(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.start()
        stage.until(lambda: stage.done() > 0, "a replay")
        rewrite(stage, "api_key: loopback", "api_key: sk-brand-new-secret")
        rewrite(stage, "probes/words.yaml", "probes/sk-brand-new-secret.yaml")
        hang_up(stage)
        stage.until(lambda: "configuration refused" in stage.log, "the golden set is missing")
        assert "sk-brand-new-secret" not in stage.log
        assert "***" in stage.log
