"""The detector of a stream with a common factor: what it finds in latencies, when, and what it says then."""

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.series_codec import decode_state, encode_state
from driftwatch.stats.series_stream import CommonFactorStream
from driftwatch.stats.stream import StreamDetector
from driftwatch.stats.stream_state import ReplayValues

DETECTOR = CommonFactorStream(baseline_replays=30, arl=5000)


def replays(n, *, seed=60, shift=0.0, at=10**9, until=10**9, probes=20, step_h=3.0, daily=0.1, memory=0.5):
    """Latencies with a factor that follows itself and a daily wave; slower by `shift` (log) from `at` until `until`."""
    rng = np.random.default_rng(seed)
    means, factor = rng.normal(6.5, 0.6, probes), 0.0
    out = []
    for i in range(n):
        factor = memory * factor + 0.05 * rng.normal()
        level = factor + daily * math.sin(2 * math.pi * i * step_h / 24) + shift * (at <= i < until)
        values = np.exp(means + level + 0.2 * rng.normal(size=probes))
        named = {f"p{k:02}": (float(v),) for k, v in enumerate(values)}
        out.append(ReplayValues(key=f"slot-{i:05}", values=named, hours=1000 + i * step_h))
    return out


def fold(detector, stream, state=None):
    return reduce(detector.update, stream, detector.start() if state is None else state)


def test_latency_that_rises_for_good_alarms_and_says_since_when_and_by_how_much():
    reading = DETECTOR.read(fold(DETECTOR, replays(100, shift=0.4, at=80)))
    assert (reading.phase, reading.alarm, reading.alarm_chart, reading.direction) == ("monitoring", True, "cusum", 1)
    assert reading.onset_key == "slot-00080"
    low, high = reading.effect_interval
    assert low < reading.mean_after - reading.mean_before < high
    assert reading.mean_after / reading.mean_before == pytest.approx(math.exp(0.4), rel=0.15)
    assert len(reading.moved) == 20


def test_a_daily_wave_and_memory_do_not_alarm_where_the_plain_detector_does():
    quiet = replays(200, seed=61)
    assert not DETECTOR.read(fold(DETECTOR, quiet)).alarm
    plain = StreamDetector(baseline_replays=30, arl=5000, kind="continuous")
    timeless = [ReplayValues(key=one.key, values=one.values) for one in quiet]
    assert not plain.read(fold(plain, timeless)).trusted


def test_resuming_from_a_saved_state_changes_nothing():
    stream = replays(110, shift=0.3, at=90)
    whole = fold(DETECTOR, stream)
    for cut in (0, 10, 30, 60, 95):
        resumed = fold(DETECTOR, stream[cut:], decode_state(encode_state(fold(DETECTOR, stream[:cut]))))
        assert encode_state(resumed) == encode_state(whole)


def test_after_an_alarm_the_regression_forgets_the_change_and_learns_no_more():
    before = fold(DETECTOR, replays(80, shift=0.4, at=80))
    after = fold(DETECTOR, replays(160, shift=0.4, at=80))
    assert after.latch.onset_key == "slot-00080"
    assert after.series.count <= before.series.count + 1
    np.testing.assert_allclose(after.series.gram, before.series.gram, rtol=1e-6, atol=1e-6)
    assert DETECTOR.read(after).mean_before == pytest.approx(
        DETECTOR.read(fold(DETECTOR, replays(90, shift=0.4, at=80))).mean_before, rel=0.05
    )


def test_calm_counts_the_replays_back_at_normal():
    state, calms = DETECTOR.start(), []
    for one in replays(140, shift=0.4, at=80, until=110):
        state = DETECTOR.update(state, one)
        calms.append(DETECTOR.read(state).calm)
    assert not any(calms[:110])
    assert calms[-1] >= 10


def wider(n, *, at, until, seed, probes=20):
    """Latencies of the same level whose spread within a replay is .6 instead of .25 for a time."""
    rng = np.random.default_rng(seed)
    means, factor = rng.normal(6.5, 0.6, probes), 0.0
    for i in range(n):
        factor = 0.5 * factor + 0.05 * rng.normal()
        values = np.exp(means + factor + rng.normal(size=probes) * (0.6 if at <= i < until else 0.25)).tolist()
        yield ReplayValues(key=f"{i:04}", hours=3.0 * i, values={f"p{k}": (value,) for k, value in enumerate(values)})


@pytest.mark.parametrize(("seed", "plain"), [(1, True), (2, False), (4, False)])
def test_an_alarm_of_the_shape_ends_when_the_shape_is_back_and_not_before(seed, plain):
    """Where the level seemed to have moved it ended at once, elsewhere never: quiet evidence counted as a relapse."""
    state, calm = DETECTOR.start(), {}
    for i, one in enumerate(wider(175, at=80, until=140, seed=seed)):
        state = DETECTOR.update(state, one)
        if state.latch is not None:
            calm[i] = state.latch.calm
    assert state.latch.chart == "ks"
    assert (state.latch.shift != 0) == plain
    assert max(found for i, found in calm.items() if i < 140) == 0
    assert max(calm.values()) >= 12


def test_slower_answers_after_faster_ones_are_an_alarm_of_their_own_and_no_return_to_normal():
    """They counted as calm: an endpoint that had become faster and then slower was told to be back to normal."""
    faster = replays(140, shift=-0.4, at=80, until=110)
    slower = replays(140, shift=0.4, at=110)
    state, read = DETECTOR.start(), []
    for one in [*faster[:110], *slower[110:]]:
        state = DETECTOR.update(state, one)
        read.append(DETECTOR.read(state))
    assert (read[109].alarm, read[109].direction, read[109].calm) == (True, -1, 0)
    found = next(i for i in range(110, 140) if read[i].direction == 1)
    assert found - 110 <= 8
    assert read[found].onset_key >= "slot-00110"
    assert all(reading.alarm and reading.calm == 0 for reading in read[found:])


@pytest.mark.parametrize("seed", range(4))
def test_a_return_to_normal_is_no_alarm_of_the_other_side(seed):
    """A memory of the shift, which the regression has, makes the first replays back look too low."""
    state, read = DETECTOR.start(), []
    for one in replays(150, seed=seed, shift=0.4, at=80, until=110, memory=0.7):
        state = DETECTOR.update(state, one)
        read.append(DETECTOR.read(state))
    assert {reading.direction for reading in read[109:]} == {1}
    assert read[-1].calm >= 10


def test_a_short_time_on_the_other_side_leaves_an_alarm_that_comes_to_its_end():
    faster = replays(160, shift=-0.4, at=80, until=110)
    slower = replays(160, shift=0.4, at=110, until=118)
    state, read = DETECTOR.start(), []
    for one in [*faster[:110], *slower[110:]]:
        state = DETECTOR.update(state, one)
        read.append(DETECTOR.read(state))
    assert 1 in {reading.direction for reading in read[110:125]}
    assert all(reading.alarm for reading in read[109:])
    assert read[-1].calm >= 10


def test_a_rearmed_stream_watches_on_from_the_level_before():
    state = DETECTOR.rearm(fold(DETECTOR, replays(100, shift=0.4, at=80)))
    reading = DETECTOR.read(state)
    assert (reading.alarm, reading.statistic < 1) == (False, True)
    again = fold(DETECTOR, replays(120, shift=0.4, at=0, seed=60)[100:], state)
    assert DETECTOR.read(again).alarm


def test_what_single_probes_do_is_seen_without_the_common_effect():
    """Ten of twenty probes slow down by 40 %, ten speed up as much: the common effect hardly moves."""
    stream = []
    for i, one in enumerate(replays(130)):
        if i >= 100:
            moved = {p: (v[0] * (1.4 if k % 2 else 1 / 1.4),) for k, (p, v) in enumerate(sorted(one.values.items()))}
            stream.append(ReplayValues(key=one.key, values=moved, hours=one.hours))
        else:
            stream.append(one)
    reading = DETECTOR.read(fold(DETECTOR, stream))
    assert (reading.alarm, reading.alarm_chart) == (True, "ks")


def test_one_wild_replay_does_not_alarm_and_two_do():
    """Ten times slower, at 1 in 5,000: heavy tails of the common factor halved the run length."""
    assert not DETECTOR.read(fold(DETECTOR, replays(100, shift=2.3, at=80, until=81))).alarm
    reading = DETECTOR.read(fold(DETECTOR, replays(82, shift=2.3, at=80)))
    assert (reading.alarm, reading.onset_key) == (True, "slot-00080")


def test_frequent_replays_may_not_page_before_the_day_is_known():
    hourly = CommonFactorStream(baseline_replays=30, arl=5000)
    stream = replays(90, step_h=1.0)
    reading = hourly.read(fold(hourly, stream[:40]))
    assert not reading.trusted
    assert "rhythm of the day is not known yet: 39 h of 72 h" in reading.distrust
    assert hourly.read(fold(hourly, stream)).trusted
    loud = hourly.read(fold(hourly, replays(70, step_h=1.0, shift=1.0, at=45)))
    assert not loud.trusted


def test_without_hours_there_is_no_rhythm_and_no_waiting_for_it():
    stream = [ReplayValues(key=r.key, values=r.values) for r in replays(60, daily=0.0)]
    reading = DETECTOR.read(fold(DETECTOR, stream))
    assert (reading.trusted, reading.alarm) == (True, False)


def test_replays_once_a_day_page_after_the_baseline():
    assert DETECTOR.read(fold(DETECTOR, replays(30, step_h=24.0))).trusted


def test_a_probe_that_joins_later_moves_nothing():
    stream = replays(120, seed=62)
    joined = [
        ReplayValues(
            key=r.key, values={**r.values, "new": (90_000.0 + 100 * (i % 7),)} if i >= 60 else r.values, hours=r.hours
        )
        for i, r in enumerate(stream)
    ]
    plain, found = fold(DETECTOR, stream), fold(DETECTOR, joined)
    assert not DETECTOR.read(found).alarm
    assert np.isfinite(found.scale).sum() == np.isfinite(plain.scale).sum() + 1


def test_the_order_of_answers_is_irrelevant():
    stream = replays(50)
    turned = [ReplayValues(key=r.key, values=dict(reversed(r.values.items())), hours=r.hours) for r in stream]
    assert encode_state(fold(DETECTOR, turned)) == encode_state(fold(DETECTOR, stream))


def test_the_unit_of_latency_is_irrelevant():
    stream = replays(60)
    seconds = [
        ReplayValues(key=r.key, values={p: (v[0] / 1024,) for p, v in r.values.items()}, hours=r.hours) for r in stream
    ]
    assert fold(DETECTOR, seconds).z == pytest.approx(fold(DETECTOR, stream).z, abs=1e-6)


def test_zero_and_below_are_missing_on_the_log_scale():
    stream = replays(40)
    odd = ReplayValues(key="odd", values=dict.fromkeys(stream[0].values, (0.0,)), hours=2000.0)
    state = fold(DETECTOR, [*stream, odd])
    assert (state.z, state.replays) == (None, 41)


def test_empty_replays_only_count():
    state = fold(DETECTOR, [*replays(40), ReplayValues(key="none", values={})])
    assert (state.replays, DETECTOR.read(state).z) == (41, None)


def test_values_that_never_vary_say_nothing():
    same = [ReplayValues(key=f"{i}", values={"a": (5.0,), "b": (7.0,)}, hours=3.0 * i) for i in range(60)]
    reading = DETECTOR.read(fold(DETECTOR, same))
    assert (reading.z, reading.alarm, reading.statistic) == (None, False, 0.0)


def test_the_state_does_not_grow():
    small = CommonFactorStream(baseline_replays=10, arl=1e6, reference_cap=20)
    state = fold(small, replays(120, probes=3, daily=0.0))
    size = len(encode_state(state))
    state = fold(small, replays(300, probes=3, daily=0.0)[120:], state)
    assert len(state.history) <= 200
    assert len(state.shifts) <= 21
    assert len(encode_state(state)) < 2.2 * size


VALUES = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 1e300, 1e-300]))


@given(
    st.lists(st.lists(VALUES, max_size=4), min_size=1, max_size=40),
    st.booleans(),
    st.sampled_from([None, 0.0, 1.0, 30.0]),
)
@settings(max_examples=40, deadline=None)
def test_no_reading_holds_nan(stream, log, step):
    detector = CommonFactorStream(baseline_replays=8, arl=50, log=log)
    state = detector.start()
    for i, values in enumerate(stream):
        named = {f"p{k}": (v,) for k, v in enumerate(values)}
        hours = None if step is None else i * step
        try:
            state = detector.update(state, ReplayValues(key=str(i), values=named, hours=hours))
        except DegenerateError:
            return
        reading = detector.read(state)
        assert math.isfinite(reading.statistic)
        assert reading.z is None or math.isfinite(reading.z)
        assert encode_state(decode_state(encode_state(state))) == encode_state(state)


@pytest.mark.parametrize(
    "bad",
    [
        {"baseline_replays": 7},
        {"arl": 1.0},
        {"reference_cap": 3},
        {"ks_share": 1.0},
        {"pause_above": 0.0},
        {"margin": 0.5},
    ],
)
def test_parameters_without_a_detector_are_refused(bad):
    with pytest.raises(DegenerateError):
        CommonFactorStream(**{"baseline_replays": 30, "arl": 500, **bad})


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(DegenerateError, match="leave missing observations out"):
        DETECTOR.update(DETECTOR.start(), ReplayValues(key="a", values={"p": (math.nan,)}))


def test_bytes_of_another_kind_or_version_are_refused():
    saved = encode_state(DETECTOR.start())
    other = saved.replace(b"driftwatch-series-\x00\x03", b"driftwatch-series-\x00\x63")
    for bad in (b"other", other, saved[:40]):
        with pytest.raises(DegenerateError, match="fold the stored scores again"):
            decode_state(bad)


def test_the_in_control_run_length_is_not_below_nominal():
    """12 deployments, nominal ARL 60, cut at 120: 4 standard errors of an exponential's censored estimate."""
    detector = CommonFactorStream(baseline_replays=30, arl=60)
    total = alarms = 0
    for seed in range(12):
        state = detector.start()
        for one in replays(150, seed=[63, seed], probes=8):
            state = detector.update(state, one)
            total += 1
            if state.latch is not None:
                alarms += 1
                break
        total -= 30
    assert alarms <= total / 60 + 4 * math.sqrt(total / 60)
