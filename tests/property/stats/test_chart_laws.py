"""Laws of the charts and of the exact scores, for any numbers."""

import math
from functools import reduce

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from driftwatch.stats.cusum import Cusum
from driftwatch.stats.exchangeable import compare
from driftwatch.stats.lattice import draw_pmf, normal_score
from driftwatch.stats.onset import estimate_onset
from driftwatch.stats.run_length import two_sided_arl

quick = settings(max_examples=60, deadline=None)
zs = st.lists(st.floats(-8, 8), min_size=1, max_size=60)
counts = st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(lambda c: sum(c) > 0).map(np.array)


@quick
@given(zs)
def test_a_mirrored_stream_gives_the_mirrored_chart(values):
    chart = Cusum()
    up = reduce(chart.update, values, chart.start())
    down = reduce(chart.update, [-v for v in values], chart.start())
    assert (up.upper, up.lower, up.upper_onset) == (down.lower, down.upper, down.lower_onset)


@quick
@given(zs, st.integers(0, 60))
def test_a_fold_can_be_cut_anywhere(values, cut):
    chart = Cusum()
    whole = reduce(chart.update, values, chart.start())
    assert reduce(chart.update, values[cut:], reduce(chart.update, values[:cut], chart.start())) == whole


@quick
@given(zs)
def test_an_excursion_begins_within_the_stream_and_ends_at_zero(values):
    chart = Cusum()
    state = reduce(chart.update, values, chart.start())
    reading = chart.read(state)
    assert (reading.onset is None) == (reading.statistic == 0)
    assert reading.onset is None or 0 <= reading.onset < len(values)


@quick
@given(counts, st.integers(1, 4))
def test_the_law_of_a_draw_is_a_law(bag, drawn):
    assume(drawn <= bag.sum())
    pmf = draw_pmf(bag, drawn)
    assert (pmf >= 0).all()
    assert math.isclose(pmf.sum(), 1.0, rel_tol=1e-9)
    assert math.isclose(np.arange(len(pmf)) @ pmf, drawn * (np.arange(len(bag)) @ bag) / bag.sum(), abs_tol=1e-9)


@quick
@given(counts, st.floats(0, 1, exclude_max=True))
def test_scores_grow_with_the_value(bag, uniform):
    pmf = draw_pmf(bag, 1)
    scores = [normal_score(pmf, total, uniform) for total in np.flatnonzero(bag).tolist()]
    assert all(math.isfinite(s) for s in scores)
    below = [s for s, t in zip(scores, np.flatnonzero(bag), strict=True) if t < np.arange(len(pmf)) @ pmf]
    above = scores[len(below) :]
    assert below == sorted(below)
    assert above == sorted(above)


@quick
@given(st.integers(0, 2**32), st.sampled_from(["binary", "graded", "continuous"]), st.floats(0, 1, exclude_max=True))
def test_mirrored_values_give_the_mirrored_score(seed, kind, uniform):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2 if kind == "binary" else 9, (7, 13)) * 1.0
    up = compare(values[:, 1:], values[:, :1], kind, uniform).z
    down = compare(-values[:, 1:], -values[:, :1], kind, uniform).z
    back = compare(-values[:, 1:], -values[:, :1], kind, 1 - uniform).z
    # At the very mean of the law the draw decides the sign; elsewhere the tail is mirrored as it stands.
    assert up is not None
    assert math.isclose(up, -down, abs_tol=1e-6) or math.isclose(up, -back, abs_tol=1e-6)


@quick
@given(st.integers(0, 2**32), st.integers(0, 6))
def test_the_order_of_reference_values_does_not_matter(seed, turn):
    rng = np.random.default_rng(seed)
    reference, new = rng.normal(size=(5, 12)), rng.normal(size=(5, 1))
    assert (
        compare(reference, new, "continuous", 0.3).z
        == compare(np.roll(reference, turn, axis=1), new, "continuous", 0.3).z
    )


@quick
@given(st.lists(st.floats(-30, 30), min_size=1, max_size=80))
def test_the_onset_lies_in_its_interval(values):
    onset = estimate_onset(np.array(values))
    assert 0 <= onset.low <= onset.index <= onset.high < len(values)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.2, 1.0), st.floats(2.0, 6.0), st.floats(0.2, 2.0))
def test_a_shift_shortens_the_run_and_a_higher_threshold_lengthens_it(reference, threshold, shift):
    quiet = two_sided_arl(reference=reference, threshold=threshold, states=40)
    assert two_sided_arl(reference=reference, threshold=threshold, shift=shift, states=40) < quiet
    assert two_sided_arl(reference=reference, threshold=threshold + 0.5, states=40) > quiet
