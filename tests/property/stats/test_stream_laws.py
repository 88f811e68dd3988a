"""Laws of the stream detector, for any replays."""

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from driftwatch.stats import ReplayValues, StreamDetector, decode_state, encode_state

quick = settings(max_examples=25, deadline=None)
PROBES = [f"p{k}" for k in range(6)]
binary = st.sampled_from([0.0, 1.0])
graded = st.integers(2, 10).map(lambda x: x / 2)
anything = st.floats(allow_nan=False, allow_infinity=False)
tame = st.integers(-20, 20).map(float)
selected = st.sampled_from([("mixture",), ("cvm",), ("ewma", "cvm")])
events = st.sampled_from(["zeros", "ones", "unusual"])
selected_for_passes = st.sampled_from([("mixture",), ("risk-adjusted",), ("risk-adjusted", "ewma", "cvm")])


def replays_of(value, *, most=40, samples=2):
    one = st.dictionaries(st.sampled_from(PROBES), st.lists(value, min_size=0, max_size=samples).map(tuple))
    return st.lists(one, min_size=1, max_size=most).map(
        lambda rows: [ReplayValues(key=f"k{i}", values=row) for i, row in enumerate(rows)]
    )


def detector(kind, **more):
    return StreamDetector(**({"baseline_replays": 4, "arl": 25, "kind": kind, "reference_cap": 12} | more))


def fold(chart, replays):
    return reduce(chart.update, replays, chart.start())


def numbers(reading):
    plain = [reading.statistic, *(r.statistic for r in reading.charts.values())]
    plain += [x for x in (reading.z, reading.mean_before, reading.mean_after) if x is not None]
    plain += list(reading.effect_interval or ())
    return plain + [x for m in reading.moved for x in (m.p, m.q, m.before, m.after)]


@quick
@given(replays=replays_of(anything), kind=st.sampled_from(["graded", "continuous"]), paging=selected)
def test_no_number_is_ever_nan(replays, kind, paging):
    chart = detector(kind, paging=paging)
    state = chart.start()
    for replay in replays:
        state = chart.update(state, replay)
        assert not any(math.isnan(x) for x in numbers(chart.read(state)))


@quick
@given(replays=replays_of(binary), cut=st.integers(0, 40), paging=selected_for_passes, event=events)
def test_resuming_from_a_saved_state_changes_nothing(replays, cut, paging, event):
    chart = detector("binary", paging=paging, event=event)
    resumed = decode_state(encode_state(fold(chart, replays[:cut])))
    state = reduce(chart.update, replays[cut:], resumed)
    assert encode_state(state) == encode_state(fold(chart, replays))
    assert chart.read(state) == chart.read(fold(chart, replays))


@quick
@given(replays=replays_of(anything), kind=st.sampled_from(["graded", "continuous"]), paging=selected)
def test_a_state_survives_encoding_exactly(replays, kind, paging):
    data = encode_state(fold(detector(kind, paging=paging), replays))
    assert encode_state(decode_state(data)) == data


@quick
@given(replays=replays_of(binary), paging=selected_for_passes)
def test_the_order_of_probes_does_not_matter(replays, paging):
    chart = detector("binary", paging=paging)
    turned = [ReplayValues(key=r.key, values=dict(reversed(r.values.items()))) for r in replays]
    assert encode_state(fold(chart, turned)) == encode_state(fold(chart, replays))


@quick
@given(replays=replays_of(tame))
def test_a_monotone_transformation_changes_neither_location_nor_ranks(replays):
    # A mixture, rare events among its channels, may neither page nor pause here: six robust standard deviations are
    # a distance, not a rank.
    chart = detector("continuous", paging=("cusum", "ks"), pause_above=math.inf)
    bent = [
        ReplayValues(key=r.key, values={p: tuple(math.exp(x / 4) for x in v) for p, v in r.values.items()})
        for r in replays
    ]
    plain, curved = chart.read(fold(chart, replays)), chart.read(fold(chart, bent))
    assert (plain.z, plain.charts["cusum"], plain.charts["ks"]) == (
        curved.z,
        curved.charts["cusum"],
        curved.charts["ks"],
    )


@quick
@given(seed=st.integers(0, 2**32))
def test_a_mirrored_change_is_found_on_the_other_side(seed):
    rng = np.random.default_rng(seed)
    chart = StreamDetector(baseline_replays=10, arl=1000, kind="continuous")
    values = [rng.normal(4.0 * (i > 19), size=24) for i in range(23)]

    def reading(sign):
        rows = [{f"p{k}": (float(sign * v),) for k, v in enumerate(row)} for row in values]
        return chart.read(fold(chart, [ReplayValues(key=f"k{i}", values=row) for i, row in enumerate(rows)]))

    up, down = reading(1.0), reading(-1.0)
    assume(up.onset_key >= "k20")  # one stream in a hundred alarms falsely before the change
    assert (up.alarm, up.direction, up.onset_key) == (True, 1, down.onset_key)
    assert (down.alarm, down.direction) == (True, -1)
    # The replay's coin is not mirrored, so the spread between replays, and with it the width, differs a little.
    assert sum(up.effect_interval) == pytest.approx(-sum(down.effect_interval))
    assert np.ptp(up.effect_interval) == pytest.approx(np.ptp(down.effect_interval), rel=0.5)


@quick
@given(replays=replays_of(anything, most=60), kind=st.sampled_from(["graded", "continuous"]))
def test_memory_is_bounded_in_the_number_of_replays(replays, kind):
    chart = detector(kind)
    state = fold(chart, [ReplayValues(key=f"k{i}", values=r.values) for i, r in enumerate(replays * 5)])
    assert state.reference.values.shape[0] <= len(PROBES)
    assert state.reference.counts.max(initial=0) <= 12
    assert len(state.history) <= 200
    assert len(state.recent) <= 50
    assert len(state.ks.window) <= 8


@settings(max_examples=8, deadline=None)
@given(replays=replays_of(binary, most=60))
def test_memory_of_the_selected_charts_is_bounded_in_the_number_of_replays(replays):
    chart = detector("binary", paging=("cvm", "ewma", "risk-adjusted"))
    state = fold(chart, [ReplayValues(key=f"k{i}", values=r.values) for i, r in enumerate(replays * 3)])
    assert len(state.extra["cvm"].window) <= 8
    risk = state.extra["risk-adjusted"]
    assert max(risk.worse.law.size, risk.better.law.size) <= 16 * 13 * len(PROBES) * 2


@quick
@given(replays=replays_of(binary), paging=selected_for_passes)
def test_an_alarm_holds_until_it_is_rearmed(replays, paging):
    chart = detector("binary", paging=paging)
    state, latched = chart.start(), False
    for replay in replays:
        state = chart.update(state, replay)
        latched = latched or state.latch is not None
        reading = chart.read(state)
        assert reading.alarm or not latched
        assert not (reading.alarm and reading.trusted) or reading.onset_key is not None
    assert not chart.read(chart.rearm(state)).alarm
