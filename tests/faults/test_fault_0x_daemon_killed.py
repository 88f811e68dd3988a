"""Lines 1 and 2 of the fault catalogue: the real CLI, a real store and Slack on loopback, SIGKILL at random moments."""

from pathlib import Path
from random import Random
from time import sleep

import pytest

from tests.faults.stage import Stage, staged

CONFIRMED = 6
"""Quiet replays after the baseline of 8, so that the detectors have something to leave."""


def kill_at_random(stage: Stage, times: int, chance: Random) -> None:
    """Kill now and then while it starts, else at a moment of its first slots: asking, committing, judging, sending."""
    for _ in range(times):
        starts = stage.log.count("watching")
        stage.start()
        if chance.random() < 0.2:
            sleep(chance.uniform(0.1, 1.5))
        else:
            started(stage, starts + 1)
            sleep(chance.uniform(0.0, 2.5))
        stage.kill()


def started(stage: Stage, times: int) -> None:
    stage.until(lambda: stage.log.count("watching") >= times, "the start")


def told_once(stage: Stage) -> None:
    """A webhook cannot be asked what it took: any second page must say that it may be a repeat."""
    first, *others = [post.text for post in stage.oncall.posts]
    assert "possible repeat" not in first
    assert all("possible repeat" in text for text in others), others


def killed_and_drifted(stage: Stage, *, quiet_kills: int, drifted_kills: int, seed: int, lived: int = 0) -> None:
    """Kill it while all is well and while it drifts; `lived` replays were made before, to save time."""
    chance = Random(seed)
    if lived:
        stage.live_through(lived)
    kill_at_random(stage, quiet_kills, chance)
    stage.start()
    wanted = 8 + CONFIRMED
    stage.until(lambda: stage.done() >= wanted, f"{wanted} replays")
    stage.kill()
    assert stage.oncall.posts == [], "a kill is no drift"
    stage.check()
    stage.wrong = True
    kill_at_random(stage, drifted_kills, chance)
    stage.start()
    stage.until(lambda: len(stage.oncall.posts) > 0, "the page")
    had = stage.done()
    stage.until(lambda: stage.done() >= had + 3, "three replays after the page")
    code, _ = stage.terminate()
    assert code == 0
    told_once(stage)
    stage.check()


@pytest.mark.parametrize("seed", [1])
def test_fault_01_killed_at_any_moment_and_started_again_one_page_comes(tmp_path: Path, seed: int) -> None:
    with staged(tmp_path) as stage:
        killed_and_drifted(stage, quiet_kills=3, drifted_kills=2, seed=seed, lived=10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_fault_01_thirty_kills_change_nothing(tmp_path: Path, seed: int) -> None:
    with staged(tmp_path) as stage:
        killed_and_drifted(stage, quiet_kills=20, drifted_kills=10, seed=seed)


@pytest.mark.slow
def test_fault_02_killed_when_the_page_is_in_flight_it_comes_after_the_restart(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.live_through(8 + CONFIRMED)
        stage.start()
        stage.until(lambda: stage.done() > 8 + CONFIRMED, "a replay of the daemon's own")
        # Slack takes the connection and says nothing: the row is committed as `sending`.
        stage.oncall.then(stage.oncall.hang(60.0))
        stage.wrong = True
        stage.until(lambda: stage.oncall.requests == 1, "the first attempt")
        stage.kill()
        stage.check()
        stage.start()
        # It waits for 15 s, for it may have arrived.
        stage.until(lambda: len(stage.oncall.posts) == 1, "the repeat")
        assert "possible repeat" in stage.oncall.posts[0].text
        assert stage.terminate()[0] == 0
        stage.check()
