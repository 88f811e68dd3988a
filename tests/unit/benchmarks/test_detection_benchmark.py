"""The detection benchmark: the oracle is the textbook's CUSUM, and matching does what it says."""

import json
import math

import numpy as np
import pytest

from benchmarks.detection import match, oracle, ours, practices, run, tables
from benchmarks.detection.peer_detectors import strictness
from benchmarks.detection.peers import until
from benchmarks.detection.scenarios import BASELINE, HORIZON, NULL, QUIET, ROWS, deployments, null_deployments

BY_NAME = {row.name: row for row in ROWS}


def normal_ratios(rng, runs, replays, shift):
    """Log-likelihood ratios of 1 sd against 0 for normal replays."""
    return (rng.normal(shift, 1, (runs, replays)) - 0.5)[:, :, None]


def first(statistic, level):
    return match.run_lengths(statistic, match.Match(level=level, lower=level, lower_share=0, false_alarms=0))


def test_oracle_on_a_known_normal_shift_has_the_delay_of_the_cusum_tables():
    """One-sided k = .5, h = 4 at a shift of 1 sd: 8.38 (R spc::xcusum.arl, engine.md section 10); 4 standard errors."""
    lengths = first(oracle.cusum(normal_ratios(np.random.default_rng(1), 4000, 120, 1.0)), 4.0)
    assert None not in lengths
    assert np.mean(lengths) == pytest.approx(8.3831, abs=4 * np.std(lengths) / math.sqrt(4000))


def test_oracle_in_control_has_the_arl_of_the_cusum_tables():
    """One-sided k = .5, h = 4 in control: 335.3676 (R spc::xcusum.arl); run length as a censored exponential."""
    lengths = first(oracle.cusum(normal_ratios(np.random.default_rng(2), 2000, 500, 0.0)), 4.0)
    alarms = sum(n is not None for n in lengths)
    arl = sum(500 if n is None else n for n in lengths) / alarms
    assert arl == pytest.approx(335.3676, abs=4 * arl / math.sqrt(alarms))


def test_matching_finds_the_threshold_of_the_cusum_tables():
    """h = 4 at ARL 335.37; 4 standard errors of the alarm share are 0.15 in h, since log ARL is about linear in h."""
    null = oracle.cusum(normal_ratios(np.random.default_rng(3), 2000, NULL, 0.0))
    found = match.matched(null, 335.3676)
    assert found.level == pytest.approx(4.0, abs=0.15)
    assert found.false_alarms == pytest.approx(match.target(335.3676), abs=1e-3)


def test_matched_levels_give_every_method_the_same_false_alarms_on_the_null():
    rng = np.random.default_rng(4)
    for null in (rng.normal(size=(200, NULL)), rng.poisson(5, (200, NULL)).astype(float)):
        found = match.matched(null, 500)
        assert match.before(match.run_lengths(null, found), NULL) == pytest.approx(match.target(500), abs=0.08)


def test_a_method_that_never_moves_on_the_null_alarms_at_its_first_move():
    found = match.matched(np.zeros((20, NULL)), 500)
    assert 0 < found.level < 1e-300
    assert match.run_lengths(np.array([[0.0, 0.0, 0.1]]), found) == [3]


def test_delay_counts_from_the_change_leaves_early_alarms_out_and_charges_the_horizon():
    mean, _, counted = match.delay([QUIET, QUIET + 1, None, 3], 200)
    assert (mean, counted) == ((1 + 200) / 2, 2)


@pytest.mark.parametrize("name", ["flaky probes only", "judge mean -0.05", "length x0.97", "latency x1.15"])
def test_likelihood_ratios_average_one_where_nothing_changed(name):
    """The exact ratio is a density ratio: its mean under "nothing changed" is 1; 4 standard errors.

    (Not where the change makes possible what was not: there it is below 1.)
    """
    row = next(row for row in ROWS if name in row.name)
    severities = np.array([0.3]) if row.family == "pass" else np.array([1.0])
    streams = null_deployments(row, 8)
    ratios = np.exp(np.concatenate([law.llr(v.astype(float), severities)[20:, -1] for law, v in streams]))
    assert ratios.mean() == pytest.approx(1.0, abs=4 * ratios.std() / math.sqrt(ratios.size))


def test_a_deployment_is_the_same_however_many_are_drawn():
    row = BY_NAME["length x0.9"]
    assert np.array_equal(deployments(row, 1)[0][1], deployments(row, 3)[0][1])


def test_rows_of_a_family_share_their_null_streams():
    for family in ("pass", "judge", "length"):
        rows = [row for row in ROWS if row.family == family]
        values = [null_deployments(row, 1)[0][1] for row in rows]
        assert all(np.array_equal(values[0], other) for other in values[1:])


def test_rows_change_where_they_say():
    row = BY_NAME["length x0.9"]
    values = np.log(np.stack([v for _, v in deployments(row, 10)]))
    change = BASELINE + QUIET
    assert values.shape[1] == change + HORIZON
    moved = values[:, change:].mean() - values[:, :change].mean()
    assert moved == pytest.approx(math.log(0.9), abs=0.01)


def test_an_unfolding_change_is_bet_on_with_the_severity_of_its_age():
    """Two replays of evidence at ages 0 and 1, then none: only the start at the change collects both."""
    ratios = np.zeros((1, 6, 3))
    ratios[0, 2, 0], ratios[0, 3, 1] = 2.0, 3.0
    assert oracle.cusum(ratios)[0].tolist() == [0, 0, 2, 5, 5, 5]


def test_a_peer_that_only_says_yes_or_no_is_as_strict_as_its_strictest_alarm():
    assert list(strictness([[False, False], [True, False], [False, True], [True, True]])) == [0, 1, 2, 2]


def test_a_peer_is_read_until_its_level():
    assert until(iter([0.0, 1.0, 5.0]), 4, 1.0)[:2].tolist() == [0.0, 1.0]
    assert np.isnan(until(iter([0.0, 1.0, 5.0]), 4, 1.0)[2:]).all()


@pytest.mark.parametrize("name", list(practices.PRACTICES))
def test_every_practice_sees_a_plain_fall(name):
    """Replay means fall by ten of their standard deviations at replay 60."""
    values = np.random.default_rng(5).normal(10, 1, (2, 80, 60))
    values[:, 60:] -= 1.3
    found = practices.PRACTICES[name](values, -1)
    assert found.shape == (2, 80 - BASELINE)
    assert (found[:, -1] > found[:, : 60 - BASELINE].max(axis=1)).all()


def test_our_adapter_reads_an_alarm_after_the_change():
    row = BY_NAME["length x0.9"]
    statistic = ours.statistic("length", deployments(row, 1)[0][1].astype(float), 5000, "test")
    found = first(statistic[None], 1.0)[0]
    assert QUIET < found < QUIET + 10


def test_results_are_kept_and_rendered(tmp_path):
    store = run.Store.load(tmp_path / "results.json", arl=500)
    plan = run.Plan(rows=run.rows(["length x0.9"]), runs=3, nulls=4, arl=20, peers="")
    for method in ("oracle", "EWMA .2 of the mean", run.OURS, run.OWN):
        run.measure(plan, method, store)
    again = run.Store.load(tmp_path / "results.json", arl=500)
    assert again.content == json.loads(store.text())
    assert all(len(again.content["methods"][m]["length x0.9"]["lengths"]) == 3 for m in ("oracle", run.OURS, run.OWN))
    assert "| length x0.9 |" in tables.render(again)
