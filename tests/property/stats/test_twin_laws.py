"""Streams of the same values are folded once, and each as if it were alone."""

import numpy as np
import pytest

from driftwatch.stats import ReplayValues, StreamDetector, encode_state, twins


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
