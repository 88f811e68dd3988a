"""The lab's long run of unchanged replays: what was asked is kept, and a run that was ended goes on."""

from pathlib import Path

from benchmarks.lab.power_daemon import exact_interval
from benchmarks.lab.power_quiet import said
from driftwatch.testing.behaviours import say
from driftwatch.testing.server import ScriptedServer

PROBES = [(("user", "one"),), (("user", "two"),)]


def test_a_run_that_was_ended_asks_only_the_servers_that_are_missing(tmp_path: Path) -> None:
    started = list[ScriptedServer]()

    def server() -> ScriptedServer:
        name = f"life {len(started)}"
        started.append(ScriptedServer(lambda _: say(name)))
        return started[-1]

    before = list(said(server, PROBES, 7, 3, tmp_path))  # type: ignore[arg-type]
    assert [replay[0].text for replay in before] == ["life 0"] * 3 + ["life 1"] * 3 + ["life 2"]
    (tmp_path / "00003.pkl").rename(tmp_path / "00003.part")
    again = list(said(server, PROBES, 7, 3, tmp_path))  # type: ignore[arg-type]
    assert len(started) == 4
    assert [replay[0].text for replay in again] == ["life 0"] * 3 + ["life 3"] * 3 + ["life 2"]


def test_the_interval_of_a_count_is_garwoods() -> None:
    """F. Garwood (1936); R: poisson.test(0)$conf.int and poisson.test(3)$conf.int, to four decimals."""
    assert [round(limit, 4) for limit in exact_interval(0)] == [0.0, 3.6889]
    assert [round(limit, 4) for limit in exact_interval(3)] == [0.6187, 8.7673]
