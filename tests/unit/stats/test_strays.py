"""The chart of strays: what counts as one, what share of them is tolerated, and how soon more is told."""

import numpy as np
import pytest

from driftwatch.stats import DegenerateError, ReplayValues, StreamDetector, decode_state, encode_state
from driftwatch.stats.strays import TOLERATED, StraysChart, strays_threshold

PROBES, BASELINE = 40, 24
SOUND = np.zeros((PROBES, BASELINE))


def with_strays(count):
    held = SOUND.copy()
    held.flat[:count] = 0.2
    return held


def fed(chart, held, *counts):
    state = chart.start()
    for count in counts:
        state = chart.update(state, held, (np.arange(PROBES) >= PROBES - count)[:, None] * 0.3, informative=count > 0)
    return state


def test_one_answer_in_a_thousand_is_tolerated_and_no_baseline_proves_less():
    chart = StraysChart(threshold=10.0)
    assert fed(chart, np.zeros((PROBES, 500)), 0).rate == TOLERATED
    assert fed(chart, SOUND, 0).rate == pytest.approx(1 / (PROBES * BASELINE))
    # Four of 960: (5 + 2 sqrt 5) / 960.
    assert fed(chart, with_strays(4), 0).rate == pytest.approx((5 + 2 * 5**0.5) / 960)


def test_what_strayed_later_is_not_tolerated_by_and_by():
    chart = StraysChart(threshold=10.0)
    state = fed(chart, SOUND, 0)
    later = chart.update(state, with_strays(100), np.zeros((PROBES, 1)), informative=False)
    assert later.rate == state.rate


def test_a_probe_whose_answers_are_foreign_by_nature_does_not_count():
    held = SOUND.copy()
    held[-10:] = 0.9
    chart = StraysChart(threshold=10.0)
    assert chart.read(fed(chart, held, *[10] * 5)).statistic == pytest.approx(
        chart.read(fed(chart, held, *[0] * 5)).statistic
    )


def test_a_probe_of_which_little_is_known_does_not_count():
    held = np.full((PROBES, BASELINE), np.nan)
    held[:, :3] = 0.0
    chart = StraysChart(threshold=10.0)
    assert not chart.read(fed(chart, held, 40, 40)).alarm


def test_missing_answers_are_neither_sound_nor_strays():
    chart = StraysChart(threshold=10.0)
    state = chart.update(chart.start(), SOUND, np.full((PROBES, 1), np.nan), informative=False)
    assert state.logs.tolist() == [0.0, 0.0, 0.0]


def test_the_excursion_is_counted_in_replays_with_evidence():
    chart = StraysChart(threshold=20.0)
    state = fed(chart, SOUND, 1, *[0] * 40, 1, 0, 1, 1)
    assert chart.read(state).onset == 1


def test_no_threshold_is_refused():
    with pytest.raises(DegenerateError, match="threshold must be a finite number above zero, got nan"):
        StraysChart(threshold=float("nan"))


def years(rate, *, runs, arl):
    """Alarms and monitored replays of deployments of forty probes for one year, or to the first alarm; seed [22, run]."""
    chart, alarms, length = StraysChart(threshold=strays_threshold(arl=arl)), 0, 0
    sound = np.zeros((PROBES, 1))
    for run in range(runs):
        rng = np.random.default_rng([22, run])
        held = (rng.random((PROBES, BASELINE)) < rate) * 0.2
        counts = rng.binomial(PROBES, rate, size=8760)
        state = chart.start()
        for count in counts.tolist():
            new = sound if not count else (np.arange(PROBES) < count)[:, None] * 0.2
            state = chart.update(state, held, new, informative=count > 0)
            length += 1
            if chart.read(state).alarm:
                alarms += 1
                break
    return alarms, length


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("rate", [0.0005, 0.001, 0.0016, 0.003, 0.01])
def test_endpoints_that_always_strayed_alarm_no_more_often_than_the_stream_may(rate):
    """Nominal one alarm in 2,000 replays; the unlucky baselines that showed no stray included. 4 SE of the count."""
    alarms, length = years(rate, runs=40, arl=2000)
    expected = length / 2000
    assert alarms <= expected + 4 * max(expected, 1.0) ** 0.5


def replays(rng, share, hours, first=0):
    for hour in range(first, first + hours):
        values = {f"p{n:02}": (0.3 if rng.random() < share else 0.0,) for n in range(PROBES)}
        yield ReplayValues(key=f"{hour:05}", hours=float(hour), values=values)


def test_the_alarm_is_dated_kept_while_it_lasts_and_ends_when_the_strays_are_gone():
    """The first sound half day used to end it: one stray in two hundred answers comes every five hours."""
    detector = StreamDetector(baseline_replays=BASELINE, arl=10_000, kind="continuous", paging=("mixture", "strays"))
    rng, state = np.random.default_rng(5), detector.start()
    for replay in replays(rng, 0.0, BASELINE + 10):
        state = detector.update(state, replay)
    calm = []
    for replay in replays(rng, 0.005, 300, first=BASELINE + 10):
        state = detector.update(state, replay)
        if state.latch is not None:
            calm.append(state.latch.calm)
    assert state.latch is not None
    assert state.latch.channel == "strays"
    assert len(calm) > 120
    assert max(calm) == 0, "one stray in two hundred answers is no calm"
    assert int(state.latch.onset_key) >= BASELINE + 10
    reading = detector.read(state)
    assert (reading.alarm_chart, reading.direction) == ("strays", 1)
    assert decode_state(encode_state(state)).extra["strays"].rate == state.extra["strays"].rate
    for replay in replays(rng, 0.0, 96, first=BASELINE + 310):
        state = detector.update(state, replay)
    assert state.latch.calm > 12


@pytest.fixture
def alarmed():
    def alarm_of(values, count, baseline=BASELINE):
        """The chart that alarmed within `count` replays, and the state then."""
        paging = ("mixture", "strays")
        detector = StreamDetector(baseline_replays=baseline, arl=30_660, kind="continuous", paging=paging)
        state = detector.start()
        for hour in range(count):
            replay = ReplayValues(key=f"{hour:05}", hours=float(hour), values=values(hour))
            state = detector.update(state, replay)
            if state.latch is not None:
                return state.latch.chart, state
        return None, state

    return alarm_of


def test_a_baseline_of_six_replays_tolerates_no_half_of_all_answers(alarmed):
    """No probe had eight values when monitoring began: one half was tolerated, for ever."""
    rng = np.random.default_rng(3)

    def values(hour):
        return {f"p{n:02}": (0.3 if hour >= 20 and rng.random() < 0.01 else 0.0,) for n in range(PROBES)}

    chart, state = alarmed(values, 200, baseline=6)
    assert chart == "strays"
    assert state.extra["strays"].rate == pytest.approx(1 / (8 * PROBES))


@pytest.mark.parametrize("seed", range(4))
def test_a_probe_that_was_foreign_in_the_baseline_does_not_join_when_its_luck_turns(seed, alarmed):
    """Its strays are not in the tolerated share; two answers in five were always foreign."""
    rng = np.random.default_rng(seed)

    def values(hour):
        foreign = hour < 13 if hour < BASELINE else rng.random() < 0.42
        return {"odd": (0.3 if foreign else 0.0,)} | {f"p{n:02}": (0.0,) for n in range(PROBES - 1)}

    chart, state = alarmed(values, 400)
    assert chart is None
    assert state.extra["strays"].counted.sum() == PROBES - 1


def test_a_probe_that_comes_later_does_not_count_and_moves_no_other(alarmed):
    rng = np.random.default_rng(4)

    def values(hour):
        new = {"a-new": (0.3 if rng.random() < 0.3 else 0.0,)} if hour >= 40 else {}
        return new | {f"p{n:02}": (0.9 if n == 0 else 0.0,) for n in range(PROBES)}

    chart, state = alarmed(values, 300)
    assert chart is None
    assert [state.reference.probes[n] for n in np.flatnonzero(~state.extra["strays"].counted)] == ["a-new", "p00"]
    assert decode_state(encode_state(state)).extra["strays"].counted.tolist() == state.extra["strays"].counted.tolist()


def test_an_alarm_of_strays_ends_where_one_answer_in_ten_has_always_strayed():
    """Judged by the smallest share it stood for ever: half a percent more than 12 % is hardly more. Then three in ten for two days."""
    detector = StreamDetector(baseline_replays=BASELINE, arl=7_665, kind="continuous", paging=("strays",))
    rng, state = np.random.default_rng(2), detector.start()
    calm = []
    for share, hours in ((0.1, BASELINE + 30), (0.3, 48), (0.1, 96)):
        for replay in replays(rng, share, hours, first=state.replays):
            state = detector.update(state, replay)
        calm.append(state.latch.calm if state.latch else None)
    assert calm[:2] == [None, 0]
    assert state.latch.channel == "strays"
    assert calm[2] > 12
