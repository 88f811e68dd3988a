"""First tokens of border inputs: distances by hand, laws, and a tie that stops being one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.first_token import (
    FirstTokenReference,
    border_inputs,
    law_of_tokens,
    law_of_top,
    margin,
    mean_law,
    total_variation,
)
from driftwatch.stats.stream import ReplayValues, StreamDetector

weights = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=1)
whole = weights.map(lambda law: {token: n / sum(law.values()) for token, n in law.items()})
cut = st.tuples(whole, st.floats(0.1, 1)).map(lambda both: {token: p * both[1] for token, p in both[0].items()})


def by_definition(one, other):
    return sum(abs(one.get(token, 0) - other.get(token, 0)) for token in {*one, *other}) / 2


@given(one=whole, other=whole)
def test_of_whole_laws_it_is_half_the_sum_of_absolute_differences(one, other):
    assert total_variation(one, other) == pytest.approx(by_definition(one, other), abs=1e-6)


@given(one=cut, other=cut)
def test_a_distance_is_symmetric_and_between_0_and_1(one, other):
    assert 0 <= total_variation(one, other) <= 1
    assert total_variation(one, other) == pytest.approx(total_variation(other, one), abs=1.1e-6)


@given(one=whole, other=whole, k=st.integers(1, 4))
def test_lists_cut_at_k_never_say_more_than_the_whole_laws(one, other, k):
    def first(law):
        return dict(sorted(law.items(), key=lambda item: -item[1])[:k])

    assert total_variation(first(one), first(other)) <= total_variation(one, other) + 1e-6


@given(law=cut)
def test_a_law_is_not_away_from_itself(law):
    assert total_variation(law, law) == 0.0


def test_disjoint_answers_are_as_far_apart_as_can_be():
    assert total_variation(law_of_tokens(["Yes"]), law_of_tokens(["No"])) == 1.0


def test_a_list_of_log_probabilities_is_a_law_with_the_rest_unlisted():
    law = law_of_top({"Yes": math.log(0.6), "No": math.log(0.3)})
    assert law == pytest.approx({"Yes": 0.6, "No": 0.3})
    assert total_variation(law, {"Yes": 0.6, "No": 0.3, "Oui": 0.1}) == 0.0


def test_the_vendors_rounding_above_one_is_taken_off():
    assert sum(law_of_top({"Yes": -0.0001, "No": -9.0}).values()) == 1.0


@pytest.mark.parametrize("top", [{}, {"a": math.nan}, {"a": 0.1}, {"a": -0.1, "b": -0.2}])
def test_a_list_that_is_no_law_is_refused(top):
    with pytest.raises(DegenerateError, match="first token"):
        law_of_top(top)


@pytest.mark.parametrize(
    "make",
    [
        lambda: law_of_tokens([]),
        lambda: mean_law([]),
        lambda: margin({}),
        lambda: FirstTokenReference(law={}),
        lambda: FirstTokenReference(law={"a": math.nan}),
        lambda: FirstTokenReference(law={"a": 1.0}, block=0),
    ],
)
def test_nothing_to_compare_is_refused(make):
    with pytest.raises(DegenerateError, match="first token"):
        make()


def test_a_mean_of_laws_counts_what_a_list_lacks_as_zero():
    assert mean_law([{"a": 1.0}, {"a": 0.5, "b": 0.5}]) == {"a": 0.75, "b": 0.25}


def test_border_inputs_are_those_in_doubt_the_nearest_tie_first():
    laws = {"sure": {"a": 1.0}, "tie": {"a": 0.5, "b": 0.5}, "lean": {"a": 0.6, "b": 0.4}, "most": {"a": 0.9}}
    assert border_inputs(laws) == ("tie", "lean")


def test_a_unique_argmax_gives_the_same_score_for_ever():
    reference = FirstTokenReference(law=law_of_tokens(["Yes"] * 12), block=3)
    assert {reference.score(["Yes"] * 3) for _ in range(9)} == {0.0}


def test_a_list_is_compared_with_the_reference_answer_by_answer():
    reference = FirstTokenReference(law={"Yes": 0.6, "No": 0.4})
    assert reference.score_top({"Yes": math.log(0.5), "No": math.log(0.5)}) == pytest.approx(0.1, abs=1e-6)


def watched(inputs, change, seed=43):
    """Index of the alarm of 30 inputs whose reference is 20 first tokens; blocks of 10, change at block 30."""
    rng = np.random.default_rng(seed)
    probes = [f"p{n:02}" for n in range(30)]
    odds = np.full(30, inputs)
    known = {
        p: FirstTokenReference(law=law_of_tokens(np.where(rng.random(20) < odds[n], "Yes", "No").tolist()))
        for n, p in enumerate(probes)
    }
    detector = StreamDetector(baseline_replays=20, arl=5000, kind="continuous")
    state = detector.start()
    for i in range(60):
        now = odds if i < 30 else odds + change * np.where(np.arange(30) % 2, 1, -1)
        said = {p: np.where(rng.random(10) < now[n], "Yes", "No").tolist() for n, p in enumerate(probes)}
        values = {p: (known[p].score(tokens),) for p, tokens in said.items()}
        state = detector.update(state, ReplayValues(key=f"{i}", values=values))
        if detector.read(state).alarm:
            return i
    return None


def test_ties_that_fall_to_either_side_are_found_soon():
    """Half of the ties go one way and half the other, so that no mean over inputs moves."""
    assert 30 <= watched(0.5, change=0.4) <= 32


def test_unchanged_ties_are_quiet():
    assert watched(0.5, change=0.0) is None


def test_inputs_with_a_unique_argmax_never_alarm():
    assert watched(1.0, change=0.0) is None
