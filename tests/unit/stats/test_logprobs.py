"""Log-probabilities against a fixed reference: pairing, censoring, noise and the smallest change that must show."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.logprobs import LogprobReference
from driftwatch.stats.stream import ReplayValues, StreamDetector


@dataclass(frozen=True, kw_only=True)
class Token:
    token: str
    logprob: float
    top: dict = field(default_factory=dict)


def listed(token, **top):
    return Token(token=token, logprob=top.get(token, -9.0), top=top)


def plain(*pairs):
    return [Token(token=token, logprob=logprob) for token, logprob in pairs]


def test_the_distance_is_the_mean_over_positions_of_the_mean_absolute_difference():
    reference = LogprobReference.of([[listed("a", a=-0.1, b=-3.0), listed("c", c=-0.5, d=-1.0)]])
    found = reference.score([listed("a", a=-0.3, b=-2.6), listed("c", c=-0.5, d=-1.2)])
    assert found.distance == pytest.approx((0.3 + 0.1) / 2)
    assert found.shift == pytest.approx((-0.2 + 0.0) / 2)
    assert found.positions == 2


def test_the_reference_is_the_mean_of_its_answers():
    reference = LogprobReference.of([[listed("a", a=-0.1)], [listed("a", a=-0.3)]])
    assert reference.score([listed("a", a=-0.2)]).distance == 0.0


def test_the_noise_of_an_unchanged_server_is_no_distance():
    """At 1e-6 a restart moved one score in eight by one unit: 3 of 40 deployments alarmed in 10 unchanged replays."""
    reference = LogprobReference.of([[listed("a", a=-0.1, b=-3.0)]])
    assert reference.score([listed("a", a=-0.1 + 2e-6, b=-3.0 - 2e-6)]).distance == 0.0
    assert reference.score([listed("a", a=-0.1 + 2e-5, b=-3.0)]).distance > 0.0


def test_a_token_missing_from_the_list_is_censored_at_the_lists_minimum():
    reference = LogprobReference.of([[listed("a", a=-0.1, b=-3.0)]])
    found = reference.score([listed("a", a=-0.1, c=-4.0)])
    # b lies at or below -4 now, c lay at or below -3 then.
    assert found.distance == pytest.approx((0.0 + 1.0 + 1.0) / 3, abs=5e-6)


def test_lists_of_another_length_are_dropped_on_both_sides():
    two, three = [listed("a", a=-0.1, b=-3.0)], [listed("a", a=-0.9, b=-3.0, c=-4.0)]
    reference = LogprobReference.of([two, two, three])
    assert reference == LogprobReference.of([two, two])
    assert reference.score(three) is None


def test_positions_are_compared_only_after_the_same_tokens():
    reference = LogprobReference.of([plain(("The", -0.1), ("cat", -1.0), ("sat", -0.2))])
    found = reference.score(plain(("The", -0.1), ("dog", -2.0), ("sat", -5.0)))
    # "dog" was never said there, and "sat" stands in another context.
    assert (found.positions, found.distance) == (1, 0.0)


def test_without_lists_only_the_answers_own_tokens_are_compared():
    reference = LogprobReference.of([plain(("Yes", -0.2)), plain(("No", -1.6))])
    assert reference.score(plain(("No", -1.5))).distance == pytest.approx(0.1)
    assert reference.score(plain(("Maybe", -1.5))) is None


def test_an_empty_answer_has_no_score():
    assert LogprobReference.of([plain(("Yes", -0.2))]).score([]) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 0.5])
def test_a_log_probability_that_is_none_is_refused(bad):
    with pytest.raises(DegenerateError, match="finite and not above 0"):
        LogprobReference.of([plain(("Yes", bad))])
    with pytest.raises(DegenerateError, match="finite and not above 0"):
        LogprobReference.of([plain(("Yes", -1.0))]).score(plain(("Yes", bad)))


def test_a_reference_without_log_probabilities_is_refused():
    with pytest.raises(DegenerateError, match="no log-probability"):
        LogprobReference.of([[], []])


def test_a_long_answer_takes_memory_with_its_length_only():
    reference = LogprobReference.of([plain(*[("word", -0.5)] * 5000)])
    assert sum(map(len, reference.laws)) <= 16 * 5000


numbers = st.floats(-30, 0)
tops = st.dictionaries(st.sampled_from("abcdef"), numbers, min_size=1, max_size=4)
answers = st.lists(tops.map(lambda top: Token(token=max(top, key=top.get), logprob=max(top.values()), top=top)))
references = st.lists(answers, min_size=1, max_size=4).filter(any)


@given(reference=references, answer=answers, order=st.randoms(use_true_random=False))
def test_the_order_of_the_reference_answers_does_not_matter(reference, answer, order):
    shuffled = order.sample(reference, len(reference))
    here, there = (LogprobReference.of(each).score(answer) for each in (reference, shuffled))
    assert (here is None) == (there is None)
    if here:
        assert here.distance == pytest.approx(there.distance, abs=1.1e-5)


@given(reference=references, answer=answers)
def test_a_distance_is_finite_not_negative_and_at_least_what_the_mean_shifted(reference, answer):
    found = LogprobReference.of(reference).score(answer)
    if found:
        assert 0 <= found.distance < math.inf
        assert math.isfinite(found.shift)
        assert 1 <= found.positions <= len(answer)


@given(answer=answers.filter(bool))
def test_an_answer_equal_to_its_reference_has_distance_zero(answer):
    found = LogprobReference.of([answer] * 3).score(answer)
    if found:
        assert (found.distance, found.shift) == (0.0, 0.0)


# -- the sensor: noise 1e-8 nat, Q8_0 2.6e-5 (design notes, section 5; benchmarks/lab/noise.txt) ------


def replays(count, change_at, *, size, noise=1e-8, probes=50, seed=41):
    """Scores of 50 probes of 8 tokens against 12 reference replays; every token moves by +-`size` at the change."""
    rng = np.random.default_rng(seed)
    at_rest = -rng.exponential(0.5, (probes, 8, 3)) - 0.01
    moved = size * rng.normal(size=at_rest.shape)

    def answer(probe, shifted):
        values = np.minimum(at_rest[probe] + shifted * moved[probe] + noise * rng.normal(size=(8, 3)), 0)
        return [listed("a", **dict(zip("abc", row.tolist(), strict=True))) for row in values]

    known = [LogprobReference.of([answer(probe, False) for _ in range(12)]) for probe in range(probes)]
    for i in range(count):
        scores = (known[probe].score(answer(probe, i >= change_at)) for probe in range(probes))
        yield ReplayValues(key=f"{i:03}", values={f"p{n:02}": (s.distance,) for n, s in enumerate(scores)})


def alarm_at(stream):
    detector = StreamDetector(baseline_replays=12, arl=50_000, kind="continuous")
    state = detector.start()
    for i, replay in enumerate(stream):
        state = detector.update(state, replay)
        if detector.read(state).alarm:
            return i
    return None


def test_eight_bits_are_seen_in_the_first_three_replays():
    """At one false alarm in 50,000 replays, although half of the tokens became likelier and half less likely."""
    assert 14 <= alarm_at(replays(18, 14, size=2.6e-5)) <= 16


def test_an_unchanged_server_is_quiet_at_its_own_noise():
    assert alarm_at(replays(40, 40, size=0.0)) is None
