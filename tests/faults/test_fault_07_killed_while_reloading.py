"""Fault 7: killed while it reloads, the next start uses the new file if it is good, else the last one that was, and says so."""

from pathlib import Path

from driftwatch.adapters.store import open_store
from tests.faults.stage import ENDPOINT, Stage, staged
from tests.faults.test_fault_69_reload import hang_up, second_endpoint
from tests.faults.test_http_of_a_daemon import FREE, OFF, rewrite
from tests.unit.web.serving import ask

LAST_GOOD = "configuration refused, started with the last one that was good"


def lived(stage: Stage) -> None:
    """Start, replay, and so make the file known as good."""
    stage.start()
    stage.until(lambda: stage.done() > 0, "a replay")


def test_a_good_new_file_is_used_by_the_next_start(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        lived(stage)
        stage.config.write_text(second_endpoint(stage))
        hang_up(stage)
        stage.kill()
        stage.start()
        with open_store(stage.url) as store:
            stage.until(lambda: store.decided_seq("second-bot") > 0, "the new endpoint is replayed")
        assert LAST_GOOD not in stage.log


def test_a_broken_new_file_is_told_and_the_last_good_one_used(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        rewrite(stage, OFF, FREE)
        lived(stage)
        good = stage.config.read_text()
        stage.config.write_text("endpoints: [\n")
        hang_up(stage)
        stage.kill()
        before, log = stage.done(), len(stage.log)
        stage.start()
        stage.until(lambda: stage.done() > before + 1, "replays go on")
        assert LAST_GOOD in stage.log
        assert "invalid-yaml" in stage.log
        stage.until(lambda: "listening" in stage.log[log:], "the server listens")
        address = "http://" + stage.log[log:].rpartition("address=http://")[2].partition("\n")[0]
        assert "driftwatch_config_last_reload_successful 0.0" in ask(address, "/metrics")[2]
        # Operations hear of it at the first look, 20 s after the start.
        stage.until(
            lambda: any("configuration refused" in post.text for post in stage.quiet.posts), "operations are told"
        )
        stage.config.write_text(good)
        hang_up(stage)
        stage.until(lambda: any("in order again" in post.text for post in stage.quiet.posts), "operations are told")
        assert stage.terminate()[0] == 0
        with open_store(stage.url) as store:
            assert store.decided_seq(ENDPOINT) == stage.done()


def test_without_a_file_that_was_good_a_broken_one_refuses_the_start(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.config.write_text("endpoints: [\n")
        assert stage.start().wait(60) == 2
        assert "nothing was started" in stage.log


def test_the_copy_is_its_owners_alone(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        lived(stage)
        copy = stage.config.with_name(".driftwatch.yaml.last-good")
        assert copy.read_text() == stage.config.read_text()
        assert copy.stat().st_mode & 0o777 == 0o600
        assert not list(stage.config.parent.glob("*.last-good.*"))
