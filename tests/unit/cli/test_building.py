"""What a reload builds anew: the canaries, and sinks that are asked for no database."""

import asyncio
import os
from pathlib import Path

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.bootstrap import clocks
from driftwatch.cli.building import Builder
from driftwatch.config.load import load_settings
from driftwatch.daemon.emergency import Emergency
from driftwatch.daemon.heartbeat import Heartbeat
from driftwatch.daemon.leader import Leader
from driftwatch.daemon.setup import Setup
from driftwatch.domain.errors import StoreError
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.slack import FakeSlack
from tests.faults.stage import Stage, staged

GONE = StoreError("the server cannot be reached", slug="store-unreachable")


class Gone:
    """A lease of a database that went after it was won, and may have come back with another leader."""

    epoch = 1
    still_ours: bool | None = None

    def refuse_pooler(self) -> None:
        """There is none."""

    def try_to_lead(self) -> bool:
        return True

    def renew(self) -> bool | None:
        if self.still_ours is None:
            raise GONE
        return self.still_ours

    leads = renew

    def release(self) -> None:
        """Nobody is there to hear it."""


@pytest.fixture
def stage(tmp_path: Path):
    with staged(tmp_path) as stage:
        yield stage


def built(stage: Stage, leader: Leader | None = None) -> Builder:
    settings = load_settings(stage.config, os.environ)
    return Builder(
        file=stage.config,
        settings=settings,
        store=open_store(stage.url),
        clock=clocks.system_clock(),
        heartbeat=Heartbeat(delivers=lambda: True),
        learn=lambda _secrets: None,
        may_send=leader.may_send if leader else None,
        may_warn=leader.led if leader else None,
    )


def test_a_reload_asks_the_canaries_of_the_new_file(stage: Stage) -> None:
    builder = built(stage)
    stage.config.write_text(stage.config.read_text() + "connectivity: {url: https://status.example.com}\n")
    network = builder.again().network
    builder.store.close()
    assert network is not None
    assert network.canary.hosts == ("status.example.com",)


def warned(stage: Stage, lease: Gone, *, leading: bool) -> FakeSlack:
    """Let the database be gone for long on a node, and return what operations' Slack got."""
    emergency, clock = Emergency(), ManualClock()

    async def story() -> None:
        leader = Leader(lease, clock)
        if leading:
            await leader.first_try()
        builder = built(stage, leader)
        setup: Setup = builder.again()
        if lease.still_ours is not None:
            await leader.keep()
        emergency.broke(GONE, clock)
        await clock.sleep(emergency.patience_s)
        if leading and lease.still_ours is None:
            # As in a daemon: who sends no heartbeats may have been frozen, and warns of nothing.
            keeping = asyncio.create_task(leader.keep())
            await asyncio.sleep(0.05)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        await emergency.look(setup.past_the_store, setup.ops, clock)
        leader.release()
        builder.store.close()

    asyncio.run(story())
    return stage.quiet


def test_the_leader_warns_that_the_database_is_gone_though_nobody_can_be_asked_who_leads(stage: Stage) -> None:
    """It went through the fence that asks the database, so it was never sent."""
    [post] = warned(stage, Gone(), leading=True).posts
    assert "cannot store anything" in str(post)


def test_a_node_that_never_led_warns_of_nothing(stage: Stage) -> None:
    assert warned(stage, Gone(), leading=False).posts == []


def test_a_node_that_was_deposed_warns_of_nothing(stage: Stage) -> None:
    lease = Gone()
    lease.still_ours = False
    assert warned(stage, lease, leading=True).posts == []
