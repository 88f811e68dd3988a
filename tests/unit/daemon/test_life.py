"""A stop in good order: replays finish, what is due is sent, and a part that dies takes the daemon with it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.store import open_store
from driftwatch.daemon import Chores, Daemon
from driftwatch.daemon.life import Pager
from driftwatch.daemon.roster import Roster
from driftwatch.daemon.scheduler import SlotScheduler
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.replay import SlotState
from driftwatch.services.bench import Judge
from driftwatch.services.ports import DecisionCommit
from driftwatch.services.watched import WatchedJudge
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.test_scorers_that_hang import begun, endless
from tests.acceptance.world import HOUR, START, SmallWorld, capitals, right
from tests.unit.notify.examples import INCIDENT

NAME = "support-bot"


class Standing(ManualClock):
    """Time that stands while others sleep for real: chores would sleep through centuries otherwise."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Slow(ScriptedModel):
    """Tells that it was asked, and answers when it is let."""

    def __init__(self) -> None:
        super().__init__(right(1))
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        self.closed = self.refuses = False

    async def ask(self, question: Question) -> Reply:
        self.reached.set()
        await self.go_on.wait()
        if self.refuses:
            raise RuntimeError("a mistake of the driver")
        return await super().ask(question)

    async def aclose(self) -> None:
        self.closed = True


class Post:
    """A pager that notes what was committed when it was told to be quiet."""

    def __init__(self) -> None:
        self.flushed = False
        self.woken = 0

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        while not stopped.done():
            woken = asyncio.create_task(wake.wait())
            await asyncio.wait({stopped, woken}, return_when=asyncio.FIRST_COMPLETED)
            self.woken += woken.done()
            woken.cancel()
            wake.clear()
        self.flushed = True


async def deaf(stop: asyncio.Event, _wake: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def dying(_stop: asyncio.Event, _wake: asyncio.Event) -> None:
    raise OSError("the network card is on fire")


async def leaving(_stop: asyncio.Event, _wake: asyncio.Event) -> None:
    return


Story = Callable[[asyncio.Event, Daemon], Awaitable[None]]


def lived(
    at: SmallWorld, story: Story, *, pager: Pager, grace_s: float = 20.0, chores: Chores | None = None
) -> list[SlotState]:
    """Run a daemon while a story is told, and return what became of its slots."""
    daemon = Daemon(
        watched=[at.watched],
        world=at.world,
        pager=pager,
        wall=SystemClock(),
        grace_s=grace_s,
        flush_s=0.2,
        chores=chores or Chores(),
    )

    async def run() -> None:
        stop = asyncio.Event()
        async with asyncio.timeout(60):
            await asyncio.gather(daemon.run(stop), story(stop, daemon))

    try:
        asyncio.run(run())
    finally:
        with open_store(at.url) as store:
            states = [r.state for r in store.slots(NAME)]
    return states


@pytest.fixture
def at(tmp_path: Path) -> SmallWorld:
    world = SmallWorld(tmp_path, Slow(), probes=capitals(1))
    world.clock = Standing(START)
    return world


def model(at: SmallWorld) -> Slow:
    assert isinstance(at.model, Slow)
    return at.model


def test_a_stop_lets_a_running_replay_finish_and_then_flushes(at: SmallWorld) -> None:
    post = Post()

    async def story(stop: asyncio.Event, _: Daemon) -> None:
        await model(at).reached.wait()
        stop.set()
        await asyncio.sleep(0.3)
        # APScheduler would have cancelled it by now, and the pager must wait for what it decides.
        assert not post.flushed
        model(at).go_on.set()

    assert lived(at, story, pager=post.run) == [SlotState.DONE]
    assert post.flushed
    assert post.woken == 1
    assert model(at).closed


def test_a_replay_that_outlasts_the_grace_is_left_to_be_taken_again(at: SmallWorld) -> None:
    async def story(stop: asyncio.Event, _: Daemon) -> None:
        await model(at).reached.wait()
        stop.set()

    assert lived(at, story, pager=Post().run, grace_s=0.1) == [SlotState.RUNNING]


def test_a_stop_ends_a_scorer_that_never_returns(tmp_path: Path) -> None:
    """Its thread was joined when the process ended: a daemon that was told to stop lived on for as long as it took."""
    at = SmallWorld(tmp_path, Slow(), probes=endless(tmp_path))
    at.clock = Standing(START)
    # Another test's threads wait for work until its pool is collected.
    others = set(threading.enumerate())

    async def story(stop: asyncio.Event, _: Daemon) -> None:
        model(at).go_on.set()
        await begun(tmp_path, 1)
        stop.set()

    assert lived(at, story, pager=Post().run, grace_s=0.1) == [SlotState.RUNNING]
    ours = [each for each in set(threading.enumerate()) - others if each.name.startswith("score")]
    for thread in ours:
        thread.join(60)
        assert not thread.is_alive()


def test_a_pager_that_does_not_end_is_not_waited_for(at: SmallWorld) -> None:
    async def story(stop: asyncio.Event, _: Daemon) -> None:
        model(at).go_on.set()
        await model(at).reached.wait()
        stop.set()

    assert lived(at, story, pager=deaf) == [SlotState.DONE]


@pytest.mark.parametrize(("pager", "error"), [(dying, OSError), (leaving, RuntimeError)])
def test_a_pager_that_ends_of_itself_ends_the_daemon_and_says_why(
    at: SmallWorld, pager: Pager, error: type[Exception]
) -> None:
    """Alive without a pager nobody would be paged, and nobody would know: systemd starts it again."""

    async def story(_stop: asyncio.Event, _: Daemon) -> None:
        model(at).go_on.set()

    with pytest.raises(error):
        lived(at, story, pager=pager)


def test_the_dead_mans_switch_hears_of_a_replay(at: SmallWorld) -> None:
    heard = asyncio.Event()

    async def alive() -> None:
        heard.set()

    async def story(stop: asyncio.Event, _: Daemon) -> None:
        model(at).go_on.set()
        await heard.wait()
        stop.set()

    assert lived(at, story, pager=Post().run, chores=Chores(alive=alive)) == [SlotState.DONE]


def test_a_replay_that_failed_is_no_sign_of_life(at: SmallWorld) -> None:
    heard: list[int] = []

    async def alive() -> None:
        heard.append(1)

    async def story(stop: asyncio.Event, _: Daemon) -> None:
        while not at.store.slots(NAME) or at.store.slots(NAME)[0].state is SlotState.RUNNING:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        stop.set()

    model(at).refuses = True
    model(at).go_on.set()
    assert lived(at, story, pager=Post().run, chores=Chores(alive=alive)) == [SlotState.FAILED]
    assert heard == []


def test_while_one_endpoint_is_blind_the_dead_mans_switch_hears_nothing_from_the_others(
    at: SmallWorld, tmp_path: Path
) -> None:
    """A decision that raised every hour was only logged: the other endpoints went on to say that all was well."""
    heard: list[int] = []
    model(at).go_on.set()
    other = SmallWorld(tmp_path, ScriptedModel(right(1)), probes=capitals(1), name="other", beside=at)
    failing, commit = [True], at.store.commit_decision

    async def alive() -> None:
        heard.append(1)

    def commits(decided: DecisionCommit) -> bool:
        if decided.endpoint == NAME and failing[0]:
            raise RuntimeError("a mistake of ours")
        return commit(decided)

    async def run() -> None:
        watched = [at.watched, other.watched]
        chores = Chores(alive=alive)
        roster = Roster(
            watched,
            at.world,
            SlotScheduler(clock=at.clock, wall=SystemClock()),
            decided=asyncio.Event(),
            tell_alive=lambda name: chores.tell_alive(at.world, name),
        )
        for told in (0, 2):
            for name, duty in roster._duties.items():
                await roster._on_duty(duty, name)
            assert len(heard) == told
            failing[0] = False
            at.clock.advance(HOUR)

    with patch.object(at.store, "commit_decision", commits):
        asyncio.run(run())


def test_a_start_leaves_the_incidents_of_judges_open(at: SmallWorld) -> None:
    """Judges are watched, and were not among the names: every start ended their incidents as removed."""
    endpoint = replace(at.watched.endpoint, name="judge/default")
    judge = WatchedJudge(
        judge=Judge(name="default", endpoint=endpoint, model=at.model, confirm=False),
        watched=replace(at.watched, endpoint=endpoint),
    )
    for number, name in enumerate((NAME, "judge/default", "judge/gone"), 1):
        at.store.save_incident(replace(INCIDENT, id=number, number=number, endpoint=name, opened_at=START))
    watched = [replace(at.watched, judges={"default": judge})]
    scheduler = SlotScheduler(clock=at.clock, wall=SystemClock())
    Roster(watched, at.world, scheduler, decided=asyncio.Event(), tell_alive=lambda _: asyncio.sleep(0)).retire()
    still = {one.endpoint for one in at.store.incidents(since=START) if one.state.open}
    assert still == {NAME, "judge/default"}
