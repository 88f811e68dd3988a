"""Rivals who are told less than the oracle: their bets are what told.py and learned.py say."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from benchmarks.detection import learned, told
from benchmarks.detection.run import LEARNED, OURS, RIVALS, TOLD, Plan, Store, measure, rows
from benchmarks.detection.scenarios import BASELINE, ROWS, null_deployments, null_scenario
from benchmarks.detection.tables import render


class Given:
    """A rival whose log ratios are the same for every way: of replay t and probe k."""

    def __init__(self, ratios):
        self.given, self.replays = np.asarray(ratios, dtype=float), len(ratios)

    def ratios(self, way, severity, age, *, rare):
        return way * severity * self.given[age:]

    def weight(self, age):
        return 1.0


def change(**more):
    return told.Change(**({"row": "length x0.9", "ways": (1,)} | more))


def test_every_row_is_on_the_menu_of_its_family_once():
    named = [(family, c.scenario.name) for family, menu in told.MENU.items() for c in menu]
    assert sorted(named) == sorted((row.family, row.name) for row in ROWS)


def test_starts_are_added_up_as_shiryaev_and_roberts_do():
    """R_t = (1 + R_{t-1}) LR_t."""
    a, b, c = 0.3, -0.2, 1.1
    found = told.statistic(Given([[a], [b], [c]]), (change(),))
    first = math.exp(a)
    second = (1 + first) * math.exp(b)
    assert np.exp(found) == pytest.approx([first, second, (1 + second) * math.exp(c)])


def test_an_unknown_direction_of_all_is_one_coin_and_of_each_probe_its_own():
    known = Given([[0.7, -0.7]])
    common = told.statistic(known, (change(ways=(1, -1)),))
    each = told.statistic(known, (change(ways=(1, -1), each=True),))
    assert np.exp(common) == pytest.approx([1.0])
    assert np.exp(each) == pytest.approx([math.cosh(0.7) ** 2])


def test_unknown_probes_are_some_of_all_or_one_of_them():
    known = Given([[math.log(3), math.log(0.5)]])
    some = told.statistic(known, (change(share=0.2),))
    one = told.statistic(known, (change(share=None),))
    assert np.exp(some) == pytest.approx([(0.8 + 0.2 * 3) * (0.8 + 0.2 * 0.5)])
    assert np.exp(one) == pytest.approx([(3 + 0.5) / 2])


def test_a_change_that_unfolds_has_the_severity_of_its_age():
    """Slow decline: the first eighth of it for the first twelve replays, all of it after a hundred."""
    severities = change(row="slow decline", window=200).severities()
    assert severities[[0, 11, 99, 199]].tolist() == [1 / 16, 1 / 16, 15 / 16, 15 / 16]
    passing = change(row="system prompt").severities()
    assert passing.tolist() == [1.0] * 16 + [0.0] * 32


@pytest.mark.parametrize("family", ["pass", "judge", "length"])
def test_what_is_learned_of_the_laws_bets_fairly(family):
    """Ratios of predictive laws average one over the population where nothing changed; 4 standard errors."""
    by_way = {}
    for _, values in null_deployments(null_scenario(family), 4):
        known = learned.knowledge(family, values[: BASELINE + 150].astype(float))
        for i, way in enumerate(told.MENU[family][0].ways):
            by_way.setdefault(i, []).append(np.exp(known.ratios(way, 1.0, 0, rare=False).astype(float)))
    for found in map(np.concatenate, by_way.values()):
        assert found.mean() == pytest.approx(1.0, abs=4 * found.std() / math.sqrt(found.size))


def test_a_longer_past_tells_a_learner_more():
    """The log loss of what comes next falls: every replay before a start is learned from."""
    losses = []
    for _, values in null_deployments(null_scenario("judge"), 3):
        known = learned.knowledge("judge", values[: BASELINE + 300].astype(float))
        losses.append(-known.own.mean(axis=1))
    loss = np.mean(losses, axis=0)
    assert loss[150:].mean() < loss[:20].mean()


def test_latencies_are_weighed_by_the_normal_law_of_their_whole_series(monkeypatch):
    """Four monitored replays, one pair of factor and correlation: densities of the series, shifted and not."""
    monkeypatch.setattr(learned.Series, "FACTORS", ((0.05, 0.5),))
    values = null_deployments(null_scenario("latency"), 1)[0][1][: BASELINE + 4].astype(float)
    series, shift = learned.Series(values), math.log(1.15)
    law = multivariate_normal(cov=learned._covariance(len(values), 0.05, 0.5, series.noise))
    expected = 0.0
    for start in range(BASELINE, len(values)):
        step = shift * (np.arange(len(values)) >= start)
        for way in (1, -1):
            expected += math.exp(law.logpdf(series.x - way * step) - law.logpdf(series.x)) / 2
    assert series.statistic(shift)[-1] == pytest.approx(math.log(expected), abs=1e-6)


def test_rivals_are_measured_and_stand_beside_ours_and_not_among_the_peers(tmp_path):
    store = Store.load(tmp_path / "results.json", arl=500)
    plan = Plan(rows=rows(["latency x1.15"]), runs=2, nulls=8, arl=20, peers="")
    for method in ("oracle", *RIVALS):
        measure(plan, method, store)
    for method in RIVALS:
        assert len(store.content["methods"][method]["latency x1.15"]["lengths"]) == 2
    store.content["methods"][OURS] = store.content["methods"]["oracle"]
    text = render(store)
    line = next(line for line in text.splitlines() if line.startswith("| change | oracle |") and TOLD in line)
    assert LEARNED in line
    assert f"| {TOLD} |" not in text.split("## Every method")[1]
