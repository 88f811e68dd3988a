"""Line 52: a cache between us and the vendor gives old answers again; they are flagged, and no further evidence."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from driftwatch.domain.answer import Answer, Question, Reply
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import IncidentKind
from driftwatch.domain.replay import Slot
from driftwatch.services.copies import Copies, without_copies
from driftwatch.services.tick import Ticked
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.scenario import reply
from tests.acceptance.world import START, SmallWorld, capitals

NAME = "support-bot"


class Gateway:
    """A vendor behind a gateway; while `caches` is on, each prompt's first answer is given again, whole."""

    def __init__(self, *, right: float = 0.8) -> None:
        self.right, self.caches, self.number = right, False, 0
        self.cache: dict[str, Reply] = {}

    def __call__(self, question: Question, chance: Random) -> Reply:
        prompt = str(question.messages[-1]["content"])
        if self.caches and prompt in self.cache:
            return self.cache[prompt]
        self.number += 1
        word = f"word{prompt.rpartition(' ')[2].rstrip('.')}"
        said = reply(word if chance.random() < self.right else "no idea")
        self.cache[prompt] = replace(said, request_id=f"chatcmpl-{self.number}")
        return self.cache[prompt]


def world(folder: Path, gateway: Gateway, *, samples: int = 1) -> SmallWorld:
    golden = capitals(40)
    golden = replace(golden, probes=tuple(replace(probe, samples=samples) for probe in golden.probes))
    return SmallWorld(folder, ScriptedModel(gateway), probes=golden)


def answers(here: SmallWorld) -> list[Answer]:
    last = [record.slot for record in here.store.slots(NAME)][-1]
    return list(here.store.answers(NAME, last))


def samples(here: SmallWorld) -> set[int]:
    *_, last = here.store.replays(NAME)
    return {len(values) for values in last.values["pass"].values()}


def test_fault_52_a_copy_within_a_replay_is_flagged_and_the_sample_is_one_smaller(tmp_path: Path) -> None:
    gateway = Gateway()
    here = world(tmp_path, gateway, samples=2)
    asyncio.run(here.replay())
    assert samples(here) == {2}
    gateway.caches = True
    gateway.cache.clear()
    asyncio.run(here.replay())
    assert samples(here) == {1}, "a copy was counted as a second sample"
    flagged = [a for a in answers(here) if a.outcome is Outcome.CACHED]
    assert len(flagged) == 40
    assert all("a cache answered" in (a.error or "") for a in flagged)
    gateway.caches = False
    asyncio.run(here.replay())
    assert samples(here) == {2}


def test_fault_52_replays_of_copies_are_no_evidence_and_operations_hear_why(tmp_path: Path) -> None:
    """Uncorrected, yesterday's unlucky answers count again every hour: forty draws once become a drift."""
    gateway = Gateway()
    here = world(tmp_path, gateway)
    asyncio.run(here.replay(24))
    gateway.right, gateway.caches = 0.6, True
    gateway.cache.clear()
    assert asyncio.run(here.replay(6)) == [Ticked.REPLAYED, *[Ticked.FAILED] * 5]
    assert here.told() == [("ops", "NO_DATA")]
    incident = here.store.open_incident(NAME)
    assert incident.kind is IncidentKind.NO_DATA
    assert "cached" in incident.detail
    gateway.right, gateway.caches = 0.8, False
    asyncio.run(here.replay(2))
    assert here.told() == [("ops", "NO_DATA"), ("ops", "RESOLVED")]


def test_fault_52_what_was_there_before_a_restart_is_known_after_it(tmp_path: Path) -> None:
    gateway = Gateway()
    here = world(tmp_path, gateway)
    asyncio.run(here.replay(3))
    gateway.caches = True
    # SmallWorld gives every tick a new World, as a start does.
    assert asyncio.run(here.replay(3)) == [Ticked.FAILED] * 3


def test_fault_52_after_a_start_no_more_replays_are_read_than_it_takes_to_know_every_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers of eight were, for 4 % of the CPU of `driftwatch replay`."""
    here = world(tmp_path, Gateway())
    asyncio.run(here.replay(5))
    asked, read = answers(here), list[Slot]()
    stored = here.store.answers
    monkeypatch.setattr(here.store, "answers", lambda name, slot: read.append(slot) or stored(name, slot))
    assert {a.outcome for a in Copies(store=here.store).removed(NAME, asked)} == {Outcome.CACHED}
    assert len(read) == 1
    # What no replay tells of is looked for in all of them.
    Copies(store=here.store).removed(NAME, [*asked, said("new@1", "7", "chatcmpl-9000")])
    assert len(read) == 6


def said(probe: str, text: str, name: str | None, sample: int = 0) -> Answer:
    given = replace(reply(text), request_id=name)
    return Answer(probe_key=probe, sample=sample, at=START, outcome=Outcome.OK, reply=given)


@pytest.mark.parametrize(
    ("why", "given"),
    [
        ("no ids at all", [said("a", "4", None), said("a", "4", None, 1), said("b", "5", None)]),
        ("one id for everything", [said("a", "4", "x"), said("a", "4", "x", 1), said("b", "5", "x")]),
        ("one id, and nothing beside it", [said("a", "4", "x"), said("a", "4", "x", 1)]),
        ("the same id and other bytes", [said("a", "4", "x"), said("a", "5", "x", 1), said("b", "5", "y")]),
        ("the same bytes and other ids", [said("a", "4", "x"), said("a", "4", "z", 1), said("b", "5", "y")]),
    ],
)
def test_fault_52_an_answer_is_called_a_copy_only_where_ids_are_ids(why: str, given: list[Answer]) -> None:
    told, _ = without_copies(given, {})
    assert {answer.outcome for answer in told} == {Outcome.OK}, why
