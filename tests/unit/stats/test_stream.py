"""The detector of one stream: what it must find, when, and what it says then."""

from functools import reduce
from itertools import pairwise

import numpy as np
import pytest

from driftwatch.stats import DegenerateError, ReplayValues, StreamDetector, decode_state, encode_state
from driftwatch.stats.state_codec import VERSION


def key(i):
    return f"slot-{i:05}"


def replay(i, values):
    return ReplayValues(key=key(i), values=values)


def fold(detector, replays, state=None):
    return reduce(detector.update, replays, detector.start() if state is None else state)


def first_alarm(detector, replays):
    state = detector.start()
    for i, one in enumerate(replays):
        state = detector.update(state, one)
        if detector.read(state).alarm:
            return i
    return None


def broken(i, *, at, until=10**9, probes=40, failing=10):
    """Probes that always pass, of which some fail from `at` until `until`."""
    bad = failing if at <= i < until else 0
    return replay(i, {f"p{k:02}": (float(k >= bad),) for k in range(probes)})


def logprobs(i, *, at, shift):
    return replay(i, {f"p{k:02}": (-0.5 - 0.01 * k + (shift if i >= at else 0.0),) for k in range(40)})


YEAR = {"arl": 50_000, "baseline_replays": 30}


@pytest.mark.parametrize("baseline", [20, 30, 50])
@pytest.mark.parametrize("quiet", [0, 5, 300])
def test_ten_of_forty_deterministic_probes_that_break_alarm_within_three_replays(baseline, quiet):
    detector = StreamDetector(baseline_replays=baseline, arl=50_000, kind="binary")
    at = baseline + quiet
    assert first_alarm(detector, [broken(i, at=at) for i in range(at + 4)]) - at < 3


@pytest.mark.parametrize("shift", [-2.6e-5, 0.3])
@pytest.mark.parametrize("quiet", [0, 300])
def test_constant_logprobs_that_move_together_alarm_within_two_replays(shift, quiet):
    detector = StreamDetector(kind="continuous", **YEAR)
    at = 30 + quiet
    assert first_alarm(detector, [logprobs(i, at=at, shift=shift) for i in range(at + 3)]) - at < 2


def test_one_failure_of_one_deterministic_probe_does_not_alarm():
    detector = StreamDetector(kind="binary", arl=500, baseline_replays=20)
    replays = [broken(i, at=40, until=41, failing=1) for i in range(80)]
    assert first_alarm(detector, replays) is None


def test_the_reading_says_what_moved_since_when_and_by_how_much():
    detector = StreamDetector(kind="binary", **YEAR)
    reading = detector.read(fold(detector, [broken(i, at=45) for i in range(48)]))
    assert (reading.phase, reading.replays, reading.baseline_seen) == ("monitoring", 48, 30)
    assert reading.onset_key == key(45)
    assert reading.onset_interval == (key(45), key(45))
    assert reading.direction == -1
    assert (reading.mean_before, reading.mean_after) == (1.0, 0.75)
    low, high = reading.effect_interval
    assert low < -0.25 < high < 0
    assert [m.probe for m in reading.moved[:10]] == [f"p{k:02}" for k in range(10)]
    assert all(m.q < 0.01 for m in reading.moved[:10])
    assert all(m.p == m.q == 1.0 for m in reading.moved[10:])


def test_an_alarm_stays_and_its_reference_forgets_the_change():
    detector = StreamDetector(kind="binary", **YEAR)
    state = fold(detector, [broken(i, at=45) for i in range(200)])
    reading = detector.read(state)
    assert reading.alarm
    assert reading.onset_key == key(45)
    assert state.reference.values[np.isfinite(state.reference.values)].min() == 1.0
    assert reading.mean_before == 1.0


def test_calm_counts_the_replays_back_at_normal_and_a_relapse_ends_it():
    detector = StreamDetector(kind="binary", **YEAR)
    state, calms = detector.start(), []
    for i in range(70):
        back = 50 <= i < 60
        state = detector.update(state, broken(i, at=45, until=50) if i < 60 or back else broken(i, at=60))
        calms.append(detector.read(state).calm)
    assert calms[45:50] == [0] * 5
    assert calms[52:60] == list(range(calms[52], calms[52] + 8))
    assert calms[69] == 0
    assert detector.read(state).mean_after == 0.75


def test_noisy_recovery_is_seen_and_a_lasting_shift_is_not_called_calm():
    rng = np.random.default_rng(12)

    def noisy(i):
        shift = 0.8 if 40 <= i < 60 else 0.0
        return replay(i, {f"p{k}": (float(rng.normal(shift)),) for k in range(30)})

    detector = StreamDetector(kind="continuous", **YEAR)
    state, calms = detector.start(), []
    for i in range(75):
        state = detector.update(state, noisy(i))
        calms.append(detector.read(state).calm)
    assert not any(calms[:60])
    assert calms[-1] >= 12


@pytest.mark.parametrize("seed", [15, 24, 44])
def test_a_small_drift_that_goes_on_is_not_told_to_be_over(seed):
    """These three were, for 17 to 20 calm replays: a likelihood ratio of 20 comes about by chance."""
    rng = np.random.default_rng(seed)
    detector, read = StreamDetector(kind="continuous", **YEAR), []
    state = detector.start()
    for i in range(220):
        shift = -0.14 if i >= 60 else 0.0
        state = detector.update(state, replay(i, {f"p{k}": (float(rng.normal(shift)),) for k in range(30)}))
        read.append(detector.read(state))
    assert read[-1].alarm
    assert max(reading.calm for reading in read) < 12


def test_a_return_to_a_young_reference_ends_though_its_error_is_there_every_day():
    """Of a baseline of eight replays, whose error is .35 sd, two of ten returns of a large drift stayed open for days."""

    def calms(seed):
        rng = np.random.default_rng(seed)
        detector = StreamDetector(kind="continuous", **{**YEAR, "baseline_replays": 8})
        state = detector.start()
        for i in range(80):
            shift = 1.5 if 10 <= i < 20 else 0.0
            state = detector.update(state, replay(i, {f"p{k}": (float(rng.normal(shift)),) for k in range(30)}))
            yield detector.read(state).calm

    assert sum(max(calms(seed)) >= 12 for seed in range(12)) >= 11


def test_a_fall_after_a_rise_is_an_alarm_of_its_own_and_no_return_to_normal():
    """It counted as calm for twelve replays: the page of a fall that followed a better state came half a day late."""
    rng = np.random.default_rng(5)

    def flaky(i):
        passes = 0.7 if i < 40 else 0.95 if i < 60 else 0.4
        return replay(i, {f"p{k:02}": (float(rng.random() < passes),) for k in range(40)})

    detector = StreamDetector(kind="binary", **YEAR)
    state = detector.start()
    read = []
    for i in range(75):
        state = detector.update(state, flaky(i))
        read.append(detector.read(state))
    assert (read[59].alarm, read[59].direction, read[59].calm) == (True, 1, 0)
    found = next(i for i in range(60, 75) if read[i].alarm and read[i].direction == -1)
    # Twelve calm replays came before.
    assert found - 60 <= 3
    assert key(60) <= read[found].onset_key
    assert all(reading.calm == 0 for reading in read[found:])


@pytest.mark.parametrize(("seed", "fallen"), [(1, 3), (3, 2), (2, 5)])
def test_a_short_fall_after_a_rise_leaves_an_alarm_that_comes_to_its_end(seed, fallen):
    """It left none: an incident that is open and has no alarm is never calm, and was repeated day by day for ever."""
    rng = np.random.default_rng(seed)
    detector, read = StreamDetector(kind="binary", **YEAR), []
    state = detector.start()
    for i in range(90):
        passes = 0.95 if 40 <= i < 60 else 0.3 if 60 <= i < 60 + fallen else 0.7
        state = detector.update(state, replay(i, {f"p{k:02}": (float(rng.random() < passes),) for k in range(40)}))
        read.append(detector.read(state))
    assert -1 in {reading.direction for reading in read[60:66]}
    assert all(reading.alarm for reading in read[59:])
    assert read[-1].calm >= 12


def test_rearming_watches_again_against_the_old_reference():
    detector = StreamDetector(kind="binary", **YEAR)
    state = detector.rearm(fold(detector, [broken(i, at=45, until=50) for i in range(55)]))
    reading = detector.read(state)
    assert not reading.alarm
    assert reading.phase == "monitoring"
    again = fold(detector, [broken(i, at=60) for i in range(55, 63)], state)
    assert detector.read(again).onset_key == key(60)


def test_a_replay_without_information_leaves_the_charts_untouched():
    detector = StreamDetector(kind="binary", baseline_replays=5, arl=500)
    state = fold(detector, [broken(i, at=99) for i in range(20)])
    assert detector.read(state).z is None
    assert state.cusum.updates == state.ks.updates == 0


def test_an_empty_replay_only_counts():
    detector = StreamDetector(kind="binary", baseline_replays=5, arl=500)
    state = fold(detector, [replay(0, {}), replay(1, {"a": ()}), replay(2, {"a": (1.0,)})])
    reading = detector.read(state)
    assert (reading.replays, reading.baseline_seen, reading.phase, reading.z) == (3, 1, "baseline", None)


def test_nothing_pages_during_the_baseline():
    detector = StreamDetector(kind="binary", baseline_replays=30, arl=500)
    reading = detector.read(fold(detector, [broken(i, at=10) for i in range(29)]))
    assert (reading.phase, reading.alarm, reading.statistic) == ("baseline", False, 0.0)


def test_an_edited_probe_starts_anew_and_the_others_go_on():
    detector = StreamDetector(kind="continuous", baseline_replays=20, arl=5000)
    rng = np.random.default_rng(3)

    def edited(i):
        values = {f"p{k}": (float(rng.normal()),) for k in range(20)}
        name = "edited" if i < 30 else "edited-v2"
        return replay(i, values | {name: (float(rng.normal() + (50 if i >= 30 else 0)),)})

    state = fold(detector, map(edited, range(60)))
    assert not detector.read(state).alarm
    held = dict(zip(state.reference.probes, state.reference.counts.tolist(), strict=True))
    assert (held["edited"], held["edited-v2"], held["p0"]) == (30, 30, 60)


def test_a_probe_that_is_absent_leaves_the_sum_and_comes_back():
    detector = StreamDetector(kind="binary", **YEAR)
    replays = [replay(i, {"a": (1.0,)} | ({"b": (1.0,)} if i % 3 else {})) for i in range(60)]
    state = fold(detector, replays)
    assert state.reference.counts.tolist() == [60, 40]


def test_several_samples_per_probe_sharpen_the_evidence():
    def sampled(i, samples):
        bad = i >= 34
        return replay(i, {f"p{k}": tuple(float(not (bad and s == 0)) for s in range(samples)) for k in range(4)})

    one, three = (fold(StreamDetector(kind="binary", **YEAR), [sampled(i, n) for i in range(35)]).z for n in (1, 3))
    assert one < 0
    assert three < 0


def test_a_stream_with_a_rhythm_is_shown_but_may_not_page():
    detector = StreamDetector(kind="continuous", baseline_replays=30, arl=500, paging=("cusum", "ks"))
    rng = np.random.default_rng(1)

    def wave(i):
        return replay(i, {f"p{k}": (float(rng.normal(3 * np.sin(i / 4))),) for k in range(20)})

    state, alarms = detector.start(), []
    for i in range(90):
        state = detector.update(state, wave(i))
        reading = detector.read(state)
        alarms.append(reading.alarm)
    assert not reading.trusted
    assert "rhythm" in reading.distrust
    assert any(alarms)
    assert any(before and not after for before, after in pairwise(alarms))
    assert state.latch is None


def by_the_clock(n, *, wave, shift=0.0, at=10**9, seed=3):
    """Twenty probes an hour with a daily wave of that many of their sd, shifted from replay `at` on."""
    rng = np.random.default_rng(seed)
    levels = [wave * np.sin(2 * np.pi * i / 24) + shift * (i >= at) for i in range(n)]
    return [
        ReplayValues(key=f"{i:04}", values={f"p{k}": (float(rng.normal(x)),) for k in range(20)}, hours=1000.0 + i)
        for i, x in enumerate(levels)
    ]


def test_a_rhythm_that_follows_the_clock_is_taken_off_and_the_stream_may_page():
    """At 88 % a false alarm within 500 replays where 63 % were promised, or silence: that is how it was."""
    detector = StreamDetector(kind="continuous", baseline_replays=30, arl=2000)
    quiet = fold(detector, by_the_clock(200, wave=0.5))
    reading = detector.read(quiet)
    assert (reading.trusted, reading.alarm) == (True, False)
    assert quiet.rhythm.weights[0] < 0.01
    shifted = detector.read(fold(detector, by_the_clock(204, wave=0.5, shift=1.0, at=200)))
    assert shifted.alarm
    assert shifted.onset_key in ("0200", "0201")


def test_charts_that_see_the_rhythm_are_checked_with_it():
    ranks = StreamDetector(kind="continuous", baseline_replays=30, arl=2000, paging=("ks",))
    assert not ranks.read(fold(ranks, by_the_clock(60, wave=1.0))).trusted
    mixture = StreamDetector(kind="continuous", baseline_replays=30, arl=2000)
    assert mixture.read(fold(mixture, by_the_clock(60, wave=1.0))).trusted


def test_an_incident_leaves_the_rhythm_as_it_was_before():
    detector = StreamDetector(kind="continuous", baseline_replays=30, arl=2000)
    after = fold(detector, by_the_clock(160, wave=0.5, shift=1.0, at=120))
    before = fold(detector, by_the_clock(120, wave=0.5))
    assert after.latch.onset_key == "0120"
    np.testing.assert_allclose(after.rhythm.coefficients, before.rhythm.coefficients, atol=1e-9)


def test_a_stream_with_a_rhythm_is_resumed_from_its_state():
    detector = StreamDetector(kind="graded", baseline_replays=30, arl=2000)
    stream = by_the_clock(100, wave=0.5, shift=1.0, at=80)
    whole = encode_state(fold(detector, stream))
    for cut in (10, 30, 60, 90):
        state = decode_state(encode_state(fold(detector, stream[:cut])))
        assert encode_state(reduce(detector.update, stream[cut:], state)) == whole


def test_a_stream_that_calms_down_is_trusted_again():
    detector = StreamDetector(kind="continuous", baseline_replays=20, arl=500)
    rng = np.random.default_rng(2)
    waves = [3 * np.sin(i / 4) if i < 40 else 0.0 for i in range(300)]
    replays = [replay(i, {f"p{k}": (float(rng.normal(w)),) for k in range(20)}) for i, w in enumerate(waves)]
    assert not detector.read(fold(detector, replays[:40])).trusted
    assert detector.read(fold(detector, replays)).trusted


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_refused_by_name(bad):
    detector = StreamDetector(kind="graded", baseline_replays=5, arl=500)
    with pytest.raises(DegenerateError, match=r"probe b has .* leave missing observations out"):
        detector.update(detector.start(), replay(0, {"a": (1.0,), "b": (1.0, bad)}))


@pytest.mark.parametrize(
    "bad",
    [
        {"baseline_replays": 1},
        {"arl": 1},
        {"arl": float("inf")},
        {"kind": "text"},
        {"reference_cap": 1},
        {"paging": ()},
        {"paging": ("mean",)},
        {"ks_window": 7},
        {"scale_prior": 0},
        {"cusum_reference": -1},
    ],
)
def test_settings_without_a_detector_are_refused(bad):
    with pytest.raises(DegenerateError):
        StreamDetector(**({"baseline_replays": 20, "arl": 500, "kind": "binary"} | bad))


def test_one_reference_replay_is_enough_for_a_defined_answer():
    detector = StreamDetector(kind="continuous", baseline_replays=2, arl=500)
    state = fold(detector, [replay(i, {"a": (float(i),)}) for i in range(3)])
    assert np.isfinite(detector.read(state).z)


def test_a_metric_that_changes_its_values_altogether_alarms():
    detector = StreamDetector(kind="graded", **YEAR)
    rng = np.random.default_rng(1)
    replays = [
        replay(i, {f"p{k}": (float(rng.integers(1, 6)) * (1 if i < 40 else 1e6),) for k in range(20)})
        for i in range(44)
    ]
    assert first_alarm(detector, replays) >= 40


def test_ten_thousand_probes_are_a_replay_like_any_other():
    detector = StreamDetector(kind="continuous", baseline_replays=3, arl=500)
    rng = np.random.default_rng(1)
    names = [f"p{k}" for k in range(10_000)]
    replays = [
        replay(i, dict(zip(names, ((float(v),) for v in rng.normal(size=10_000)), strict=True))) for i in range(5)
    ]
    assert np.isfinite(detector.read(fold(detector, replays)).statistic)


def test_a_slow_factor_of_all_probes_tempers_the_bets_on_what_lasts():
    """Common to 12 probes, of .6 a replay's sd and AR(.9), 500 replays; without a time nothing is known to follow itself."""
    rng, factor, replays = np.random.default_rng(6), 0.0, []
    for i in range(500):
        factor = 0.9 * factor + 0.436 * rng.normal()
        values = {f"p{k:02}": (float(v),) for k, v in enumerate(rng.normal(factor * 0.6 / np.sqrt(12), size=12))}
        replays.append(ReplayValues(key=key(i), values=values, hours=float(i)))
    detector = StreamDetector(kind="continuous", arl=1e9, baseline_replays=30)
    state = fold(detector, replays)
    assert state.latch is None
    assert state.mixture.location.variances.max() > 1.2
    assert state.mixture.location.variances[-1] == 1
    assert encode_state(decode_state(encode_state(state))) == encode_state(state)
    timeless = fold(detector, [ReplayValues(key=one.key, values=one.values) for one in replays])
    assert len(timeless.wander.rows) == 0
    assert (timeless.mixture.location.variances == 1).all()


def test_another_version_of_a_state_is_refused_with_the_way_on():
    data = encode_state(StreamDetector(kind="binary", baseline_replays=5, arl=500).start())
    with pytest.raises(DegenerateError, match=rf"version is {VERSION + 1}.*fold the stored scores again"):
        decode_state(data[:18] + (VERSION + 1).to_bytes(2) + data[20:])
    with pytest.raises(DegenerateError, match="not a stream's state"):
        decode_state(b"something else")
    with pytest.raises(DegenerateError, match="damaged"):
        decode_state(data[:-9])


def test_a_latched_state_survives_the_store():
    detector = StreamDetector(kind="binary", **YEAR)
    state = fold(detector, [broken(i, at=45) for i in range(50)])
    back = decode_state(encode_state(state))
    assert detector.read(back) == detector.read(state)
    assert encode_state(back) == encode_state(state)


def test_a_probe_gone_for_long_is_forgotten():
    detector = StreamDetector(kind="binary", baseline_replays=5, arl=500, reference_cap=20)
    replays = [replay(i, {"stays": (1.0,)} | ({"goes": (1.0,)} if i < 10 else {})) for i in range(40)]
    assert fold(detector, replays).reference.probes == ("stays",)


def test_an_alarm_takes_back_what_entered_the_shared_error_since_onset():
    """Replays seen while the chart was raised never entered it; subtracting them too would bend every later score."""
    rng = np.random.default_rng(9)
    detector = StreamDetector(
        kind="continuous", baseline_replays=10, arl=5000, reference_cap=12, paging=("cusum",), pause_above=0.6
    )
    shift = [0.0] * 60 + [0.35] * 60
    state = detector.start()
    for i, mean in enumerate(shift):
        before = state
        state = detector.update(state, replay(i, {f"p{k}": (float(rng.normal(mean)),) for k in range(20)}))
        if state.latch is not None:
            break
    assert state.latch is not None
    since = before.history[:, 0] >= state.latch.onset_index
    entered = before.history[since & (before.history[:, 4] == 1)]
    assert 0 < len(entered) < since.sum()
    assert state.frozen_count == before.frozen_count - len(entered)
    assert state.frozen_sum == pytest.approx(before.frozen_sum - entered[:, 1].sum())


def test_every_alarm_that_may_page_has_been_dated():
    """A stream that regained its trust on the very replay of an alarm showed one without an onset."""
    detector = StreamDetector(kind="continuous", baseline_replays=10, arl=25, scale_prior=1)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        slow, state = 0.0, detector.start()
        for i in range(60):
            slow = 0.7 * slow + rng.normal()
            state = detector.update(state, replay(i, {f"p{k}": (float(rng.normal(slow)),) for k in range(4)}))
            reading = detector.read(state)
            assert not (reading.alarm and reading.trusted) or reading.onset_key is not None


def test_every_public_name_can_be_looked_up():
    import driftwatch.stats as stats

    assert all(getattr(stats, name) for name in stats.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = stats.nonsense


def after_fifty_quiet_replays(event, now, *, seed):
    """Replays until 60 probes that never were a one, and now are with chances `now`, alarm; 100 if later."""
    rng = np.random.default_rng(seed)
    detector = StreamDetector(kind="binary", baseline_replays=24, arl=35_040, event=event)
    state = detector.start()
    for i in range(174):
        row = (rng.random(60) < now) & (i >= 74)
        state = detector.update(state, replay(i, {f"p{k}": (float(v),) for k, v in enumerate(row)}))
        if detector.read(state).alarm:
            return i - 73
    return 100


@pytest.mark.parametrize(("now", "most"), [(np.arange(60) == 7, 3), (np.where(np.arange(60) < 3, 0.5, 0.0), 6)])
def test_a_probe_that_always_refuses_now_is_seen_within_a_few_replays(now, most):
    """One probe: 3 in each of ten deployments, seeds 0-9; three, half of the time: 2 to 5. Of zeros: 14, 5 to 23."""
    assert max(after_fifty_quiet_replays("ones", now, seed=seed) for seed in range(10)) <= most


def test_what_is_looked_for_is_one_of_three():
    with pytest.raises(DegenerateError, match="event must be zeros, ones or unusual, got 'twos'"):
        StreamDetector(kind="binary", baseline_replays=5, arl=500, event="twos")
