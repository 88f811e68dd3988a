"""Documented incidents, through the real tick and store: how loud each becomes, and what it is put down to."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from driftwatch.domain.decide import Audience
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.grouping import Grouping
from driftwatch.domain.incident import Incident, IncidentKind, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import SlotState
from driftwatch.services.own import Person, resolve
from driftwatch.services.page import Pager
from driftwatch.services.review import review
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.notifier import RecordingNotifier
from driftwatch.testing.scenarios import PROBES, SCENARIOS, Scenario, probes
from tests.acceptance.played import Played
from tests.acceptance.world import SmallWorld, right
from tests.faults import invariants

QUIET = 24
BROKEN = dict.fromkeys(range(10), "I cannot help with that")


def played(folder: Path, scenario: Scenario, hours: int | None = None, *, count: int = PROBES) -> SmallWorld:
    """The scenario's replays, its change after a quiet day."""
    world: SmallWorld | None = None

    def since() -> int | None:
        assert world is not None
        passed = world.slot - 1 - QUIET
        return passed if passed >= 0 else None

    world = SmallWorld(folder, ScriptedModel(scenario.script(since)), probes=probes(count))
    asyncio.run(world.replay(QUIET + (hours or scenario.hours)))
    return world


def loudest(world: SmallWorld) -> str:
    told = [d.severity for d in world.store.deliveries()]
    return max(told, key=lambda s: s.rank, default=Severity.NONE).value


def latest(world: SmallWorld) -> Incident:
    return world.store.incidents(endpoint=world.watched.endpoint.name)[0]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_documented_incident_ends_as_it_must(tmp_path: Path, name: str) -> None:
    scenario = SCENARIOS[name]
    world = played(tmp_path, scenario)
    assert loudest(world) == scenario.severity
    if scenario.attribution:
        assert latest(world).attribution == scenario.attribution
    if scenario.metric:
        assert latest(world).findings[0].metric == scenario.metric
    failed = {
        a.probe_key
        for r in world.store.replays("support-bot")
        for a in world.store.answers("support-bot", r.slot)
        if not a.reply
    }
    assert not failed, "a failure became part of a replay that was judged"


@pytest.mark.parametrize("seed", range(3))
def test_a_class_that_collapses_while_another_rises_pages_in_the_first_replay(tmp_path: Path, seed: int) -> None:
    """gpt4-june-2023: the mean falls by 33 points only. Seeds 0-5: all six in the first replay."""
    here = Played(tmp_path, SCENARIOS["gpt4-june-2023"], seed=seed)
    assert [(severity, reason) for _, severity, reason in here.told()] == [("page", "FIRST")]
    assert here.told()[0][0] < 1, "the first replay"


def test_classes_that_move_in_opposite_directions_are_both_shown(tmp_path: Path) -> None:
    """What rises from 70 to 100 % takes some replays to be told of a single probe; what fell is named at once."""
    found = latest(played(tmp_path, SCENARIOS["gpt4-june-2023"], hours=14)).findings[0]
    moves = {m.after > m.before for m in found.moved if m.before is not None and m.after is not None}
    assert moves == {True, False}


def test_better_answers_in_a_worse_shape_are_told_as_both(tmp_path: Path) -> None:
    found = {f.metric: f.direction for f in latest(played(tmp_path, SCENARIOS["fenced-code"], hours=6)).findings}
    assert (found["not-contains"], found["contains"]) == (-1, 1)


def test_three_probes_of_sixty_that_broke_page_with_their_second_replay_and_are_named(tmp_path: Path) -> None:
    """It took three: the bet on a twentieth of the probes expected one failure in 25 of a probe that always passed."""
    world = played(tmp_path, SCENARIOS["system-prompt"], hours=2, count=60)
    assert world.told() == [("oncall", "FIRST")]
    (page,) = [d.payload for d in world.store.deliveries()]
    assert {moved["probe"] for moved in page["moved"]} == {"word-07", "word-12", "word-15"}


def test_three_probes_of_forty_that_broke_are_named_and_their_end_is_told(tmp_path: Path) -> None:
    world = played(tmp_path, SCENARIOS["system-prompt"], hours=30)
    first, *_, last = [d.payload for d in world.store.deliveries()]
    assert {moved["probe"] for moved in first["moved"]} == {"word-07", "word-12", "word-15"}
    assert last["reason"] == "RESOLVED"
    assert latest(world).ended_at is not None


def test_a_model_that_is_gone_is_no_zero(tmp_path: Path) -> None:
    world = played(tmp_path, SCENARIOS["alias-gone"])
    assert latest(world).kind is IncidentKind.ERROR
    assert len(list(world.store.replays("support-bot"))) == QUIET
    assert world.told() == [("ops", "NO_DATA")]


def test_an_hour_of_errors_is_no_drift_and_its_end_is_told(tmp_path: Path) -> None:
    world = played(tmp_path, SCENARIOS["provider-down"])
    assert world.told() == [("ops", "NO_DATA"), ("ops", "RESOLVED")]
    slots = {r.slot.due: (r.state, r.reason) for r in world.store.slots("support-bot")}
    ended = [slots[due] for due in sorted(slots)][QUIET:]
    assert [state for state, _ in ended] == [SlotState.FAILED] * 2 + [SlotState.DONE] * 2
    assert [bool(reason) for _, reason in ended] == [True, True, False, False]


def test_a_day_without_quota_is_no_zero_and_its_end_is_told(tmp_path: Path) -> None:
    world = played(tmp_path, SCENARIOS["quota-429"])
    assert [told for told in world.told() if told[1] != "REPEAT_DUE"] == [("ops", "NO_DATA"), ("ops", "RESOLVED")]
    passed = [v for r in world.store.replays("support-bot", metrics=("pass",)) for v in r.values["pass"].values()]
    assert len(passed) == (QUIET + 2) * PROBES
    assert set(passed) == {(1.0,)}


def test_a_change_of_ours_that_looks_like_a_decline_is_a_local_change_and_pages_nobody(tmp_path: Path) -> None:
    """local-client: the fault was in the client, and the vendor had changed nothing."""
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    commit = ["3f2a"]
    world.watched = replace(world.watched, surroundings=lambda: {"git": commit[0]})
    asyncio.run(world.replay(QUIET))
    commit[0] = "77aa"
    world.model.drift(right(40, BROKEN))
    asyncio.run(world.replay(3))
    assert loudest(world) == "notice"
    assert (latest(world).attribution, latest(world).detail) == ("local change", "our side changed as it began: git")


def test_fault_72_an_upgrade_of_our_code_that_moves_scores_pages_nobody(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))

    def upgraded(code: str) -> None:
        parts = {**world.watched.fingerprint.parts, "code": code}
        world.watched = replace(world.watched, fingerprint=Fingerprint(parts=parts))

    upgraded("regex 1")
    asyncio.run(world.replay(QUIET))
    upgraded("regex 2")
    asyncio.run(world.replay(3))
    assert world.told() == []
    world.model.drift(right(40, BROKEN))
    upgraded("regex 3")
    asyncio.run(world.replay(3))
    assert (loudest(world), latest(world).attribution) == ("notice", "local change")


def fleet(folder: Path, vendors: list[str]) -> list[SmallWorld]:
    """Endpoints of several vendors on one store."""
    first: SmallWorld | None = None
    worlds: list[SmallWorld] = []
    for number, vendor in enumerate(vendors):
        one = SmallWorld(folder, ScriptedModel(right(40)), name=f"bot-{number}", vendor=vendor, beside=first)
        first = first or one
        worlds.append(one)
    names = {one.watched.endpoint.name: one.watched.endpoint.vendor for one in worlds}
    for one in worlds:
        one.watched = replace(one.watched, vendors=names)
    return worlds


def drift(worlds: list[SmallWorld], which: set[int]) -> None:
    async def story() -> None:
        for hour in range(QUIET + 3):
            for number, one in enumerate(worlds):
                if hour == QUIET and number in which:
                    one.model.drift(right(40, BROKEN))
                await one.replay(1)

    asyncio.run(story())


def test_a_vendor_that_changes_everywhere_is_one_page_and_its_other_endpoints_belong_to_it(tmp_path: Path) -> None:
    worlds = fleet(tmp_path, ["openai", "openai", "openai", "mistral", "cohere"])
    drift(worlds, {0, 1, 2})
    pages = [d for d in worlds[0].store.deliveries() if d.severity is Severity.PAGE]
    assert len(pages) == 1
    parent, *children = (latest(one) for one in worlds[:3])
    assert {one.attribution for one in (parent, *children)} == {"provider-wide"}
    assert {one.parent for one in children} == {parent.id}
    assert set(parent.elsewhere) == {"bot-1", "bot-2"}
    assert {d.subject for d in worlds[0].store.deliveries()} == {parent.key}


def test_fault_61_in_small_a_vendors_endpoints_that_drift_at_once_are_one_message(tmp_path: Path) -> None:
    """Decisions and outbox through the real pager: four endpoints of a vendor move, one page names them all."""
    worlds = fleet(tmp_path, ["openai", "openai", "openai", "openai", "mistral"])
    wait = timedelta(seconds=60)
    for one in worlds[:4]:
        one.watched = replace(one.watched, grouping=Grouping(name="openai gpt", wait=wait))
    drift(worlds, {0, 1, 2, 3})
    first, clock = worlds[0], worlds[0].clock
    sink = RecordingNotifier()
    pager = Pager(first.store, {"oncall": sink}, clock=clock, interval=timedelta(minutes=5))
    clock.advance(wait)
    asyncio.run(pager.deliver_due())
    (page,) = sink.taken
    assert page.severity is Severity.PAGE
    assert [told["endpoint"] for told in page.payload["also"]] == ["bot-1", "bot-2", "bot-3"]
    assert [d.state.value for d in first.store.deliveries()] == ["sent", "joined", "joined", "joined"]
    invariants.told_transitions_have_their_rows(first.store, first.watched)


def test_a_page_that_went_to_another_team_covers_nothing(tmp_path: Path) -> None:
    """The second team's endpoint was told of as a notice under a page that only the first team had seen."""
    worlds = fleet(tmp_path, ["openai", "openai", "openai"])
    teams = {"bot-0": "oncall", "bot-1": "others", "bot-2": ("oncall", "others")}
    for one in worlds:
        pages = teams[one.watched.endpoint.name]
        one.watched = replace(one.watched, routes={**one.watched.routes, Audience.PAGES: pages}, pages_of=teams)
    drift(worlds, {0, 1, 2})
    told = [(d.route, d.severity.value) for d in worlds[0].store.deliveries()]
    assert told == [("oncall", "page"), ("others", "page"), ("oncall", "page"), ("others", "page")]
    assert [latest(one).parent for one in worlds] == [None, None, None]


def test_what_a_page_covers_repeats_quietly_only_as_long_as_that_page_stands(tmp_path: Path) -> None:
    """A child once covered repeated as notices for ever, also after its parent had ended."""
    parent, child = fleet(tmp_path, ["openai", "openai"])
    drift([parent, child], {0, 1})

    def repeated() -> str:
        child.clock.advance(timedelta(hours=25))
        assert review(child.watched, child.store, child.clock) is Reason.REPEAT_DUE
        return list(child.store.deliveries())[-1].severity.value

    assert repeated() == "notice"
    resolve(parent.store, latest(parent).id, Person(name="ada", now=child.clock.now()), parent.watched.routes)
    assert repeated() == "page"


def test_unrelated_vendors_that_move_together_have_a_common_cause(tmp_path: Path) -> None:
    worlds = fleet(tmp_path, ["openai", "mistral", "cohere"])
    drift(worlds, {0, 1, 2})
    assert {latest(one).attribution for one in worlds} == {"common cause"}
    assert sum(d.severity is Severity.PAGE for d in worlds[0].store.deliveries()) == 1


def test_one_vendor_of_many_that_moves_is_its_own_affair(tmp_path: Path) -> None:
    worlds = fleet(tmp_path, ["openai", "mistral", "cohere"])
    drift(worlds, {1})
    assert latest(worlds[1]).attribution == "silent change"
