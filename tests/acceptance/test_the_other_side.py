"""A better state, and from there a fall below the baseline that is soon over: both come to an end."""

import asyncio
import random
from pathlib import Path

from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, right


def test_a_short_fall_after_a_better_state_leaves_no_incident_open_for_ever(tmp_path: Path) -> None:
    """Its stream watched anew and saw nothing more, so no alarm was ever calm, and the incident was repeated daily."""
    world, luck = SmallWorld(tmp_path, ScriptedModel(right(40))), random.Random(1)

    async def played() -> None:
        for passes, replays in ((0.7, 24), (0.97, 6), (0.3, 3), (0.7, 28)):
            for _ in range(replays):
                wrong = [probe for probe in range(40) if luck.random() > passes]
                world.model.drift(right(40, dict.fromkeys(wrong, "word of another")))
                await world.replay()

    asyncio.run(played())
    assert world.store.open_incident("support-bot") is None
    assert [reason for _, reason in world.told()][-1] == "RESOLVED"
