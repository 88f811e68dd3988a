"""The streams that compare texts begin where their reference is complete, and watch when the others do."""

import asyncio

from driftwatch.domain.metric import AGAINST_TEXTS, MEASURED, Severity
from driftwatch.services.monitor import read
from driftwatch.services.references import text_reference
from driftwatch.services.saved import load_watch
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, right

BUDGET = FalseAlarmBudget.parse("1 per endpoint-year")


def plans(baseline):
    budgets = Budgets(pages=BUDGET, notices=BUDGET)
    return plan_streams(MEASURED, budgets, replays_per_year=8760, baseline_replays=baseline)


def test_reference_texts_and_the_text_streams_own_baseline_make_up_the_baseline():
    for baseline in (4, 20, 24, 31, 200):
        learned = plans(baseline)
        assert learned["length"].detector.baseline_replays == baseline
        for name in AGAINST_TEXTS:
            assert learned[name].detector.baseline_replays + text_reference(baseline) == baseline


def test_the_shortest_baseline_leaves_the_text_streams_two_replays():
    assert plans(2)["novelty"].detector.baseline_replays == 2


def test_an_unseen_text_may_give_notice_and_never_pages():
    assert MEASURED["unseen"].severity is Severity.NOTICE
    assert MEASURED["unseen"].harm == 0
    assert MEASURED["unseen"].weight < MEASURED["novelty"].weight


def test_text_streams_watch_from_the_same_replay_as_the_others(tmp_path):
    world = SmallWorld(tmp_path, ScriptedModel(right(6)), baseline=8)

    def phases():
        replays = list(world.store.replays("support-bot"))
        scored = [bool(replay.values.get("novelty")) for replay in replays]
        watch, _ = load_watch(world.watched, world.store)
        readings = read(world.watched.plans, watch)
        return scored, {name: readings[name].phase for name in ("pass", "novelty", "unseen")}

    asyncio.run(world.replay(7))
    assert set(phases()[1].values()) == {"baseline"}
    asyncio.run(world.replay(1))
    scored, now = phases()
    assert scored == [False] * 4 + [True] * 4
    assert set(now.values()) == {"monitoring"}
