"""States that come back are called by their name, and others are not."""

import json
import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.named_states import NamedStates, StateBook, from_plain, to_plain

PROBES = 40
BINARY, NUMBERS = StateBook(kind="binary"), StateBook(kind="continuous")
Replay = dict[str, list[float]]


def replay(rng: np.random.Generator, rates: np.ndarray, answers: int = 1) -> Replay:
    drawn = (rng.random((PROBES, answers)) < rates[:, None]).astype(float)
    return {f"p{i:02}": row.tolist() for i, row in enumerate(drawn)}


def two_rates(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Eight near-tie probes flip together; the others pass as often as before."""
    first = rng.beta(8, 1, PROBES)
    first[:8] = 0.95
    second = first.copy()
    second[:8] = 0.1
    return first, second


def test_two_alternating_states_are_recognised_replay_by_replay() -> None:
    """oscillation-2026: dwell of two replays, 300 of them, seed 25. No wrong name; a name in 9 of 10."""
    rng = np.random.default_rng(25)
    rates = dict(zip(("baseline", "B"), two_rates(rng), strict=True))
    known = reduce(lambda held, name: BINARY.learn(held, name, replay(rng, rates[name], 12)), rates, BINARY.start())
    truth = ["baseline", "baseline", "B", "B"] * 75
    found = [BINARY.recognise(known, replay(rng, rates[name])) for name in truth]
    assert all(f.name in (None, name) for f, name in zip(found, truth, strict=True))
    # 4 standard errors of a share of 0.9 among 300 are 7 points.
    assert np.mean([f.name == name for f, name in zip(found, truth, strict=True)]) > 0.9 - 0.07
    assert not any(f.verdict == "new" for f in found)


def test_a_third_build_is_new_to_a_host_that_flips_between_two() -> None:
    """flapping-host with another build, two replays each, 200 hosts, seed 26: seldom called by a wrong name."""
    rng = np.random.default_rng(26)
    verdicts = []
    for _ in range(200):
        first, second = two_rates(rng)
        known = BINARY.learn(BINARY.start(), "baseline", replay(rng, first, 12), accepted=True)
        known = BINARY.learn(known, "B", replay(rng, second, 12))
        third = first.copy()
        third[20:30] = 0.1
        verdicts.append(BINARY.recognise(known, replay(rng, third, 2)).verdict)
    assert verdicts.count("known") <= 200 * (0.01 + 4 * math.sqrt(0.01 * 0.99 / 200))
    assert verdicts.count("new") >= 180


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_numbers_come_back_to_the_baseline_or_do_not(shift: float) -> None:
    """Lengths in sd of their probe: 200 deployments of 3 replays, seed 27; wrong names within 1 % and 4 errors."""
    rng = np.random.default_rng(27)
    wrong, right = 0, 0
    for _ in range(200):
        level = rng.normal(300, 80, (PROBES, 1))
        before, now = rng.normal(level, 20, (PROBES, 20)), rng.normal(level + 20 * shift, 20, (PROBES, 3))
        names = [f"p{i}" for i in range(PROBES)]
        known = NUMBERS.learn(NUMBERS.start(), "baseline", dict(zip(names, before.tolist(), strict=True)))
        verdict = NUMBERS.recognise(known, dict(zip(names, now.tolist(), strict=True))).verdict
        wrong += verdict == ("known" if shift else "new")
        right += verdict == ("new" if shift else "known")
    assert wrong <= 200 * (0.01 + 4 * math.sqrt(0.01 * 0.99 / 200))
    assert right >= 180


def test_few_probes_give_little_evidence_for_a_name() -> None:
    known = BINARY.learn(BINARY.start(), "baseline", {f"p{i}": [1.0] * 20 for i in range(4)})
    found = BINARY.recognise(known, {f"p{i}": [1.0] for i in range(4)})
    assert found.log_ratio is not None
    assert found.log_ratio < math.log(10)


def test_two_states_that_look_alike_are_not_told_apart() -> None:
    values = {f"p{i}": [float(i % 2)] * 20 for i in range(30)}
    known = BINARY.learn(BINARY.learn(BINARY.start(), "baseline", values), "B", values)
    found = BINARY.recognise(known, {probe: given[:2] for probe, given in values.items()})
    assert (found.verdict, found.name) == ("undecided", None)


def test_an_edited_probe_compares_with_nothing() -> None:
    known = BINARY.learn(BINARY.start(), "baseline", {"p@1": [1.0] * 20})
    found = BINARY.recognise(known, {"p@2": [0.0]})
    assert (found.verdict, found.log_ratio, dict(found.distances)) == ("undecided", None, {})
    assert BINARY.recognise(BINARY.start(), {"p@2": [0.0]}).verdict == "undecided"


def test_replays_that_differ_more_than_chance_weaken_the_evidence() -> None:
    rng = np.random.default_rng(28)
    first, second = two_rates(rng)
    known = BINARY.learn(BINARY.start(), "baseline", replay(rng, first, 20))
    known = BINARY.learn(known, "B", replay(rng, second, 20))
    today = replay(rng, second)
    calm, rough = BINARY.recognise(known, today), BINARY.recognise(known, today, dispersion=4.0)
    assert calm.name == "B"
    assert rough.verdict == "undecided"


def test_the_number_of_states_and_of_values_is_bounded_and_the_baseline_stays() -> None:
    book = StateBook(kind="binary", most_states=3, most_values=10)
    known = book.learn(book.start(), "baseline", {"p": [1.0]}, accepted=True)
    for turn in range(60):
        name = book.next_name(known) if turn < 40 else known.states[-1].name
        known = book.learn(known, name, {"p": [0.0] * 7, f"edited@{turn}": [1.0]})
    assert len(known.states) == 3
    assert known.states[0].name == "baseline"
    assert all(state.probes["p"].seen <= 10 for state in known.states)


def test_a_state_forgets_a_probe_that_is_asked_no_more() -> None:
    known = reduce(lambda held, i: BINARY.learn(held, "baseline", {f"p@{i}": [1.0]}), range(500), BINARY.start())
    assert len(known.states[0].probes) <= 202


def test_names_are_never_used_again() -> None:
    book = StateBook(kind="binary", most_states=2)
    known, names = book.learn(book.start(), "baseline", {"p": [1.0]}, accepted=True), []
    for _ in range(40):
        names.append(book.next_name(known))
        known = book.learn(known, names[-1], {"p": [0.0]})
    assert len(set(names)) == 40
    assert names[0] == "B"


finite = st.floats(-1e100, 1e100)
replays = st.dictionaries(st.sampled_from("abcdef"), st.lists(finite, max_size=4), max_size=6)
steps = st.lists(st.tuples(st.sampled_from(["baseline", "B", "C"]), replays), max_size=6)


def taught(book: StateBook, lessons: list[tuple[str, Replay]]) -> NamedStates:
    return reduce(lambda held, lesson: book.learn(held, *lesson), lessons, book.start())


@settings(deadline=None)
@given(lessons=steps, today=replays)
def test_whatever_the_numbers_the_verdict_is_defined(lessons: list[tuple[str, Replay]], today: Replay) -> None:
    found = NUMBERS.recognise(taught(NUMBERS, lessons), today)
    assert found.log_ratio is None or found.log_ratio >= 0
    assert not any(math.isnan(distance) for distance in found.distances.values())
    assert (found.name is not None) == (found.verdict == "known")


@settings(deadline=None)
@given(lessons=steps, today=replays)
def test_saved_as_json_and_read_again_nothing_changes(lessons: list[tuple[str, Replay]], today: Replay) -> None:
    known = taught(NUMBERS, lessons)
    again = from_plain(json.loads(json.dumps(to_plain(known), allow_nan=False)))
    assert again == known
    assert NUMBERS.recognise(again, today) == NUMBERS.recognise(known, today)


@given(seed=st.integers(0, 200))
def test_the_order_of_the_probes_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = two_rates(rng)
    known = BINARY.learn(BINARY.learn(BINARY.start(), "A", replay(rng, first, 9)), "B", replay(rng, second, 9))
    today = replay(rng, second)
    shuffled = dict(sorted(today.items(), key=lambda _: rng.random()))
    assert BINARY.recognise(known, shuffled) == BINARY.recognise(known, today)


@given(seed=st.integers(0, 200))
def test_ones_and_zeros_are_mirror_images(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = two_rates(rng)
    lessons = [("A", replay(rng, first, 9)), ("B", replay(rng, second, 9))]
    today = replay(rng, first)
    here = BINARY.recognise(taught(BINARY, lessons), today)
    there = BINARY.recognise(taught(BINARY, [(n, mirrored(v)) for n, v in lessons]), mirrored(today))
    assert (here.verdict, here.name) == (there.verdict, there.name)
    assert here.log_ratio == pytest.approx(there.log_ratio, abs=1e-9)


def mirrored(values: Replay) -> Replay:
    return {probe: [1 - value for value in given] for probe, given in values.items()}


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: StateBook(kind="graded"), "kind"),  # type: ignore[arg-type]
        (lambda: StateBook(kind="binary", most_states=0), "1 state"),
        (lambda: StateBook(kind="binary", margin=math.inf), "margin"),
        (lambda: BINARY.learn(BINARY.start(), "A", {"p": [0.5]}), "0 or 1"),
        (lambda: NUMBERS.learn(NUMBERS.start(), "A", {"p": [math.nan]}), "leave missing"),
        (lambda: NUMBERS.recognise(NUMBERS.start(), {"p": [1e200]}), "leave missing"),
        (lambda: NUMBERS.recognise(NUMBERS.start(), {"p": [1.0]}, dispersion=0.0), "dispersion"),
    ],
)
def test_what_has_no_answer_is_refused(refused, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DegenerateError, match=message):
        refused()
