"""What is remembered of a reference is, to the last bit, what comparing afresh would say."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from driftwatch.stats import ReplayValues, StreamDetector, decode_state, encode_state
from driftwatch.stats.bags import Bags
from driftwatch.stats.events import worst_and_best
from driftwatch.stats.exchangeable import laws_on_grid
from driftwatch.stats.far import far_below_and_above
from driftwatch.stats.grid import grid_of
from driftwatch.stats.ks import ranks_in, sequential_ranks
from driftwatch.stats.recall import said

quick = settings(max_examples=60, deadline=None)
KINDS = {
    "binary": st.sampled_from([0.0, 1.0, np.nan]),
    "graded": st.sampled_from([1.0, 1.5, 2.0, 3.0, 4.0, np.nan]),
    # Few values, so that one lies on a value of the past and the next between the same two.
    "continuous": st.one_of(st.integers(-2, 6).map(lambda x: x / 2), st.floats(-1, 3), st.just(np.nan)),
}
of_any_kind = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.integers(1, 5).flatmap(
            lambda probes: st.tuples(
                arrays(float, st.tuples(st.just(probes), st.integers(0, 9)), elements=KINDS[kind]),
                st.lists(arrays(float, (probes, 1), elements=KINDS[kind]), min_size=1, max_size=6),
            )
        ),
    )
)


def numbers(found):
    laws = {name: getattr(found.laws, name) for name in found.laws.__dataclass_fields__ if name != "counts"}
    return {**laws, "tilts": found.tilts, "below": found.below, "equal": found.equal}


@quick
@given(case=of_any_kind)
def test_a_bag_says_the_same_whether_it_is_remembered_or_compared_afresh(case):
    kind, (held, replays) = case
    bags = Bags(held=held)
    for new in replays * 3:
        again, afresh = said(bags, new, kind), said(Bags(held=held), new, kind)
        for name, value in numbers(afresh).items():
            assert numbers(again)[name].tobytes() == value.tobytes(), name
        if again.laws.counts.shape[1]:
            assert again.laws.counts.tobytes() == afresh.laws.counts.tobytes()
        assert repr([worst_and_best(bags, new), far_below_and_above(bags, new)]) == repr(
            [worst_and_best(Bags(held=held), new), far_below_and_above(Bags(held=held), new)]
        )


@quick
@given(case=of_any_kind, seed=st.integers(0, 99))
def test_ranks_of_known_places_are_the_sequential_ranks(case, seed):
    kind, (held, replays) = case
    bags = Bags(held=held)
    for new in replays:
        found = said(bags, new, kind)
        known = ranks_in(bags, new, found.below, found.equal, np.random.default_rng(seed))
        assert known.tolist() == sequential_ranks(held, new, np.random.default_rng(seed)).tolist()


@pytest.mark.parametrize("kind", ["graded", "continuous"])
def test_what_a_row_says_does_not_depend_on_the_rows_beside_it(kind):
    """Bags of 200 and of a few, on grids of up to 241 scores: sums over scores of rows of many widths."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        held = rng.normal(size=(12, 200))
        held[rng.random(held.shape) < rng.random((12, 1))] = np.nan
        new = rng.normal(size=(12, 1))
        grid = None if kind == "continuous" else grid_of(Bags(held=held), new)
        whole = laws_on_grid(held, new, grid)
        for rows in (slice(0, 1), slice(3, 5), slice(6, None)):
            part = laws_on_grid(held[rows], new[rows], grid)
            for name in ("deviation", "variance", "third", "spread"):
                assert getattr(part, name).tobytes() == getattr(whole, name)[rows].tobytes()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(sorted(KINDS)), shift=st.sampled_from([0.0, 3.0]))
def test_folding_from_saved_states_at_every_replay_is_the_uninterrupted_fold(seed, kind, shift):
    """A state that was saved has forgotten what its reference remembered; full bags, rests after alarms and gaps."""
    rng = np.random.default_rng(seed)
    chart = StreamDetector(baseline_replays=6, arl=40, kind=kind, reference_cap=10)
    draw = {
        "binary": lambda i: rng.random(7) < 0.8 - 0.25 * shift * (i > 20),
        "graded": lambda i: rng.integers(1, 5, 7),
    }
    values = [draw.get(kind, lambda i: rng.normal(shift * (i > 20), size=7))(i) for i in range(30)]
    replays = [
        ReplayValues(key=f"k{i}", values={f"p{k}": (float(v),) for k, v in enumerate(row) if rng.random() < 0.95})
        for i, row in enumerate(values)
    ]
    often = reduce(lambda s, r: chart.update(decode_state(encode_state(s)), r), replays, chart.start())
    once = chart.start()
    for replay in replays:
        once = chart.update(once, replay)
        assert chart.read(once) == chart.read(decode_state(encode_state(once)))
    assert encode_state(often) == encode_state(once)
