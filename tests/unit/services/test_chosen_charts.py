"""Charts chosen for a metric: they page for it, and states that others folded are folded again."""

import asyncio
from dataclasses import replace

import pytest

from driftwatch.domain.metric import MEASURED
from driftwatch.presentation.words import chart_name
from driftwatch.services.monitor import begin, fold, read
from driftwatch.services.own import Person, resolve
from driftwatch.services.saved import load_watch
from driftwatch.services.standing import standings
from driftwatch.services.streams import Budgets, charts_fault, plan_streams
from driftwatch.services.trial import make_trial
from driftwatch.stats import any_stream
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, right

BUDGET = FalseAlarmBudget.parse("1 per endpoint-year")
BROKEN = dict.fromkeys(range(12), "sorry")


def choosing(watched, charts):
    """The same endpoint with other charts."""
    budgets = Budgets(pages=BUDGET, notices=BUDGET)
    plans = plan_streams(watched.metrics, budgets, replays_per_year=8760, baseline_replays=20, charts=charts)
    return replace(watched, plans=plans)


def folded(watched, store):
    watch = begin(watched.plans, 1)
    for replay in store.replays("support-bot"):
        watch = fold(watched.plans, watch, replay)
    return {name: any_stream.encode(state) for name, state in watch.states.items()}


def loaded(watched, store):
    return {name: any_stream.encode(state) for name, state in load_watch(watched, store)[0].states.items()}


def test_metrics_page_by_the_charts_that_were_chosen_and_else_by_the_mixture():
    budgets = Budgets(pages=BUDGET, notices=BUDGET)
    chosen = {"pass": ("mixture", "risk-adjusted"), "length": ("cusum",)}
    plans = plan_streams(MEASURED, budgets, replays_per_year=8760, baseline_replays=24, charts=chosen)
    pages = {name: plans[name].detector.paging for name in ("pass", "length", "refusal")}
    assert pages == {"pass": ("mixture", "risk-adjusted"), "length": ("cusum",), "refusal": ("mixture",)}
    # More charts share the stream's part of the budget; they do not widen it.
    alone = plan_streams(MEASURED, budgets, replays_per_year=8760, baseline_replays=24)
    assert {name: plan.arl for name, plan in plans.items()} == {name: plan.arl for name, plan in alone.items()}


def test_a_chart_must_read_the_metric_and_the_metric_must_alarm():
    assert charts_fault(MEASURED["pass"], ["risk-adjusted", "ewma"]) is None
    assert charts_fault(MEASURED["length"], ["risk-adjusted"]).startswith("risk-adjusted reads pass/fail metrics only")
    assert charts_fault(MEASURED["cost"], ["mixture"]) == "cost is shown and never alarms; remove it"


@pytest.mark.parametrize("chart", ["risk-adjusted", "cvm", "ewma"])
def test_a_chosen_chart_pages_from_the_tick_to_the_promise(tmp_path, chart):
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    world.watched = choosing(world.watched, dict.fromkeys(("pass", "contains"), (chart,)))

    async def story():
        await world.replay(24)
        world.model.drift(right(40, BROKEN))
        await world.replay(8)

    asyncio.run(story())
    assert "oncall" in [route for route, _ in world.told()]
    incident = world.store.open_incident("support-bot")
    assert {f.chart for f in incident.findings if f.metric in ("pass", "contains")} == {chart}
    shown = {s.metric.name: s.chart for s in standings(world.watched, load_watch(world.watched, world.store)[0])}
    assert shown["pass"] == chart
    assert loaded(world.watched, world.store) == folded(world.watched, world.store)


def test_other_charts_fold_the_committed_scores_again_and_need_no_new_baseline(tmp_path):
    world = SmallWorld(tmp_path, ScriptedModel({f"Say word {n}.": {f"word{n}": 0.9, "sorry": 0.1} for n in range(40)}))
    asyncio.run(world.replay(26))
    before = load_watch(world.watched, world.store)[0]
    other = choosing(world.watched, {"pass": ("risk-adjusted", "mixture"), "length": ("ewma", "cvm")})
    after = load_watch(other, world.store)[0]
    assert (after.epoch, after.seq) == (before.epoch, before.seq)
    assert set(after.states["pass"].extra) == {"risk-adjusted"}
    assert after.states["pass"].baseline_seen == 20
    assert after.states["refusal"] is not before.states["refusal"]
    assert loaded(other, world.store) == folded(other, world.store)
    # The next replay goes on from there.
    world.watched = other
    asyncio.run(world.replay(2))
    assert loaded(other, world.store) == folded(other, world.store)
    assert read(other.plans, load_watch(other, world.store)[0])["pass"].replays == 28


def test_streams_whose_charts_stayed_are_not_folded_again(tmp_path):
    world = SmallWorld(tmp_path, ScriptedModel(right(10)), baseline=6)
    asyncio.run(world.replay(8))
    other = choosing(world.watched, {"length": ("ewma",)})
    asked = []
    stored = world.store.replays
    world.store.replays = lambda name, **given: (asked.append(given), stored(name, **given))[1]
    load_watch(world.watched, world.store)
    assert asked == []
    load_watch(other, world.store)
    assert asked == [{"metrics": ("length",)}]


@pytest.mark.parametrize("data", [b"driftwatch-stream-\x00\x02rest", b"nonsense"])
def test_a_state_of_another_version_is_folded_again(tmp_path, data):
    """An upgrade that changed the version of the stored state stopped the daemon at its first replay."""
    world = SmallWorld(tmp_path, ScriptedModel(right(10)), baseline=6)
    asyncio.run(world.replay(8))
    states = world.store.streams("support-bot")
    world.store.streams = lambda _name: {**states, "pass": replace(states["pass"], state=data)}
    assert loaded(world.watched, world.store) == folded(world.watched, world.store)


@pytest.mark.parametrize("more", [0, 3])
def test_folding_again_arms_anew_where_a_person_ended_the_incident(tmp_path, more):
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    async def story():
        await world.replay(24)
        world.model.drift(right(40, BROKEN))
        await world.replay(4)
        world.model.drift(right(40))
        incident = world.store.open_incident("support-bot")
        person = Person(name="ada", now=world.clock.now(), comment="the vendor rolled back")
        resolve(world.store, incident.id, person, world.watched.routes)
        await world.replay(more)

    asyncio.run(story())
    stored = loaded(world.watched, world.store)
    other = choosing(world.watched, dict.fromkeys(world.watched.plans, ("ewma",)))
    # Once with the charts that were there: every state is thrown away, and comes back the same.
    states = world.store.streams("support-bot")
    world.store.streams = lambda _name: {
        name: replace(state, state=b"of an older version") if name in world.watched.plans else state
        for name, state in states.items()
    }
    assert loaded(world.watched, world.store) == stored
    # And with others: what is armed anew by hand waits for the next replay, as it does without folding again.
    readings = read(other.plans, load_watch(other, world.store)[0])
    assert readings["pass"].alarm is (more == 0)


def told_seldom_and_now(folder):
    """A small world, and what it watches by a budget that hardly any alarm fits and by the usual one."""
    world, budgets = SmallWorld(folder, ScriptedModel(right(40))), Budgets(pages=BUDGET, notices=BUDGET)
    seldom, now = (
        replace(world.watched, plans={"pass": plan_streams(world.watched.metrics, budgets, **given)["pass"]})
        for given in ({"replays_per_year": n, "baseline_replays": 20} for n in (8760_000, 8760))
    )
    return world, seldom, now


def test_folding_again_arms_anew_what_only_the_fold_saw_and_what_has_gone_back_since(tmp_path):
    """No incident ends such an alarm. Left as it was, one odd replay told of it as of news, and its stream was deaf."""
    world, seldom, now = told_seldom_and_now(tmp_path)
    stored = world.store.streams

    async def story():
        world.watched = seldom
        await world.replay(24)
        world.model.drift(right(40, dict.fromkeys(range(6), "sorry")))
        await world.replay(1)
        world.model.drift(right(40))
        await world.replay(14)
        assert world.told() == []
        world.watched = now
        states = stored("support-bot")
        world.store.streams = lambda _name: {**states, "pass": replace(states["pass"], state=b"of an older version")}
        await world.replay(1)
        world.store.streams = stored
        world.model.drift(right(40, dict.fromkeys(range(3), "sorry")))
        await world.replay(1)
        assert world.told() == []
        world.model.drift(right(40, {25: "sorry"}))
        await world.replay(8)

    asyncio.run(story())
    assert [reason for _, reason in world.told()] == ["FIRST"]


def test_an_incident_that_folding_again_does_not_find_ends_and_hides_no_later_drift(tmp_path):
    """No stream had an alarm that could be calm: it stood for ever, was repeated daily, and a new drift joined it in silence."""
    world, seldom, now = told_seldom_and_now(tmp_path)
    stored = world.store.streams

    async def story():
        world.watched = now
        await world.replay(24)
        world.model.drift(right(40, dict.fromkeys(range(6), "sorry")))
        await world.replay(1)
        world.model.drift(right(40))
        await world.replay(1)
        world.watched = seldom
        states = stored("support-bot")
        world.store.streams = lambda _name: {**states, "pass": replace(states["pass"], state=b"of an older version")}
        await world.replay(1)
        world.store.streams = stored
        await world.replay(30)
        world.model.drift(right(40, BROKEN))
        await world.replay(8)

    asyncio.run(story())
    assert [reason for _, reason in world.told()] == ["FIRST", "RESOLVED", "FIRST"]
    assert [i.detail for i in world.store.incidents(endpoint="support-bot")][-1].startswith("not found again")


def test_a_backtest_plans_the_charts_that_were_chosen():
    budgets = Budgets(pages=BUDGET, notices=BUDGET)
    given = {"replays_per_year": 8760, "baseline_replays": 24, "charts": {"pass": ("ewma", "risk-adjusted")}}
    trial = make_trial(MEASURED, budgets, scorers={}, **given)
    assert trial.plans == plan_streams(MEASURED, budgets, **given)


def test_charts_are_named_as_people_write_them():
    names = [chart_name(name) for name in ("mixture", "cusum", "ks", "cvm", "ewma", "risk-adjusted")]
    assert names == ["mixture", "CUSUM", "KS", "CVM", "EWMA", "risk-adjusted"]
