"""Streams of the same values are folded once, and each as if it were alone."""

import numpy as np
import pytest

from driftwatch.stats import ReplayValues, StreamDetector, decode_state, encode_state, twins


def replays(kind, count=75, probes=8, broken_from=60):
    rng = np.random.default_rng(7)
    for i in range(count):
        values = rng.random(probes) if kind == "continuous" else (rng.random(probes) < 0.85).astype(float)
        if i >= broken_from:
            values[:6] = -1.0 if kind == "continuous" else 0.0
        yield ReplayValues(
            key=f"{i:03}", values={f"p{k:02}": (float(v),) for k, v in enumerate(values)}, hours=float(i)
        )


@pytest.fixture
def nothing_shared(monkeypatch):
    def switch_off():
        monkeypatch.setattr(twins, "_taken", lambda step: step.work())
        monkeypatch.setattr(twins, "_begun", lambda beginning: beginning.work())

    return switch_off


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_twins_with_thresholds_of_their_own_fold_as_each_would_alone(kind, nothing_shared):
    """Through alarms, which come at different replays, and past them."""
    detectors = [
        StreamDetector(baseline_replays=20, arl=30, kind=kind),
        StreamDetector(baseline_replays=20, arl=50_000, kind=kind),
        StreamDetector(baseline_replays=20, arl=500, kind=kind, pause_above=0.3),
        StreamDetector(baseline_replays=20, arl=500, kind=kind, guaranteed=True),
        StreamDetector(baseline_replays=25, arl=500, kind=kind),
        StreamDetector(baseline_replays=20, arl=500, kind=kind, studentise=False),
    ]
    together, courses = [d.start() for d in detectors], [[] for _ in detectors]
    for replay in replays(kind):
        for at, detector in enumerate(detectors):
            together[at] = detector.update(together[at], replay)
            courses[at].append(encode_state(together[at]))
    nothing_shared()
    for detector, course in zip(detectors, courses, strict=True):
        state = detector.start()
        for replay, expected in zip(replays(kind), course, strict=True):
            state = detector.update(state, replay)
            assert encode_state(state) == expected, replay.key


def test_quiet_twins_stay_one_state_until_an_alarm_parts_them():
    loud, calm = (StreamDetector(baseline_replays=20, arl=arl, kind="binary") for arl in (50, 50_000))
    first, second, parted = loud.start(), calm.start(), None
    for replay in replays("binary", count=70, broken_from=64):
        first, second = loud.update(first, replay), calm.update(second, replay)
        if first is not second and parted is None:
            parted = replay.key
    assert first.latch is not None
    assert parted is not None
    assert parted >= "064"


def test_equal_values_in_another_state_and_other_values_in_the_same_one_are_no_twins():
    detector = StreamDetector(baseline_replays=20, arl=500, kind="binary")
    quiet = list(replays("binary", count=30))
    state = detector.start()
    for replay in quiet[:-1]:
        state = detector.update(state, replay)
    last = quiet[-1]
    flipped = ReplayValues(key=last.key, values={k: (1 - v[0],) for k, v in last.values.items()}, hours=last.hours)
    later = ReplayValues(key=last.key, values=last.values, hours=last.hours + 1)
    assert len({encode_state(detector.update(state, one)) for one in (last, flipped, later)}) == 3


def parting_course(kind, seed):
    """Every state of three twins, one of which now and then misses a probe, is unscored, differs, or is resumed."""
    rng = np.random.default_rng(seed)
    detectors = [StreamDetector(baseline_replays=12, arl=arl, kind=kind, reference_cap=30) for arl in (40, 500, 5000)]
    states, course = [d.start() for d in detectors], []
    for hour in range(80):
        probes = [f"p{k}" for k in range(8)] + (["late"] if hour > 30 else [])
        broken, sound = 45 <= hour < 60, 0.8 if kind == "binary" else 0.05
        common = {p: (float((rng.random() < sound) != broken) * (1.0 if kind == "binary" else 0.3),) for p in probes}
        what = str(rng.choice(["same", "less", "none", "flipped", "resumed", "rearmed"], p=[0.7, *[0.06] * 5]))
        odd = int(rng.integers(3))
        if hour <= 20:  # the first two part while they are one
            what, odd = {6: ("flipped", 0), 20: ("less", 1)}.get(hour, ("same", 0))
        for k, detector in enumerate(detectors):
            values = dict(common)
            if k == odd and what == "less":
                values.pop("p3")
            elif k == odd and what == "none":
                values = {}
            elif k == odd and what == "flipped":
                values = {p: (1 - v[0],) for p, v in common.items()}
            states[k] = detector.update(states[k], ReplayValues(key=f"{hour:03}", values=values, hours=float(hour)))
            if k == odd and what == "resumed":
                states[k] = decode_state(encode_state(states[k]))
            if what == "rearmed" and states[k].latch is not None:
                states[k] = detector.rearm(states[k])
            course.append(encode_state(states[k]))
    return course


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_twins_that_part_and_meet_again_fold_as_each_would_alone(kind, nothing_shared):
    together = parting_course(kind, 5)
    nothing_shared()
    alone = parting_course(kind, 5)
    assert together == alone


def through_a_store(kind, kinds, seed, *, one_object):
    """Every state of streams that are written out after each replay and read back, as a daemon has them.

    Thresholds, baselines and kinds differ; values part now and then, what alarmed is armed anew.
    """
    rng = np.random.default_rng(seed)
    detectors = [
        StreamDetector(baseline_replays=length, arl=arl, kind=one, reference_cap=24)
        for one in kinds
        for length, arl in ((12, 40), (12, 5000), (14, 500), (12, 500), (12, 600))
    ]
    saved, course = [encode_state(d.start()) for d in detectors], []
    for hour in range(70):
        probes = [f"p{k}" for k in range(8)] + (["late"] if hour > 30 else [])
        sound = 0.15 if 45 <= hour < 55 else 0.85
        common = {p: (float(rng.random() < sound) if kind == "few" else float(rng.normal()),) for p in probes}
        odd = {10: 0, 20: 1}.get(hour, -1)
        rearmed = hour > 56 and rng.random() < 0.2
        read = {data: decode_state(data) for data in saved}
        for k, detector in enumerate(detectors):
            state = read[saved[k]] if one_object else decode_state(saved[k])
            if rearmed and state.latch is not None:
                state = detector.rearm(state)
            values = {p: (1 - v[0],) for p, v in common.items()} if k == odd else common
            state = detector.update(state, ReplayValues(key=f"{hour:03}", values=values, hours=float(hour)))
            saved[k] = encode_state(state)
        course.append(list(saved))
    return course


@pytest.mark.parametrize(("kind", "kinds"), [("few", ("binary", "graded")), ("many", ("continuous",))])
def test_streams_of_equal_bytes_may_be_read_back_as_one_object(kind, kinds, nothing_shared):
    """As `services/refold.py` does at every replay: whatever their rules, each folds on as it would alone."""
    together = through_a_store(kind, kinds, 3, one_object=True)
    # Some are twins in an alarm and after it, or this says nothing.
    assert all(len(set(after)) < len(after) for after in together)
    nothing_shared()
    assert together == through_a_store(kind, kinds, 3, one_object=False)
