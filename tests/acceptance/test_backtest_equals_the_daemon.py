"""What a backtest says of a store is what the daemon did, alarm for alarm; and so of its export."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.records import export_observations
from driftwatch.adapters.records.history import Scoring, recorded_history
from driftwatch.domain.answer import Question
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.incident import IncidentKind, Reason
from driftwatch.domain.metric import Severity
from driftwatch.services import monitor
from driftwatch.services.backtest import Alarm, Backtest
from driftwatch.services.backtest_fold import NEWS, Fold
from driftwatch.services.episodes import states_shown
from driftwatch.services.own import Person, accept, reset_baseline, resolve
from driftwatch.services.recorded import local_changes
from driftwatch.services.references import text_reference
from driftwatch.services.saved import load_watch
from driftwatch.services.stored import stored_events
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, right

NAME = "support-bot"
BROKEN = dict.fromkeys(range(10), "I cannot help with that")
DOWN = EndpointError("503 from the vendor", outcome=Outcome.UNAVAILABLE, transient=True)
QUIETLY = (Reason.RECURRED, Reason.FLAPPING)
"""Told to the same people as a notice, whatever the metric: docs/reference/reasons.md."""
Story = Callable[[SmallWorld], Awaitable[None]]


def done_by_the_daemon(world: SmallWorld) -> list[Alarm]:
    """Return each opening and worsening of a drift, read from the incidents that the daemon wrote."""
    slots = {record.seq: record.slot for record in world.store.slots(NAME)}
    steps = [
        step
        for incident in reversed(world.store.incidents(endpoint=NAME))
        for step in world.store.transitions(incident.id)
        if step.kind is IncidentKind.DRIFT and step.reason in NEWS
        if step.told_at == step.updated_at  # later replays join it
    ]
    return [
        Alarm(
            slot=slots[step.seq],
            severity=Severity.NOTICE if step.reason in QUIETLY else step.severity,
            streams=tuple(dict.fromkeys(f.metric for f in step.findings)),
            onset=step.findings[0].onset,
            attribution=step.attribution,
            probes=tuple(m.probe_id for m in step.findings[0].moved),
            chart=step.findings[0].chart,
            statistic=step.findings[0].statistic,
            threshold=step.findings[0].threshold,
            state=states_shown(world.store, NAME, upto=step.seq)[step.id].since,
        )
        for step in steps
    ]


def of_the_store(world: SmallWorld) -> Backtest:
    bursts = {burst.seq: burst for burst in world.store.bursts(NAME)}
    fold = Fold(NAME, plans=world.watched.plans, shown={}, bursts=bursts)
    for event in stored_events(world.store, NAME):
        fold.take(event)
    return fold.result()


def of_its_export(world: SmallWorld) -> Backtest:
    lines = "\n".join(json.dumps(record) for record in export_observations(world.store, NAME))
    fold = Fold(NAME, plans=world.watched.plans, shown={}, changed=local_changes)
    with recorded_history(io.BytesIO(lines.encode())) as history:
        history.load()
        limit = text_reference(world.watched.endpoint.baseline_replays)
        for _, event in history.events({NAME: Scoring(scorers=world.watched.scorers, references=limit)}):
            fold.take(event)
    assert history.report.skipped == []
    return fold.result()


async def swap(world: SmallWorld) -> None:
    await world.replay(30)
    world.model.drift(right(40, BROKEN))
    await world.replay(8)


async def small_and_slow(world: SmallWorld) -> None:
    flaky = {f"Say word {n}.": {f"word{n}": 0.9, "sorry": 0.1} for n in range(40)}
    world.model.drift(flaky)
    await world.replay(30)
    world.model.drift({q: {**dict.fromkeys(a, 0.7), "sorry": 0.3} for q, a in flaky.items()})
    await world.replay(20)


async def there_and_back_and_there_again(world: SmallWorld) -> None:
    await swap(world)
    world.model.drift(right(40))
    await world.replay(20)
    world.model.drift(right(40, BROKEN))
    await world.replay(5)


async def drift_behind_an_outage(world: SmallWorld) -> None:
    await world.replay(26)
    world.model.drift(lambda _question, _chance: DOWN)
    await world.replay(3)
    world.model.drift(right(40, BROKEN))
    await world.replay(6)


async def our_own_change(world: SmallWorld) -> None:
    await swap(world)
    world.watched = world.watch(replace(world.watched.endpoint, params={"temperature": 0, "max_tokens": 9}))
    await world.replay(24)
    world.model.drift(right(40))
    await world.replay(4)


async def half_the_answers_missing(world: SmallWorld) -> None:
    await world.replay(24)
    gone = {f"Say word {n}." for n in range(10)}
    world.model.drift(lambda q, _: DOWN if q.messages[-1]["content"] not in gone else "wrong")
    await world.replay(4)
    world.model.drift(right(40, BROKEN))
    await world.replay(3)


async def resolved_by_hand(world: SmallWorld) -> None:
    await swap(world)
    person = Person(name="ada", now=world.clock.now())
    resolve(world.store, world.store.open_incident(NAME).id, person, world.watched.routes)
    await world.replay(6)


async def accepted(world: SmallWorld) -> None:
    await swap(world)
    person = Person(name="ada", now=world.clock.now())
    accept(world.store, world.store.open_incident(NAME).id, person, world.watched.routes)
    await world.replay(24)
    world.model.drift(right(40))
    await world.replay(4)


async def accepted_for_every_probe(world: SmallWorld) -> None:
    await swap(world)
    person = Person(name="ada", now=world.clock.now())
    accept(world.store, world.store.open_incident(NAME).id, person, world.watched.routes, every=True)
    await world.replay(24)
    world.model.drift(right(40))
    await world.replay(4)


async def accepted_while_a_replay_ran(world: SmallWorld) -> None:
    """The replay paged anew from the baseline just given up, and that incident could never end."""
    await swap(world)
    person, number = Person(name="ada", now=world.clock.now()), world.store.open_incident(NAME).id

    def script(question: Question, _chance: object) -> str:
        if world.store.open_incident(NAME) is not None:
            accept(world.store, number, person, world.watched.routes)
        return right(40, BROKEN)[question.messages[-1]["content"]]

    world.model.drift(script)
    await world.replay(1)
    assert world.store.open_incident(NAME) is None
    await world.replay(23)
    world.model.drift(right(40))
    await world.replay(4)


async def reset(world: SmallWorld) -> None:
    await world.replay(24)
    reset_baseline(world.store, NAME, Person(name="ada", now=world.clock.now() + timedelta(minutes=1)))
    world.model.drift(right(40, BROKEN))
    await world.replay(22)
    world.model.drift(right(40))
    await world.replay(4)


LOGGED = (swap, small_and_slow, there_and_back_and_there_again, our_own_change, half_the_answers_missing)
"""Stories of which the records tell everything."""
BASELINES = (accepted, accepted_for_every_probe, accepted_while_a_replay_ran, reset)


@pytest.mark.parametrize("story", [*LOGGED, drift_behind_an_outage, resolved_by_hand, *BASELINES])
def test_a_backtest_of_the_store_tells_what_the_daemon_told(tmp_path: Path, story: Story) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(story(world))
    found, before = of_the_store(world), world.store.decided_seq(NAME)
    assert list(found.alarms) == done_by_the_daemon(world) != []
    assert len(found.slots) == before == world.store.decided_seq(NAME)
    readings = monitor.read(world.watched.plans, load_watch(world.watched, world.store)[0])
    for name, course in found.streams.items():
        if course.statistics[-1] is not None:
            assert course.statistics[-1] == readings[name].statistic


@pytest.mark.parametrize("story", LOGGED)
def test_a_backtest_of_the_export_tells_the_same_as_one_of_the_store(tmp_path: Path, story: Story) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(story(world))
    assert of_its_export(world) == of_the_store(world)


def test_a_quiet_history_tells_nothing(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    asyncio.run(world.replay(30))
    found = of_the_store(world)
    assert (found.alarms, found.judged, found.baseline_replays) == ((), True, 20)
