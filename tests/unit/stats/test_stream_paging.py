"""Charts chosen to page for a stream: they hold the stream's ARL together, find changes, date them, and let go."""

from functools import reduce

import numpy as np
import pytest

from driftwatch.stats import DegenerateError, ReplayValues, StreamDetector, decode_state, encode_state
from driftwatch.stats.chart_registry import make_chart
from driftwatch.stats.extra_charts import ExtraEvidence, start_extras, update_extras
from driftwatch.stats.latch import latch_at
from driftwatch.stats.self_starting_risk import SelfStartingRiskCusum

PROBES = 24
BASELINE = 20


def replays(rng, total, *, at=10**9, fall=0.0, rates=None, moods=0.0):
    """Pass/fail replays of flaky probes, whose rates fall at one of them; `moods` moves all probes of a replay."""
    rates = np.linspace(0.7, 0.95, PROBES) if rates is None else rates
    for i in range(total):
        odds = rates / (1 - rates) * np.exp(rng.normal() * moods) if moods else None
        chances = odds / (1 + odds) if moods else rates - (fall if i >= at else 0.0)
        passed = (rng.random(len(rates)) < chances).astype(float)
        yield ReplayValues(key=f"k{i:04}", values={f"p{k:02}": (v,) for k, v in enumerate(passed.tolist())})


def run_length(detector, stream):
    """Monitored replays up to the first alarm, and whether there was one."""
    state, length = detector.start(), 0
    for length, replay in enumerate(stream, start=1 - BASELINE):
        state = detector.update(state, replay)
        if state.latch is not None:
            return length, True
    return length, False


def detector(paging, *, arl=50.0, kind="binary", **more):
    return StreamDetector(baseline_replays=BASELINE, arl=arl, kind=kind, paging=paging, **more)


def false_alarm_rate(paging, *, runs, moods=0.0):
    """Alarms per monitored replay of streams in control, cut at three ARLs; seed [7, run]."""
    found = [
        run_length(detector(paging), replays(np.random.default_rng([7, run]), BASELINE + 150, moods=moods))
        for run in range(runs)
    ]
    return sum(alarmed for _, alarmed in found) / sum(length for length, _ in found)


def most(runs):
    """Four standard errors above the nominal rate, and 30 % for a reference that pauses below the alarm."""
    return (1.3 + 4 / np.sqrt(runs)) / 50


@pytest.mark.parametrize("paging", [("cvm",), ("ewma",), ("risk-adjusted",)])
def test_a_chart_that_pages_alarms_no_more_often_than_its_stream_may(paging):
    assert false_alarm_rate(paging, runs=8) < most(8)


@pytest.mark.slow
@pytest.mark.parametrize("paging", [("cvm",), ("ewma",), ("risk-adjusted",), ("cvm", "ewma", "risk-adjusted")])
def test_charts_that_page_keep_the_false_alarm_rate_of_their_stream_together(paging):
    assert (1 - 4 / np.sqrt(80)) / 50 < false_alarm_rate(paging, runs=80) < most(80)


@pytest.mark.slow
def test_replays_with_moods_do_not_make_the_risk_adjusted_chart_cry_wolf():
    """It has no studentising of its own: its threshold is widened by the variance of the stream's evidence."""
    # Moods of 0.5 in log odds give z a spread of about 1.4.
    assert false_alarm_rate(("risk-adjusted",), runs=60, moods=0.5) < most(60)


@pytest.mark.parametrize("paging", [("cvm",), ("ewma",), ("risk-adjusted",), ("mixture", "risk-adjusted")])
@pytest.mark.parametrize("fall", [0.3, -0.2])
def test_a_chart_that_pages_finds_a_change_either_way_and_says_when(paging, fall):
    rng = np.random.default_rng(11)
    chart = detector(paging, arl=2000.0)
    rates = np.full(PROBES, 0.8)
    state = reduce(chart.update, replays(rng, 60, at=50, fall=fall, rates=rates), chart.start())
    reading = chart.read(state)
    assert reading.alarm
    assert reading.alarm_chart in paging
    assert "k0047" <= reading.onset_key <= "k0052"
    assert reading.direction == -np.sign(fall)


def test_a_hundred_replays_without_a_failure_are_no_improvement_of_probes_that_never_fail():
    """Rates are estimated at 0.002 or more, so sixty of them, one having failed once, alarmed after 34 monitored replays."""
    chart = detector(("risk-adjusted",), arl=2000.0)

    def almost_perfect(i):
        values = {f"p{k:02}": (float(i != 3 or k > 0),) for k in range(60)}
        return ReplayValues(key=f"k{i:04}", values=values)

    state = reduce(chart.update, map(almost_perfect, range(140)), chart.start())
    reading = chart.read(state)
    assert reading.z is not None
    assert not reading.alarm


@pytest.mark.parametrize("paging", [("cvm",), ("ewma",), ("risk-adjusted",)])
def test_after_a_change_that_goes_back_the_stream_is_calm_and_can_be_armed_anew(paging):
    rng = np.random.default_rng(5)
    chart = detector(paging, arl=2000.0)
    rates = np.full(PROBES, 0.8)
    broken = reduce(chart.update, replays(rng, 60, at=45, fall=0.4, rates=rates), chart.start())
    assert chart.read(broken).alarm
    assert chart.read(broken).calm == 0
    back = reduce(chart.update, replays(rng, 25, rates=rates), broken)
    assert chart.read(back).calm >= 10
    assert not chart.read(chart.rearm(back)).alarm


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_an_alarm_of_the_shape_alone_ends_when_the_shape_is_back_and_not_before(seed):
    """It never did: of quiet evidence both sides counted as a relapse."""
    rng, chart, calm = np.random.default_rng(seed), detector(("ks",), arl=2000.0, kind="continuous"), {}
    state = chart.start()
    for i in range(190):
        values = rng.normal(0, 1.8 if 84 <= i < 160 else 1.0, 40).tolist()
        state = chart.update(
            state, ReplayValues(key=f"{i:04}", values={f"p{k:02}": (v,) for k, v in enumerate(values)})
        )
        if state.latch is not None:
            calm[i] = state.latch.calm
    assert state.latch.shift == 0
    assert max(found for i, found in calm.items() if i < 160) < 12
    assert max(calm[i] for i in range(160, 190)) >= 12


def test_charts_that_do_not_page_cost_nothing_and_those_that_do_share_the_arl():
    assert set(detector(("mixture",)).read(detector(("mixture",)).start()).charts) == {"mixture", "cusum", "ks"}
    three = detector(("ewma", "cvm", "ks"), arl=500.0)
    charts = three.read(three.start()).charts
    assert set(charts) == {"mixture", "cusum", "ks", "ewma", "cvm"}
    for name in ("ewma", "cvm", "ks"):
        assert charts[name].threshold == make_chart(name, arl=1500.0).threshold
    assert charts["cusum"].threshold == make_chart("cusum", arl=500.0).threshold


def test_a_latched_state_of_selected_charts_survives_the_store():
    chart = detector(("cvm", "ewma", "risk-adjusted"), arl=500.0)
    state = reduce(chart.update, replays(np.random.default_rng(3), 60, at=50, fall=0.4), chart.start())
    assert state.latch is not None
    back = decode_state(encode_state(state))
    assert chart.read(back) == chart.read(state)
    assert encode_state(back) == encode_state(state)


@pytest.mark.parametrize(
    ("paging", "kind", "said"),
    [
        (("bernoulli",), "binary", "there is no chart 'bernoulli'; choose of mixture, cusum"),
        (("cvm", "cvm"), "binary", "cvm is named twice"),
        (("risk-adjusted",), "graded", "risk-adjusted reads pass/fail metrics only"),
        (("ewma", "risk-adjusted"), "continuous", "risk-adjusted reads pass/fail metrics only"),
        ((), "binary", "it names no chart"),
    ],
)
def test_charts_that_cannot_page_for_a_stream_are_refused_by_name(paging, kind, said):
    with pytest.raises(DegenerateError, match=said):
        detector(paging, kind=kind)


def test_where_the_location_is_not_plain_the_chart_dates_the_change_by_its_own_excursion():
    lead = detector(("cvm",))._charts.mixture.lead(detector(("cvm",)).start().mixture)
    given = {
        "zs": np.array([0.1, -0.2, 0.4, -0.5, -0.6]),
        "keys": tuple("abcde"),
        "indices": np.arange(5),
        "excursion": 2,
        "lead": lead,
        "probes": (),
    }
    assert [latch_at(chart=name, **given).onset_key for name in ("ks", "cvm", "ewma", "risk-adjusted")] == ["d"] * 4
    # A chart of a shift remembers it, so that the way back is judged from that side.
    assert latch_at(chart="ewma", **given).shift == pytest.approx(-0.55)
    assert latch_at(chart="cvm", **given).shift == 0


def test_failures_that_later_replays_predict_are_no_evidence_against_a_reference_that_no_longer_grows():
    """A full reference's error is shared by all later replays: the risk-adjusted chart added it up."""
    charts = {"risk-adjusted": SelfStartingRiskCusum(arl=2000.0)}
    held = np.tile([0.0, 1.0, 1.0, 1.0, 1.0], (PROBES, 6))
    new = np.where(np.arange(PROBES) < 9, 0.0, 1.0)[:, None]
    sums = []
    for shared in (0.0, -1.0, 1.0):
        evidence = ExtraEvidence(z=-1.0, ranks=np.zeros(0), held=held, new=new, shared=shared)
        side = update_extras(charts, start_extras(charts), evidence)["risk-adjusted"].worse
        sums.append(side.cells)
    as_it_stands, expected_worse, expected_better = sums
    # One sd of a replay's count, sqrt(24 x 0.2 x 0.8) = 2 failures, is expected more or fewer; 16 cells a failure.
    assert as_it_stands - expected_worse == pytest.approx(2 * 16, abs=10)
    assert expected_better - as_it_stands == pytest.approx(2 * 16, abs=10)
