"""Risk-adjusted CUSUMs: ARL against simulation, with known and with estimated risks; vlad's values stand elsewhere."""

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.failure_counts import count_law, tilted
from driftwatch.stats.outcomes import Outcomes, replay_outcomes
from driftwatch.stats.risk_adjusted import (
    RiskAdjustedCusum,
    log_likelihood_ratio,
    risk_mix_arl,
    risk_replay_arl,
    risk_threshold,
)
from driftwatch.stats.run_length import censored_arl
from driftwatch.stats.self_starting_risk import SelfStartingRiskCusum

RISKS = np.concatenate([np.full(10, 0.002), np.linspace(0.02, 0.4, 20)])


def outcomes(failures, risks=RISKS):
    failed = np.asarray(failures, dtype=int)
    return Outcomes(failures=failed, answers=np.ones(len(failed), dtype=int), risks=np.asarray(risks, dtype=float))


def mean_and_error(lengths):
    return np.mean(lengths), np.std(lengths) / math.sqrt(len(lengths))


def run_lengths(odds, threshold, true_odds, runs, seed):
    """One side, whole replays of `RISKS`, `runs` charts side by side, none cut."""
    rng = np.random.default_rng(seed)
    law = count_law(tilted(RISKS, true_odds))
    expected = np.log1p((odds - 1) * RISKS).sum()
    total, lengths, step = np.zeros(runs), [], 0
    while total.size:
        step += 1
        failed = np.searchsorted(np.cumsum(law), rng.random(total.size))
        total = np.maximum(0, total + failed * math.log(odds) - expected)
        lengths += [step] * int((total >= threshold).sum())
        total = total[total < threshold]
    return lengths


@pytest.mark.parametrize("odds", [1.5, 1 / 1.5, 4])
@pytest.mark.parametrize("shifted", [False, True])
def test_the_arl_of_whole_replays_is_that_of_a_simulation(odds, shifted):
    """4,000 runs, seed 13, 4 standard errors."""
    threshold = risk_threshold(arl=150, risks=tuple(RISKS), odds=odds)
    true_odds = odds if shifted else 1.0
    arl = risk_replay_arl(tuple(RISKS), odds=odds, threshold=threshold, true_odds=true_odds)
    mean, error = mean_and_error(run_lengths(odds, threshold, true_odds, 4000, 13))
    assert abs(arl - mean) < 4 * error


@pytest.mark.parametrize("arl", [100, 5000, 1e6])
@pytest.mark.parametrize("odds", [1.5, 1 / 1.5])
def test_the_threshold_keeps_the_arl_and_wastes_little(arl, odds):
    threshold = risk_threshold(arl=arl, risks=tuple(RISKS), odds=odds)
    assert arl <= risk_replay_arl(tuple(RISKS), odds=odds, threshold=threshold) < 1.05 * arl


def test_the_arl_of_single_answers_is_that_of_a_simulation():
    """Risks .05 and .3, even; odds 2, threshold 2; 4,000 runs, seed 14, 4 standard errors."""
    rng, total, lengths, step = np.random.default_rng(14), np.zeros(4000), [], 0
    while total.size:
        step += 1
        risk = np.where(rng.random(total.size) < 0.5, 0.05, 0.3)
        total = np.maximum(0, total + (rng.random(total.size) < risk) * math.log(2) - np.log1p(risk))
        lengths += [step] * int((total >= 2).sum())
        total = total[total < 2]
    mean, error = mean_and_error(lengths)
    assert abs(risk_mix_arl([0.05, 0.3], [0.5, 0.5], odds=2, threshold=2) - mean) < 4 * error


def test_the_step_follows_a_calculation_by_hand():
    # Steiner et al. (2000), eq. 2.1: failure log(OR / (1 - p + OR p)), pass -log(1 - p + OR p).
    by_hand = math.log(2 / 1.1) - math.log(1.3)
    assert log_likelihood_ratio(outcomes([1, 0], [0.1, 0.3]), 2) == pytest.approx(by_hand)


def test_equal_risks_make_the_count_binomial():
    assert count_law(np.full(25, 0.2)) == pytest.approx(binom.pmf(np.arange(26), 25, 0.2), abs=1e-14)
    assert count_law(np.array([0.2]), np.array([25])) == pytest.approx(binom.pmf(np.arange(26), 25, 0.2), abs=1e-14)


replays = st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), max_size=15)


@given(replays, st.permutations(range(4)))
def test_the_order_of_probes_is_irrelevant(stream, order):
    risks = np.array([0.01, 0.1, 0.3, 0.6])
    for chart in (RiskAdjustedCusum(worse_threshold=3, better_threshold=3), SelfStartingRiskCusum(arl=50)):
        plain, mixed = (
            reduce(chart.update, (outcomes(np.array(each)[o], risks[o]) for each in stream), chart.start())
            for o in (np.arange(4), np.array(order))
        )
        assert chart.read(plain).statistic == pytest.approx(chart.read(mixed).statistic, abs=1e-9)
        assert math.isfinite(chart.read(plain).statistic)


@given(replays)
def test_failures_among_passes_mirror_passes_among_failures(stream):
    risks = np.array([0.01, 0.1, 0.3, 0.6])
    chart = RiskAdjustedCusum(worse_threshold=3, better_threshold=3)
    failing = reduce(chart.update, (outcomes(each, risks) for each in stream), chart.start())
    passing = reduce(
        chart.update, (outcomes(1 - np.array(each, dtype=int), 1 - risks) for each in stream), chart.start()
    )
    assert (failing.worse, failing.better) == pytest.approx((passing.better, passing.worse), abs=1e-9)


def quiet_limits(chart, replays):
    """The limits on both sides, which depend on the risks alone: the same whatever is answered."""
    state, limits = chart.start(), []
    for each in replays:
        state = chart.update(state, each)
        limits.append((state.worse.limit, state.better.limit))
    return limits


def test_limits_that_follow_the_risks_keep_the_arl_when_the_mix_changes():
    """Probes come and go in turns of three replays; ARL 100; 4,000 runs, seed 15, 4 standard errors."""
    chart, rng = SelfStartingRiskCusum(arl=100), np.random.default_rng(15)
    mixes = [RISKS, RISKS[5:], np.full(8, 0.3), RISKS[:25]]
    plan = [mixes[i // 3 % 4] for i in range(1000)]
    limits = quiet_limits(chart, [outcomes(np.zeros(len(risks)), risks) for risks in plan])
    runs = 4000
    worse, better, lengths = np.zeros(runs), np.zeros(runs), []
    rounding = {1: 0.0, -1: 0.0}
    for step, (risks, (high, low)) in enumerate(zip(plan, limits, strict=True), start=1):
        failed = np.searchsorted(np.cumsum(count_law(risks)), rng.random(worse.size))
        levels = {}
        for sign in (1, -1):
            odds = 1.5**sign
            wanted = 16 * np.log1p((odds - 1) * risks).sum() / math.log(odds) + rounding[sign]
            levels[sign] = round(float(wanted))
            rounding[sign] = wanted - levels[sign]
        worse = np.maximum(0, worse + 16 * failed - levels[1])
        better = np.maximum(0, better - 16 * failed + levels[-1])
        alarmed = (worse >= high) | (better >= low)
        lengths += [step] * int(alarmed.sum())
        worse, better = worse[~alarmed], better[~alarmed]
    lengths += [len(plan)] * worse.size
    mean, error = mean_and_error(lengths)
    assert abs(mean - 100) < 4 * error + 2  # 2 %: both sides never alarm at once, and chance left unspent


def self_started_run(arl, rng, replays, baseline, probes):
    """A deployment: rates unknown and unequal, the reference grows by every replay."""
    rates = np.where(rng.random(probes) < 1 / 3, 0.001, rng.beta(1, 6, probes))
    chart = SelfStartingRiskCusum(arl=arl)
    state, held = chart.start(), (rng.random((probes, baseline)) >= rates[:, None]) * 1.0
    for step in range(1, replays + 1):
        new = (rng.random((probes, 1)) >= rates[:, None]) * 1.0
        state = chart.update(state, replay_outcomes(held, new))
        if chart.read(state).alarm:
            return step, True
        held = np.concatenate([held, new], axis=1)
    return replays, False


@pytest.mark.slow
def test_estimated_risks_keep_the_arl():
    """30 probes, baseline 30, ARL 50; 200 deployments, seed 16: within 4 standard errors and the prior's 10 %."""
    runs = [self_started_run(50, np.random.default_rng([16, i]), 400, 30, 30) for i in range(200)]
    found = censored_arl([length for length, _ in runs], [alarm for _, alarm in runs])
    assert found.arl == pytest.approx(50, abs=4 * found.standard_error + 5)


def test_more_failures_of_flaky_probes_alarm_and_are_dated():
    rng = np.random.default_rng(3)
    chart = SelfStartingRiskCusum(arl=8760)
    rates = np.concatenate([np.full(20, 0.001), np.full(40, 0.15)])
    held = (rng.random((60, 30)) >= rates[:, None]) * 1.0
    state = chart.start()
    for step in range(40):
        worse = tilted(rates, 2.5 if step >= 20 else 1.0)
        new = (rng.random((60, 1)) >= worse[:, None]) * 1.0
        state = chart.update(state, replay_outcomes(held, new))
        held = np.concatenate([held, new], axis=1)
        if chart.read(state).alarm:
            break
    assert 20 < step < 30
    assert chart.read(state).onset in range(18, 23)


def test_memory_is_bounded_in_the_number_of_replays():
    chart = SelfStartingRiskCusum(arl=1000)
    state, sizes = chart.start(), []
    for _ in range(300):
        state = chart.update(state, outcomes(np.zeros(30)))
        sizes.append(len(state.worse.law) + len(state.better.law))
    # The limits settle; rounding the risks to cells lets them waver by a cell or two.
    assert max(sizes[150:]) <= max(sizes[:150]) + 4


@pytest.mark.parametrize("answers", [np.zeros(30, dtype=int), np.zeros(0, dtype=int)])
def test_a_replay_without_answers_only_counts(answers):
    chart = SelfStartingRiskCusum(arl=1000)
    state = chart.update(chart.start(), outcomes(np.ones(30)))
    empty = Outcomes(failures=answers, answers=answers, risks=RISKS[: len(answers)])
    after = chart.update(state, empty)
    assert (after.worse, after.better, after.updates) == (state.worse, state.better, 2)


def test_a_probe_without_a_reference_is_left_out():
    reference = np.array([[1.0, 0.0], [np.nan, np.nan]])
    assert replay_outcomes(reference, np.zeros((2, 1))).answers.tolist() == [1, 0]


def test_a_metric_that_is_not_pass_or_fail_is_refused():
    with pytest.raises(DegenerateError, match="only 1 and 0"):
        replay_outcomes(np.ones((2, 5)), np.array([[0.5], [1.0]]))


@pytest.mark.parametrize(
    ("failures", "answers", "risks"),
    [([2], [1], [0.1]), ([-1], [1], [0.1]), ([0], [1], [0.0]), ([0], [1], [np.nan]), ([0, 0], [1], [0.1])],
)
def test_outcomes_that_no_replay_has_are_refused(failures, answers, risks):
    with pytest.raises(DegenerateError, match="outcomes: "):
        Outcomes(failures=np.array(failures), answers=np.array(answers), risks=np.array(risks))


@pytest.mark.parametrize("bad", [{"worse_threshold": 0}, {"better_threshold": np.nan}, {"odds": 1}, {"odds": 0.5}])
def test_parameters_without_a_chart_are_refused(bad):
    with pytest.raises(DegenerateError, match="risk-adjusted: "):
        RiskAdjustedCusum(**{"worse_threshold": 3.0, "better_threshold": 3.0, **bad})


@pytest.mark.parametrize("bad", [{"arl": 19}, {"arl": np.nan}, {"arl": 1e10}, {"odds": 1}, {"odds": 0.5}])
def test_parameters_without_a_self_starting_chart_are_refused(bad):
    with pytest.raises(DegenerateError, match="risk-adjusted: "):
        SelfStartingRiskCusum(**{"arl": 500.0, **bad})


@pytest.mark.parametrize("risks", [(), (0.0, 0.1), (1.0,), (np.nan,)])
def test_risks_without_a_threshold_are_refused(risks):
    with pytest.raises(DegenerateError, match="strictly between 0 and 1"):
        risk_threshold(arl=500, risks=risks, odds=2)


def test_a_mix_of_risks_that_is_none_is_refused():
    with pytest.raises(DegenerateError, match="risks strictly between 0 and 1"):
        risk_mix_arl([0.0, 0.1], [0.5, 0.5], odds=2, threshold=2)
