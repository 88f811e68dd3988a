"""A probe has a reference once its texts are complete; they are read until then, and then no more."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.schedule import Every
from driftwatch.scorers.reference import ReferenceTexts
from driftwatch.services.references import References, text_reference
from tests.contract.observed import NOON, answer, reply
from tests.contract.observed import replay as observed

PROBES = tuple(Probe(id=name, messages=(Message(role="user", content=f"{name}?"),)) for name in ("hi", "why"))
BOT = Endpoint(
    name="bot",
    model="openai/x",
    driver="direct",
    probe_set=ProbeSet(name="two", probes=PROBES),
    schedule=Every(interval=timedelta(hours=1)),
    baseline_replays=4,
)


class Counted:
    """The real store, which counts how often it is asked."""

    def __init__(self, store):
        self._store, self.asked = store, 0

    def reference_texts(self, *args, **kwargs):
        self.asked += 1
        return self._store.reference_texts(*args, **kwargs)

    def acceptances(self, endpoint):
        return self._store.acceptances(endpoint)


@pytest.fixture
def store(tmp_path):
    with closing(open_store(f"sqlite:///{tmp_path}/driftwatch.db")) as made:
        yield made


def record(store, hour, probes=PROBES, **more):
    answers = [answer(probe.key, reply=reply(f"{probe.id} {hour}".encode())) for probe in probes]
    store.record_replay(observed(hour, answers=answers, **more), [])


def expected(*hours):
    return {probe.key: ReferenceTexts(f"{probe.id} {hour}" for hour in hours) for probe in PROBES}


def test_there_is_no_reference_until_its_texts_are_complete_and_then_it_is_remembered(store):
    """A reference that grew made the scores of the first replays look unlike those of all later ones."""
    counted = Counted(store)
    references = References(counted)
    assert references.of(BOT, epoch=1) == {}
    record(store, 0)
    assert references.of(BOT, epoch=1) == {}
    for hour in range(1, 4):
        record(store, hour)
        assert references.of(BOT, epoch=1) == expected(0, 1)
    assert counted.asked == 3


def test_a_probe_that_answers_late_has_its_reference_later(store):
    references = References(store)
    first, second = PROBES
    record(store, 0, probes=[first])
    record(store, 1)
    assert set(references.of(BOT, epoch=1)) == {first.key}
    record(store, 2, probes=[second])
    found = references.of(BOT, epoch=1)
    assert found[first.key] == ReferenceTexts(["hi 0", "hi 1"])
    assert found[second.key] == ReferenceTexts(["why 1", "why 2"])


@pytest.mark.parametrize(("baseline", "texts"), [(2, 1), (4, 2), (24, 12), (31, 15), (60, 30), (10_000, 30)])
def test_the_first_half_of_the_baseline_is_the_reference_thirty_texts_at_most(baseline, texts):
    assert text_reference(baseline) == texts


def test_a_probe_without_its_answers_keeps_the_reference_open(store):
    counted = Counted(store)
    references = References(counted)
    for hour in range(4):
        record(store, hour, probes=PROBES[:1])
        references.of(BOT, epoch=1)
    assert counted.asked == 4


def test_a_new_epoch_has_a_reference_of_its_own(store):
    references = References(store)
    for hour in range(2):
        record(store, hour)
    assert references.of(BOT, epoch=1) == expected(0, 1)
    store.start_epoch("bot", reason="accepted", now=NOON)
    record(store, 2, epoch=2)
    assert references.of(BOT, epoch=2) == {}
    record(store, 3, epoch=2)
    assert references.of(BOT, epoch=2) == expected(2, 3)


def test_what_is_remembered_is_no_reference_for_a_probe_that_comes_with_a_reload(store):
    """The first complete answer was remembered for ever: after a reload new probes had no reference until a restart."""
    references = References(store)
    first, second = PROBES
    alone = replace(BOT, probe_set=ProbeSet(name="one", probes=(first,)))
    for hour in range(2):
        record(store, hour, probes=[first])
    assert set(references.of(alone, epoch=1)) == {first.key}
    for hour in range(2, 4):
        record(store, hour)
    assert references.of(BOT, epoch=1)[second.key] == ReferenceTexts(["why 2", "why 3"])
