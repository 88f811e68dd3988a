"""A drift of three probes is accepted for those three: the others keep their baseline, and are watched on."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.incident import Incident, IncidentState
from driftwatch.domain.metric import SEED
from driftwatch.services.own import Person, accept, acknowledge
from driftwatch.services.refold import states_of
from driftwatch.services.saved import load_watch
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.services.watched import Watched
from driftwatch.stats.any_stream import encode
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld, right
from tests.faults import invariants

NAME = "support-bot"
MOVED = (7, 12, 15)


def broken(*numbers: int) -> dict[str, str]:
    return right(40, {**dict.fromkeys(MOVED, "As you know, the truth is hidden"), **dict.fromkeys(numbers, "no")})


def accepted(folder: Path, *, every: bool = False) -> tuple[SmallWorld, Incident]:
    world = SmallWorld(folder, ScriptedModel(right(40)))
    asyncio.run(world.replay(24))
    world.model.drift(broken())
    asyncio.run(world.replay(5))
    opened = world.store.open_incident(NAME)
    assert opened is not None
    person = Person(name="ada", now=world.clock.now(), comment="so be it")
    return world, accept(world.store, opened.id, person, world.watched.routes, every=every)


def test_three_probes_are_accepted_and_the_rest_keeps_its_baseline_and_its_watch(tmp_path: Path) -> None:
    world, ended = accepted(tmp_path)
    assert ended.accepted_probes == ("word-07", "word-12", "word-15")
    assert (ended.state, ended.seq, world.store.epoch(NAME)) == (IncidentState.ACCEPTED, 29, 1)
    asyncio.run(world.replay(3))
    assert world.store.open_incident(NAME) is None
    world.model.drift(broken(20, 21, 22, 23))
    asyncio.run(world.replay(2))
    again = world.store.open_incident(NAME)
    assert again is not None
    named = {m.probe_id for f in again.findings for m in f.moved}
    assert named == {"word-20", "word-21", "word-22", "word-23"}


def test_accepted_probes_are_watched_again_once_they_have_a_baseline(tmp_path: Path) -> None:
    world, _ = accepted(tmp_path)
    asyncio.run(world.replay(24))
    assert world.store.open_incident(NAME) is None
    texts = world.store.reference_texts(NAME, epoch=1, limit=1)
    assert {key.partition("@")[0] for key, kept in texts.items() if kept[0].startswith("As")} == {
        f"word-{n:02}" for n in MOVED
    }
    world.model.drift(right(40))
    asyncio.run(world.replay(4))
    back = world.store.open_incident(NAME)
    assert back is not None
    assert {m.probe_id for f in back.findings for m in f.moved} == {f"word-{n:02}" for n in MOVED}


def test_the_state_after_an_acceptance_is_the_fold_of_the_scores_and_of_it(tmp_path: Path) -> None:
    world, _ = accepted(tmp_path)
    asyncio.run(world.replay(8))
    stored, _ = load_watch(world.watched, world.store)
    stale = dict.fromkeys(stored.states, b"of another version")
    folded = states_of(world.watched, world.store, stale, epoch=1, seq=stored.seq)
    assert {name: encode(state) for name, state in folded.items()} == {
        name: encode(state) for name, state in stored.states.items()
    }
    assert "word-07@" in "".join(key for key in stored.states["pass"].reference.probes if "~" in key)


class Seeded(SmallWorld):
    """Its endpoint is sent a seed, and honours it."""

    def watch(self, endpoint: Endpoint) -> Watched:
        watched = super().watch(replace(endpoint, params={"temperature": 0, "seed": 7}))
        budgets = Budgets(
            pages=FalseAlarmBudget.parse("1 per endpoint-year"), notices=FalseAlarmBudget.parse("4 per endpoint-year")
        )
        metrics = {**watched.metrics, SEED.name: SEED}
        plans = plan_streams(metrics, budgets, replays_per_year=8760, baseline_replays=endpoint.baseline_replays)
        return replace(watched, metrics=metrics, plans=plans)


@pytest.mark.parametrize("kind", [SmallWorld, Seeded])
def test_what_is_accepted_while_a_replay_runs_is_told_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[SmallWorld]
) -> None:
    """Its answers were compared with those of before: all new, then none was, and that read as a drift of its own."""
    world = kind(tmp_path, ScriptedModel(right(40)))
    many = right(40, dict.fromkeys(range(1, 40, 3), "I would rather not say"))
    asyncio.run(world.replay(24))
    world.model.drift(many)
    asyncio.run(world.replay(2))
    opened = world.store.open_incident(NAME)
    assert opened is not None
    person, record = Person(name="ada", now=world.clock.now()), world.store.record_replay

    def accepted_before(*given: Any, **more: Any) -> int:
        monkeypatch.undo()
        ended = accept(world.store, opened.id, person, world.watched.routes)
        assert len(ended.accepted_probes) == 13
        return record(*given, **more)

    monkeypatch.setattr(world.store, "record_replay", accepted_before)
    asyncio.run(world.replay(24))
    assert [(one.id, one.state) for one in world.store.incidents(endpoint=NAME)] == [
        (opened.id, IncidentState.ACCEPTED)
    ]
    invariants.states_are_the_fold_of_the_scores(world.store, world.watched)


def test_with_all_every_probe_begins_a_new_baseline(tmp_path: Path) -> None:
    world, ended = accepted(tmp_path, every=True)
    assert (ended.accepted_probes, world.store.epoch(NAME)) == ((), 2)
    asyncio.run(world.replay(1))
    assert load_watch(world.watched, world.store)[0].states["pass"].baseline_seen == 1


class Faster:
    """The real store, in which somebody acts just before a replay's decision asks `at` of it."""

    def __init__(self, world: SmallWorld, act: Callable[[], object], *, at: str = "commit_decision") -> None:
        self._store, self._act, self._at = world.store, [act], at

    def __getattr__(self, name: str) -> Any:
        if name == self._at and self._act:
            self._act.pop()()
        return getattr(self._store, name)


def moved(folder: Path) -> tuple[SmallWorld, int]:
    world = SmallWorld(folder, ScriptedModel(right(40)))
    asyncio.run(world.replay(24))
    world.model.drift(broken())
    asyncio.run(world.replay(5))
    opened = world.store.open_incident(NAME)
    assert opened is not None
    return world, opened.id


@pytest.mark.parametrize("at", ["open_incident", "streams", "commit_decision"])
def test_what_somebody_accepts_while_a_replay_is_judged_stands_and_the_replay_is_judged_by_it(
    tmp_path: Path, at: str
) -> None:
    """The decision overwrote it: the incident fired on, and its probes had been accepted by nobody."""
    world, number = moved(tmp_path)
    ada = Person(name="ada", now=world.clock.now())
    real = world.store
    act = partial(accept, real, number, ada, world.watched.routes)
    world.store = Faster(world, act, at=at)  # type: ignore[assignment]
    asyncio.run(world.replay(1))
    world.store = real
    ended = real.incident(number)
    assert ended is not None
    assert (ended.state, ended.by, ended.seq, real.decided_seq(NAME)) == (IncidentState.ACCEPTED, "ada", 29, 30)
    assert real.open_incident(NAME) is None
    stored, _ = load_watch(world.watched, real)
    folded = states_of(world.watched, real, dict.fromkeys(stored.states, b"old"), epoch=1, seq=30)
    assert {n: encode(s) for n, s in folded.items()} == {n: encode(s) for n, s in stored.states.items()}


def test_what_somebody_takes_while_a_replay_is_judged_stays_theirs(tmp_path: Path) -> None:
    world, number = moved(tmp_path)
    ada = Person(name="ada", now=world.clock.now())
    real = world.store
    world.store = Faster(world, lambda: acknowledge(real, number, ada))  # type: ignore[assignment]
    asyncio.run(world.replay(1))
    taken = real.incident(number)
    assert taken is not None
    assert (taken.state, taken.by, real.decided_seq(NAME)) == (IncidentState.ACKNOWLEDGED, "ada", 30)
