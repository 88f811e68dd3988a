"""Line 61: endpoints of one vendor that drift at once, from their answers to what people see in the channel."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.domain.delivery import DeliveryState
from driftwatch.domain.grouping import Grouping
from driftwatch.domain.metric import PASS, Severity
from driftwatch.services.page import Pager
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.slack import FakeSlack, serve_slack
from tests.acceptance.world import SmallWorld, capitals, right

PROBES, BASELINE, QUIET = 6, 4, 5
MINUTE = timedelta(minutes=1)


def drifted(folder: Path, endpoints: int, *, grouped: bool) -> SmallWorld:
    """Return the world of a fleet all of which has drifted; nothing is sent yet."""
    first: SmallWorld | None = None
    fleet: list[SmallWorld] = []
    for n in range(endpoints):
        model = ScriptedModel(right(PROBES))
        facts = {"probes": capitals(PROBES), "baseline": BASELINE, "name": f"bot-{n:03}"}
        one = SmallWorld(folder, model, beside=first, **facts)
        # What pages here; the other streams would only make it slow.
        one.watched = replace(one.watched, metrics={"pass": PASS}, plans={"pass": one.watched.plans["pass"]})
        first = first or one
        fleet.append(one)
    assert first is not None
    vendors = dict.fromkeys((one.watched.endpoint.name for one in fleet), "scripted")
    grouping = Grouping(name="scripted one", wait=MINUTE) if grouped else None

    async def story() -> None:
        for hour in range(QUIET + 2):
            for one in fleet:
                one.watched = replace(one.watched, vendors=vendors, grouping=grouping)
                if hour == QUIET:
                    one.model.drift(right(PROBES, dict.fromkeys(range(PROBES - 1), "No.")))
                await one.replay(1)

    asyncio.run(story())
    return first


@pytest.mark.parametrize(
    ("endpoints", "grouped"),
    [(5, False), (5, True), pytest.param(100, False, marks=pytest.mark.slow), (100, True)],
)
def test_fault_61_a_fleet_that_drifts_at_once_is_one_page_and_its_thread_and_nobody_is_left_out(
    tmp_path: Path, endpoints: int, grouped: bool
) -> None:
    world = drifted(tmp_path, endpoints, grouped=grouped)
    names = [f"bot-{n:03}" for n in range(endpoints)]
    promised = [row for row in world.store.deliveries() if row.route == "oncall"]
    assert {row.payload["endpoint"] for row in promised} == set(names), "each has its promise"
    assert sum(row.severity is Severity.PAGE for row in promised) == 1
    times: list[datetime] = []
    with serve_slack(FakeSlack(on_post=lambda _: times.append(world.clock.now()))) as slack:
        bot = SlackBot(slack.token, "#oncall", clock=world.clock, base_url=slack.api_url)
        sinks = {"oncall": bot, "quiet": bot, "ops": bot}
        pager = Pager(world.store, sinks, clock=world.clock, rng=Random(7), interval=5 * MINUTE)
        world.clock.advance(MINUTE)
        for _ in range(4):
            asyncio.run(pager.deliver_due())
            world.clock.advance(MINUTE)
        posts = slack.workspace.messages
    ended = {DeliveryState.SENT, DeliveryState.JOINED} if grouped else {DeliveryState.SENT}
    assert {row.state for row in world.store.deliveries()} == ended
    assert sum(post.thread_ts is None for post in posts) == 1, "one message in the channel, the others in its thread"
    apart = [later - sooner for sooner, later in pairwise(times)]
    assert min(apart, default=MINUTE) >= timedelta(seconds=1)
    said = " ".join(str(post.body) for post in posts)
    unnamed = [name for name in names if name not in said]
    # One message names fifty others, and says how many more there are.
    assert len(unnamed) == (max(0, endpoints - 51) if grouped else 0)
    assert not unnamed or f"{len(unnamed)} more" in said
