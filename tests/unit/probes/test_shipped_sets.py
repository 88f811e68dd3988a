"""The golden sets we ship: they load, and each scorer tells a good answer from a bad one."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.adapters.yaml_strict import parse_file
from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.errors import Outcome
from driftwatch.domain.probe import Probe, ProbeSet
from driftwatch.scorers import build, score

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "probes").glob("*.yaml"))
BY_HAND = parse_file(Path(__file__).with_name("good_and_bad.yaml")).value


@cache
def shipped() -> ProbeSet:
    return load_probe_set(FILES)


def marks(probe: Probe, text: str) -> dict[str, object]:
    reply = Reply(output=text.encode(), finish_reason="stop", latency_ms=420.0)
    answer = Answer(probe_key=probe.key, at=datetime(2026, 7, 20, tzinfo=UTC), outcome=Outcome.OK, reply=reply)
    return {s.metric: score(build(s.name, s.argument, negate=s.negate), answer) for s in probe.scorers}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_shipped_set_loads_on_its_own(path):
    assert load_probe_set([path]).name == path.stem


def test_together_they_are_at_least_sixty_probes_each_with_a_scorer():
    assert len(shipped().probes) >= 60
    assert [probe.id for probe in shipped().probes if not probe.scorers] == []


def test_every_shipped_probe_has_a_good_and_a_bad_answer_and_nothing_else_has():
    assert set(BY_HAND) == {probe.id for probe in shipped().probes}
    assert {key for pair in BY_HAND.values() for key in pair} == {"good", "bad"}


@pytest.mark.parametrize("probe_id", BY_HAND)
def test_the_good_answer_gets_full_marks_and_the_bad_one_does_not(probe_id):
    probe = next(p for p in shipped().probes if p.id == probe_id)
    good, bad = marks(probe, BY_HAND[probe_id]["good"]), marks(probe, BY_HAND[probe_id]["bad"])
    assert set(good.values()) == {1.0}, good
    assert 0.0 in bad.values(), bad


@pytest.mark.parametrize("probe_id", BY_HAND)
def test_an_empty_answer_never_gets_full_marks(probe_id):
    probe = next(p for p in shipped().probes if p.id == probe_id)
    assert 0.0 in marks(probe, "").values()


def test_the_readme_names_every_set_and_the_number_of_its_probes():
    readme = (ROOT / "probes" / "README.md").read_text()
    for path in FILES:
        assert f"| `{path.name}` | {len(load_probe_set([path]).probes)} |" in readme
