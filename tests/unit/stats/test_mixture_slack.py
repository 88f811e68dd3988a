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
FEW = 30 - FITTED["graded"].fewest


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


@pytest.mark.parametrize("small", [{"rates": SURE[:14]}, {"baseline": 14}])
def test_smaller_sets_and_shorter_baselines_than_were_simulated_stay_on_the_safe_side(small):
    assert threshold(BASELINE + 1, arl=500, **small) >= math.log(500) - UNKNOWN["binary"] - 1e-9


def test_of_probes_that_all_have_one_rate_less_is_taken_off():
    """Sixty of rate .9 had 398 to 423 replays for 500: that rate is known well, and no bet loses by a wrong one."""
    rates = np.array([0.8] * 30 + [1.0] * 30)
    apart, alike = (threshold(BASELINE, rates=some, arl=500) for some in (rates, np.full(60, 0.913)))
    assert alike > apart + 0.1


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
    first = shown(Bags(held=held), kind="binary", first=20, fixed=0.0)
    assert first == shown(Bags(held=held[::-1].copy()), kind="binary", first=20, fixed=0.0)
    assert replace(first, apart=1.0) == Shown(probes=2, spread=pytest.approx(5 / 19 / 2), fixed=0.0, full=0.5)


@pytest.mark.parametrize("kind", ["graded", "continuous"])
def test_of_other_metrics_the_probes_that_differ_count_and_their_unit_does_not(kind):
    held = np.array([[4.0, 5.0] * 10, [5.0] * 20, [3.0, *[np.nan] * 19], [1e200, *[2e200] * 19]])
    seen = shown(Bags(held=held), kind=kind, first=20, fixed=0.5)
    assert seen == Shown(probes=2, spread=pytest.approx((9 / 19 + 18 / 20) / 2), fixed=0.5)
    assert shown(Bags(held=held[1:3]), kind=kind, first=20, fixed=0.5) is None


def test_how_often_two_grades_are_the_same_does_not_ask_for_those_that_are_missing():
    held = np.array([[4.0, 4.0, 5.0, *[np.nan] * 17]])
    assert shown(Bags(held=held), kind="graded", first=20, fixed=0.0).spread == pytest.approx(1 / 3)


def grades(count, *, probes=30, cap=200, same=0, kind="graded"):
    detector = StreamDetector(baseline_replays=BASELINE, arl=500, kind=kind, reference_cap=cap)
    state, rng = detector.start(), np.random.default_rng(6)
    for i in range(count):
        values = np.where(np.arange(probes) < same, 5.0, rng.integers(1, 6, probes)).tolist()
        state = detector.update(state, ReplayValues(key=f"{i}", values={f"p{k}": (v,) for k, v in enumerate(values)}))
    return detector.read(state).charts["mixture"].threshold


def test_grades_are_paged_sooner_while_their_reference_grows_than_once_its_errors_stay():
    growing, rested = grades(22), grades(30, cap=22)
    assert growing < rested < math.log(500) - 0.9


def measured(count, *, baseline=12, cap=200, digits=6, probes=30, arl=500):
    detector = StreamDetector(baseline_replays=baseline, arl=arl, kind="continuous", reference_cap=cap)
    state, rng = detector.start(), np.random.default_rng(8)
    for i in range(count):
        values = np.round(rng.lognormal(1, 0.3, probes), digits).tolist()
        state = detector.update(state, ReplayValues(key=f"{i}", values={f"p{k}": (v,) for k, v in enumerate(values)}))
    return detector.mixture_threshold(state)


def test_measures_are_paged_sooner_than_by_the_half_that_was_taken_off_before():
    assert measured(13) < math.log(500) - 0.9
    assert measured(13) < measured(24, cap=14) < math.log(500) - UNKNOWN["continuous"]


def test_measures_of_which_many_are_the_same_have_more_to_spare():
    assert measured(13, digits=0) < measured(13) - 0.05


def test_a_text_streams_half_of_a_short_baseline_was_simulated_and_a_shorter_one_was_not():
    assert measured(12, baseline=11) == pytest.approx(math.log(500) - UNKNOWN["continuous"])
    assert measured(13, baseline=12) < math.log(500) - UNKNOWN["continuous"]


def test_probes_that_always_had_the_same_grade_make_no_large_set():
    assert grades(22, same=FEW) == pytest.approx(grades(22), abs=0.15)
    assert grades(22, same=FEW + 1) == pytest.approx(math.log(500) - UNKNOWN["graded"])


def test_a_set_one_probe_smaller_than_was_simulated_is_never_trusted_with_more():
    for kind, fitted in FITTED.items():
        for spread in (0.01, 0.08, 0.2):
            for fixed in (0.0, 1.0):
                sets = [
                    slack(arl=500, kind=kind, seen=Shown(probes=probes, spread=spread, fixed=fixed))
                    for probes in range(1, fitted.fewest + 3)
                ]
                assert sets == sorted(sets)


def test_probes_that_join_a_reference_at_rest_are_watched_as_those_of_a_growing_one():
    """They inherited a threshold that had fallen because the errors of the others were known."""
    held = np.tile([1.0, 0.0], (30, 60))
    rested = shown(Bags(held=held), kind="binary", first=20, fixed=0.9)
    held[15:, 25:] = np.nan
    joined = shown(Bags(held=held), kind="binary", first=20, fixed=0.9)
    assert joined == replace(rested, full=0.5)
    levels = [slack(arl=500, kind="binary", seen=one) for one in (rested, joined, replace(rested, fixed=0.0))]
    assert levels[1] == pytest.approx((levels[0] + levels[2]) / 2)


def test_no_values_show_nothing():
    assert shown(Bags(held=np.zeros((0, 0))), kind="binary", first=20, fixed=0.0) is None
    assert shown(Bags(held=np.ones((4, 1))), kind="binary", first=20, fixed=0.0) is None


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
    # The ARL at which the statistic lies between what it is judged by and what that falls to.
    deaf = replace(detector, arl=1e9)
    judged_by, falls_to = (deaf.mixture_threshold(each) for each in (before, deaf.update(before, fallen)))
    detector = replace(deaf, arl=1e9 * math.exp(statistic - (judged_by + falls_to) / 2))
    state = detector.update(before, fallen)
    assert detector.mixture_threshold(state) < statistic < detector.mixture_threshold(before)
    reading = detector.read(state)
    assert (state.latch, reading.trusted) == (None, True)
    assert (reading.alarm, reading.alarm_chart) == (False, None)
