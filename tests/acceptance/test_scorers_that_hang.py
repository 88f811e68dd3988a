"""Scorers that never return, on more endpoints than asyncio has threads: the others are replayed, judged and paged."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from driftwatch.adapters.notify.slack import SlackWebhook
from driftwatch.adapters.probes import load_probe_set
from driftwatch.bootstrap.scoring import end_scorers
from driftwatch.domain.probe import ProbeSet
from driftwatch.services.page import Pager
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.slack import FakeSlack
from tests.acceptance.world import SmallWorld, right

Told = TypeVar("Told")
HANGING = 6
CHECKS = """
def endless(text, context):
    open({began!r}, "a").write("x")
    while True:
        pass
"""
PROBES = "probes: [{id: a, prompt: Say word 0., scorers: [{python: {value: checks.py:endless, timeout: 10m}}]}]\n"
BROKEN = dict.fromkeys(range(10), "I cannot help with that")


def endless(folder: Path) -> ProbeSet:
    """A golden set whose one scorer notes that it began, and never ends."""
    (folder / "checks.py").write_text(CHECKS.format(began=str(folder / "began")))
    (folder / "endless.yaml").write_text(PROBES)
    return load_probe_set([folder / "endless.yaml"])


async def begun(folder: Path, times: int) -> None:
    """Wait until so many scorers hang."""
    while not (folder / "began").exists() or len((folder / "began").read_text()) < times:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def ended(story: Coroutine[Any, Any, Told]) -> Told:
    """Return what a story tells, and end what hangs: the loop would wait for it otherwise."""
    try:
        return await asyncio.wait_for(story, 240)
    finally:
        end_scorers()


def test_a_page_goes_out_while_the_scorers_of_six_endpoints_hang(tmp_path: Path) -> None:
    """They used to hold asyncio's threads, six on a machine of two cores: the store and the pager waited for them."""
    first = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(first.replay(30))
    probes = endless(tmp_path)
    hung = [
        SmallWorld(tmp_path, ScriptedModel(right(1)), probes=probes, name=f"slow-{n}", beside=first)
        for n in range(HANGING)
    ]

    async def story() -> list[str]:
        # As few as on a small machine, so that it takes no more endpoints than there are here.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
        async with FakeSlack() as slack:
            waiting = [asyncio.create_task(one.replay()) for one in hung]
            await begun(tmp_path, 4)
            first.model.drift(right(40, BROKEN))
            await first.replay(10)
            oncall = SlackWebhook(slack.webhook_url, clock=first.clock, timeout_s=30.0)
            await Pager(first.store, {"oncall": oncall}, clock=first.clock).deliver_due()
            assert not any(task.done() for task in waiting)
            for task in waiting:
                task.cancel()
            return [post.text for post in slack.posts]

    posts = asyncio.run(ended(story()))
    assert len(posts) == 1
    assert "pass" in posts[0]


def test_an_endpoint_with_such_a_scorer_of_its_own_waits_for_no_more_than_a_few(tmp_path: Path) -> None:
    """One process served them all: a scorer that takes its ten minutes kept everybody's waiting."""
    world = SmallWorld(tmp_path, ScriptedModel(right(1)), probes=endless(tmp_path))
    (tmp_path / "quick.yaml").write_text("probes: [{id: b, prompt: Say word 0., scorers: [{not-is-sql: SQLite}]}]\n")
    quick = SmallWorld(
        tmp_path, ScriptedModel(right(1)), probes=load_probe_set([tmp_path / "quick.yaml"]), name="sql", beside=world
    )

    async def story() -> None:
        waiting = asyncio.create_task(world.replay())
        await begun(tmp_path, 1)
        await quick.replay()
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(ended(story()))
    (replay,) = quick.store.replays("sql")
    assert list(replay.values["not-is-sql"].values()) == [(1.0,)]
