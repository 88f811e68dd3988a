"""A soak: the faults of process, vendor, network and Slack in random order, each under `kill -9`, then a drift.

Lines 1-5, 9, 12, 16, 34-36, 39, 43, 46, 52 and 53-56 of the catalogue, one after the other on one store. Whatever the
order: nobody is paged before the drift, once after it, and the checker's invariants hold.
"""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from time import sleep

import pytest

from driftwatch.testing.behaviours import endless, hang, raw, reset, status
from tests.faults.stage import Stage, staged
from tests.faults.test_fault_0x_daemon_killed import CONFIRMED, started

Fault = Callable[[Stage, Random], None]


def killed(stage: Stage, _: Random) -> None:
    stage.kill()


def killed_while_it_stops(stage: Stage, chance: Random) -> None:
    stage.processes[-1].terminate()
    sleep(chance.uniform(0.0, 0.4))
    stage.kill()


def killed_after_a_sleep(stage: Stage, chance: Random) -> None:
    os.kill(stage.processes[-1].pid, signal.SIGSTOP)
    sleep(chance.uniform(1.5, 3.0))
    os.kill(stage.processes[-1].pid, signal.SIGCONT)
    sleep(chance.uniform(0.0, 0.5))
    stage.kill()


VENDOR = {
    "503": status(503, "overloaded"),
    "429": status(429, "slow down", headers={"Retry-After": "1"}),
    "a proxy's 407": status(407, "authentication required"),
    "a portal": raw(b"<html>please log in</html>", content_type="text/html"),
    "resets": reset(),
    "silence": hang(),
    "50 MB": endless(5_000_000),
}


def vendor(name: str) -> Fault:
    def fault(stage: Stage, chance: Random) -> None:
        asked = len(stage.server.requests)
        stage.server.behave = lambda _: VENDOR[name]
        stage.until(lambda: len(stage.server.requests) > asked, f"a question to {name}")
        sleep(chance.uniform(0.0, 1.5))
        stage.kill()
        stage.server.behave = stage.behave

    return fault


FAULTS: Mapping[str, Fault] = {
    "killed": killed,
    "killed while it stops": killed_while_it_stops,
    "killed after a sleep": killed_after_a_sleep,
    **{name: vendor(name) for name in VENDOR},
}


def soaked(stage: Stage, seed: int, faults: int) -> None:
    chance = Random(seed)
    stage.live_through(8 + CONFIRMED)
    order = chance.sample(sorted(FAULTS), k=min(faults, len(FAULTS)))
    for name in order:
        starts = stage.log.count("watching")
        stage.start()
        started(stage, starts + 1)
        sleep(chance.uniform(0.0, 1.0))
        FAULTS[name](stage, chance)
        assert stage.oncall.posts == [], f"{name} paged somebody"
    stage.start()
    had = stage.done()
    stage.until(lambda: stage.done() >= had + 2, f"good replays after {order}")
    # Slack has a bad day as well: taken and then lost, refused, limited, and a 200 that is none.
    slack = stage.oncall
    bad = [slack.drop(accepted=True), slack.answer(500), slack.rate_limited("1"), slack.answer(200, "<html>")]
    slack.then(*chance.sample(bad, k=2))
    stage.wrong = True
    stage.until(lambda: len(slack.posts) > 0, "the page")
    had = stage.done()
    stage.until(lambda: stage.done() >= had + 2, "replays after the page")
    assert stage.terminate()[0] == 0
    # A webhook cannot be asked: what may have arrived before is marked, and of what is not there is one at most.
    texts = [post.text for post in slack.posts]
    assert sum("possible repeat" not in text for text in texts) <= 1, texts
    assert len({text.splitlines()[0] for text in texts}) == 1, texts
    stage.check()


def test_three_faults_in_a_row_under_kill_9_and_a_drift_are_one_page(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        soaked(stage, seed=4, faults=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_all_faults_in_random_order_under_kill_9_and_a_drift_are_one_page(tmp_path: Path, seed: int) -> None:
    with staged(tmp_path) as stage:
        soaked(stage, seed=seed, faults=len(FAULTS))
