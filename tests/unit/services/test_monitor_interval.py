"""What an incident says of a rate's fall lies where rates lie."""

import asyncio
from pathlib import Path

from driftwatch.adapters.notify.wording import render_text
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, capitals, right

COUNT = 3


def test_the_interval_of_a_rate_that_fell_to_nothing_begins_at_nothing(tmp_path: Path) -> None:
    """`show` said "is-json fell 1.00 → 0.00 (-0.27 to 0.27)"."""
    world = SmallWorld(tmp_path, ScriptedModel(right(COUNT)), probes=capitals(COUNT))

    async def story() -> None:
        await world.replay(24)
        world.model.drift(right(COUNT, dict.fromkeys(range(COUNT), "No")))
        await world.replay(4)

    asyncio.run(story())
    found = next(one for one in world.store.open_incident("support-bot").findings if one.metric == "pass")
    assert found.before + found.effect_low == 0.0
    assert found.before + found.effect_high > 0.0
    assert "(0.00-" in render_text(world.store.deliveries()[0].payload)
