"""Where an endpoint honours a seed, every answer must be the one that it always was."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

from driftwatch.bootstrap.metrics import metrics_of
from driftwatch.domain.answer import Question
from driftwatch.domain.metric import SEED
from driftwatch.scorers.reference import NO_REFERENCE, NOT_HONOURED
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, capitals, right


def story(folder: Path, *, seed: int | None) -> list[dict[str, object]]:
    """Replay three probes, of which the third answers by luck; the first says something else in the last replay."""

    def script(question: Question, chance: Random) -> str:
        prompt = str(question.messages[-1]["content"])
        return f"word {chance.random()}" if prompt == "Say word 2." else right(3)[prompt]

    here = SmallWorld(folder, ScriptedModel(script), probes=capitals(3), baseline=4)
    if seed is not None:
        here.watched = here.watch(replace(here.watched.endpoint, params={"temperature": 0, "seed": seed}))

    async def replays() -> None:
        await here.replay(3)
        here.model.drift(right(3, {0: "another word0"}))
        await here.replay(1)

    asyncio.run(replays())
    slots = [record.slot for record in here.store.slots("support-bot")]
    return [
        {
            s.probe_key.partition("@")[0]: s.value
            for s in here.store.scores("support-bot", slot)
            if s.metric == SEED.name
        }
        for slot in slots
    ]


def test_an_answer_that_its_seed_never_gave_is_a_mismatch(tmp_path: Path) -> None:
    first, _, third, last = story(tmp_path, seed=7)
    assert set(first.values()) == {NO_REFERENCE}
    assert third == {"word-00": 0.0, "word-01": 0.0, "word-02": NOT_HONOURED}
    assert last == {"word-00": 1.0, "word-01": 0.0, "word-02": NOT_HONOURED}


def test_without_a_seed_nothing_is_promised_and_nothing_measured(tmp_path: Path) -> None:
    assert story(tmp_path, seed=None) == [{}] * 4


def test_only_a_seeded_endpoint_gives_it_a_part_of_the_budget() -> None:
    assert SEED.name in metrics_of(capitals(2), {}, logprobs=False, seeded=True)
    assert SEED.name not in metrics_of(capitals(2), {}, logprobs=False)
