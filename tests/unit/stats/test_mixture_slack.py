"""The mixture's threshold is calibrated on what the stream itself shows, and replays the same everywhere."""

import math
from dataclasses import replace

import numpy as np
import pytest

from driftwatch.stats import ReplayValues, StreamDetector, decode_state, encode_state
from driftwatch.stats.bags import Bags
from driftwatch.stats.calibrate import mixture_threshold
from driftwatch.stats.mixture_slack import FITTED, UNKNOWN, Shown, shown, slack
from driftwatch.stats.stream_charts import ChartPlan

BASELINE = 20
SURE = np.full(30, 0.95)


def replay(i, *, rates, samples=1, seed=5):
    rng = np.random.default_rng([seed, i])
    passed = (rng.random((len(rates), samples)) < rates[:, None]).astype(float)
    return ReplayValues(key=f"{i:03}", values={f"p{k:02}": tuple(row) for k, row in enumerate(passed.tolist())})


def folded(count, *, rates=SURE, arl=1e6, samples=1, cap=200, baseline=BASELINE, **more):
    detector = StreamDetector(baseline_replays=baseline, arl=arl, kind="binary", reference_cap=cap, **more)
    state = detector.start()
    for i in range(count):
        state = detector.update(state, replay(i, rates=rates, samples=samples))
    return detector, state


def threshold(count, **more):
    detector, state = folded(count, **more)
    return detector.read(state).charts["mixture"].threshold


def test_the_guaranteed_threshold_is_the_logarithm_whatever_the_stream_shows():
    assert threshold(BASELINE + 2, guaranteed=True, arl=500) == math.log(500)


def test_until_the_baseline_stands_nothing_is_known_of_the_stream():
    assert threshold(BASELINE - 1, arl=500) == pytest.approx(math.log(500) - UNKNOWN["binary"])
    assert threshold(BASELINE, arl=500) < math.log(500) - UNKNOWN["binary"]


def test_what_flaky_probes_may_take_off_is_less():
    sure, flaky = (threshold(BASELINE, rates=np.full(30, rate), arl=500) for rate in (0.97, 0.7))
    assert sure < flaky < math.log(500)


def test_several_samples_a_probe_were_not_simulated_and_are_not_trusted_with_it():
    assert threshold(BASELINE + 1, samples=3, arl=500) == pytest.approx(math.log(500) - UNKNOWN["binary"])


@pytest.mark.parametrize("small", [{"rates": SURE[:14]}, {"baseline": 19}])
def test_smaller_sets_and_shorter_baselines_than_were_simulated_stay_on_the_safe_side(small):
    assert threshold(BASELINE + 1, arl=500, **small) == pytest.approx(math.log(500) - UNKNOWN["binary"])


def test_the_threshold_stays_while_the_reference_grows_and_falls_once_it_no_longer_learns():
    growing = [threshold(n) for n in (BASELINE, BASELINE + 3, BASELINE + 9)]
    assert growing[0] == growing[1] == growing[2]
    rested = [threshold(n, cap=22) for n in (22, 24, 30)]
    assert rested[0] > rested[1] > rested[2]


def test_a_state_read_back_has_the_same_threshold():
    detector, state = folded(30, cap=22)
    assert detector.mixture_threshold(decode_state(encode_state(state))) == detector.mixture_threshold(state)


def test_the_order_of_probes_and_a_value_that_is_missing_do_no_harm():
    held = np.array([[1.0, 0.0] * 10, [*[1.0] * 19, np.nan], [np.nan] * 20])
    first = shown(Bags(held=held), first=20, fixed=0.0)
    assert first == shown(Bags(held=held[::-1].copy()), first=20, fixed=0.0)
    assert first == Shown(probes=2, spread=pytest.approx(5 / 19 / 2), fixed=0.0)


def test_no_values_show_nothing():
    assert shown(Bags(held=np.zeros((0, 0))), first=20, fixed=0.0) is None
    assert shown(Bags(held=np.ones((4, 1))), first=20, fixed=0.0) is None


@pytest.mark.parametrize("kind", list(FITTED))
def test_no_stream_is_trusted_with_more_than_was_simulated(kind):
    """What lies outside the simulated range counts as its nearest edge."""
    inside = Shown(probes=60, spread=FITTED[kind].spreads[0], fixed=1.0)
    beyond = replace(inside, probes=5000, spread=0.0)
    assert slack(arl=1e8, kind=kind, seen=beyond) == slack(arl=1e4, kind=kind, seen=inside)


@pytest.mark.parametrize("kind", ["binary", "graded", "continuous"])
def test_a_longer_arl_never_has_a_lower_threshold(kind):
    for seen in (None, Shown(probes=60, spread=0.05, fixed=0.9)):
        levels = [mixture_threshold(arl=arl, kind=kind, seen=seen) for arl in (5, 60, 400, 500, 700, 2000, 1e5, 1e9)]
        assert levels == sorted(levels)
        assert levels[0] > 0


def test_several_samples_are_not_trusted_with_it_in_the_first_replay_either(monkeypatch):
    """Their first values were read as if each were a replay's, until the first monitored replay was over."""
    detector, state = folded(BASELINE, samples=3, arl=500)
    asked = []
    mixture_for = ChartPlan.mixture_for
    monkeypatch.setattr(ChartPlan, "mixture_for", lambda plan, seen: asked.append(seen) or mixture_for(plan, seen))
    detector.read(detector.update(state, replay(BASELINE, rates=SURE, samples=3)))
    assert asked
    assert set(asked) == {None}


def test_a_threshold_that_falls_after_a_replay_was_judged_makes_no_alarm_of_it():
    """It was a page that nothing had dated: without an onset, and without what the scores were before and after."""
    fallen, (detector, before) = replay(24, rates=SURE - 0.4), folded(24, cap=22)
    statistic = detector.read(detector.update(before, fallen)).charts["mixture"].statistic
    arl = 1e6
    for _ in range(9):  # to that at which the statistic lies between what it is judged by and what that falls to
        detector = replace(detector, arl=arl)
        state = detector.update(before, fallen)
        middle = (detector.mixture_threshold(before) + detector.mixture_threshold(state)) / 2
        arl *= math.exp(statistic - middle)
    assert detector.mixture_threshold(state) < statistic < detector.mixture_threshold(before)
    reading = detector.read(state)
    assert (state.latch, reading.trusted) == (None, True)
    assert (reading.alarm, reading.alarm_chart) == (False, None)
