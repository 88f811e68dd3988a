"""Bets of one replay: fair when nothing changed, high when their kind of change came."""

import math
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.stats.bags import Bags
from driftwatch.stats.channel_mixture import ChannelEvidence, ChannelMixture
from driftwatch.stats.channels import SPREADS, Footing, side_bets
from driftwatch.stats.dense import DenseState
from driftwatch.stats.e_detector import Bank
from driftwatch.stats.event_bets import FLAKY, ODDS, TURNED, flaky, odds, rated, turned
from driftwatch.stats.events import Events, events_of
from driftwatch.stats.exchangeable import spread_score
from driftwatch.stats.mixture import Location
from driftwatch.stats.rates import FLOOR
from driftwatch.stats.recall import said

KINDS = ("binary", "graded", "continuous")


def draws(rng, kind, probes, size):
    if kind == "binary":
        return (rng.random((probes, size)) < rng.beta(9, 1, (probes, 1))).astype(float)
    values = rng.normal(3.5, 0.5, (probes, size))
    return np.clip(np.rint(2 * values) / 2, 1, 5) if kind == "graded" else values


def bets_of(values, kind, event="zeros", **footing):
    reference, new = values[:, :-1], values[:, -1:]
    bags = Bags(held=reference)
    found = said(bags, new, kind)
    return side_bets(bags, new, kind, found, Footing(spread=spread_score(found.laws, kind), **footing), event=event)


def same_bets(one, other):
    for name in ("scale", "rare", "far", "odds", "single", "dense"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), nan_ok=True), name


@given(seed=st.integers(0, 2**32), fixed=st.floats(0, 1), told=st.floats(-2, 2))
def test_ones_are_bet_on_as_zeros_are(seed, fixed, told):
    """What the hour foretells of the evidence has the other sign where all values are turned round."""
    passes = draws(np.random.default_rng(seed), "binary", 30, 31)
    failures = bets_of(passes, "binary", fixed=fixed, told=told)
    same_bets(bets_of(1 - passes, "binary", "ones", fixed=fixed, told=-told), failures)


@given(seed=st.integers(0, 2**32), fixed=st.floats(0, 1), turned=st.sets(st.integers(0, 29)))
def test_unusual_answers_are_bet_on_whichever_value_a_probe_usually_has(seed, fixed, turned):
    values = draws(np.random.default_rng(seed), "binary", 30, 31)  # 31 values: no probe has both as often
    other = values.copy()
    other[list(turned)] = 1 - other[list(turned)]
    same_bets(bets_of(other, "binary", "unusual", fixed=fixed), bets_of(values, "binary", "unusual", fixed=fixed))


@pytest.mark.parametrize("kind", KINDS)
def test_bets_have_a_mean_of_about_one_while_nothing_changed(kind):
    """400 replays of 60 probes, 30 references, seed 3. Bets that are rarely won have a skewed mean: only the
    median-sized ones are held to one, within 4 SE; the rest to no more than one within 4 SE."""
    rng = np.random.default_rng(3)
    found = [bets_of(draws(rng, kind, 60, 31), kind) for _ in range(400)]
    for name in ("scale", "odds", "rare", "far"):
        ratios = np.exp([getattr(bets, name) for bets in found])
        bet = np.isfinite(ratios).all(axis=0)
        assert (ratios.mean(axis=0) < 1.15 + 4 * ratios.std(axis=0) / math.sqrt(400))[bet].all(), name
    single = np.exp([np.nanmean(bets.single[:, 0]) for bets in found])
    assert np.isfinite(single).all()
    each = np.array([np.exp(bets.dense).mean(axis=0) for bets in found])
    error = each.std(axis=0) / math.sqrt(400)
    assert (each.mean(axis=0) < 1.02 + 4 * error).all()
    if kind != "binary":  # a weak tilt is fair given the bag, not merely no better than that
        assert each.mean(axis=0)[:2] == pytest.approx(1.0, abs=float(4 * error[:2].max()))


def test_first_refusals_in_three_probes_wins_the_bet_on_turned_answers():
    passes = np.ones((60, 31))
    passes[:3, -1] = 0.0
    low = bets_of(passes, "binary").rare[: TURNED.size]
    assert low.max() > 4
    passes[:3, -1] = 1.0
    assert bets_of(passes, "binary").rare.max() <= 0


def test_a_probe_that_breaks_wins_its_own_bet_and_no_other():
    rng = np.random.default_rng(4)
    values = draws(rng, "graded", 60, 31)
    values[7, -1] = 1.0
    low = bets_of(values, "graded").single[:, 0]
    assert low[7] > 3
    assert np.delete(low, 7).max() <= 0


def test_more_failures_of_the_probes_that_fail_now_and_then_win_the_bet_on_the_flaky_ones():
    """Twenty of sixty probes failed three times in thirty. Four of them fail today: more than the two of always, and
    probes that always passed do not speak against it, as they do where a share of all answers is bet on."""
    passes = np.ones((60, 31))
    passes[:20, :3] = 0.0
    passes[:4, -1] = 0.0
    bets = bets_of(passes, "binary")
    assert bets.odds.shape == (ODDS.size + FLAKY.size,)
    assert (bets.odds[ODDS.size :] > 0).all()
    assert bets.rare[1] < bets.odds[-1]


def test_a_probe_that_failed_once_is_not_called_better_than_its_own_record():
    """Forty probes never failed, so empirical Bayes thinks little of one failure; the flaky bet takes Laplace's 2/32."""
    passes = np.ones((41, 31))
    passes[0, :1] = 0.0
    passes[0, -1] = 0.0
    won = bets_of(passes, "binary").odds[ODDS.size :]
    assert won == pytest.approx(np.log((2 / 32 + FLAKY * (30 / 32)) / (2 / 32)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_reference_that_no_longer_learns_makes_every_event_bet_more_careful(kind):
    values = draws(np.random.default_rng(7), kind, 60, 31)
    values[:5, -1] = 0.0 if kind == "binary" else 1.0
    learning, full = bets_of(values, kind), bets_of(values, kind, fixed=1.0)
    assert (full.rare <= learning.rare)[: TURNED.size].all()
    assert (full.odds <= learning.odds).all()
    assert full.single[0, 0] <= learning.single[0, 0]


def test_the_first_values_far_off_say_more_where_no_probe_of_many_ever_was():
    """Sixty lengths, eighty replays without a value far off; three today, each worth 1 / 4,801 and not the floor."""
    rng = np.random.default_rng(8)
    values = np.exp(rng.normal(5, 0.2, (60, 81)).clip(4.5, 5.5))
    values[:3, -1] = 10.0
    far = bets_of(values, "continuous").far[:3]
    chance, share = 1 / 4800, TURNED
    expected = 3 * np.log((chance + share * (1 - chance)) / chance) + 57 * np.log1p(-share)
    assert far == pytest.approx(expected)
    assert far.max() > 3 * math.log(0.1 / FLOOR)


@given(seed=st.integers(0, 10_000), fixed=st.floats(0, 1))
def test_a_pooled_rate_is_laplaces_of_all_answers_and_no_probes_own(seed, fixed):
    rng = np.random.default_rng(seed)
    past = rng.binomial(40, rng.choice([0.0, 0.002, 0.1], 30))
    sizes, now, drawn = np.full(30, 40), np.zeros(30, dtype=int), np.ones(30, dtype=int)
    events = Events(past=past, sizes=sizes, now=now, drawn=drawn)
    alone, pooled = rated(events, fixed), rated(events, fixed, pooled=True)
    assert (pooled.rates <= alone.rates).all()
    assert (pooled.rates >= np.minimum(alone.rates, (past.sum() + 1) / 1200)).all()
    assert pooled.rates[past > 0].tolist() == alone.rates[past > 0].tolist()
    assert pooled.rate_of_one.tolist() == alone.rate_of_one.tolist()


def test_a_wider_spread_wins_the_bet_on_spread_both_ways_apart():
    rng = np.random.default_rng(5)
    wide, narrow = draws(rng, "continuous", 60, 31), draws(rng, "continuous", 60, 31)
    wide[:, -1] = 3.5 + (wide[:, -1] - 3.5) * 3
    narrow[:, -1] = 3.5 + (narrow[:, -1] - 3.5) * 0.1
    assert bets_of(wide, "continuous").scale[:3].max() > 5
    assert bets_of(narrow, "continuous").scale[SPREADS < 0].max() > 1


@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), inflation=st.floats(1, 4))
def test_bets_are_finite_and_the_order_of_the_probes_is_irrelevant(seed, kind, inflation):
    rng = np.random.default_rng(seed)
    values = draws(rng, kind, 12, 8)
    values[rng.random(values.shape) < 0.2] = np.nan
    order = rng.permutation(12)
    bets, shuffled = bets_of(values, kind, inflation=inflation), bets_of(values[order], kind, inflation=inflation)
    for name in ("scale", "rare", "far", "odds"):
        assert not np.isinf(getattr(bets, name)).any()
        assert getattr(shuffled, name) == pytest.approx(getattr(bets, name), abs=1e-9, nan_ok=True)
    for name in ("single", "dense"):
        assert getattr(shuffled, name) == pytest.approx(getattr(bets, name)[order], abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_without_an_answer_is_no_bet(kind):
    values = draws(np.random.default_rng(6), kind, 12, 31)
    values[3, -1] = np.nan
    assert np.isnan(bets_of(values, kind).single[3]).all()
    assert (bets_of(values, kind).dense[3] == 0).all()


def test_the_mixture_names_the_channel_and_the_probe_that_lead():
    rng = np.random.default_rng(8)
    chart = ChannelMixture(threshold=math.log(500), kind="binary")
    rates = rng.beta(9, 1, 60)
    past = (rng.random((60, 30)) < rates[:, None]).astype(float)
    past[11] = 1.0
    bags = Bags(held=past)
    state = chart.start().with_rows(np.full(60, -1))
    for _ in range(4):
        new = (rng.random((60, 1)) < rates[:, None]).astype(float)
        new[11] = 0.0
        bets = side_bets(bags, new, "binary", said(bags, new, "binary"), Footing(spread=None))
        state = chart.update(state, ChannelEvidence(location=Location(z=0.0, references=30.0), side=bets))
    lead = chart.lead(state)
    assert (lead.channel, lead.place[0], lead.since) == ("single", 11, 4)
    assert chart.read(state).alarm
    assert chart.read(state).onset == 0


@pytest.mark.parametrize("shared", [-1.5, 0.7])
def test_once_the_reference_rests_the_bets_on_odds_are_fair_at_the_rates_that_the_replays_since_then_show(shared):
    """Their mean, given rates moved by that many standard deviations, is one: over the exact law of the failures."""
    failed = np.zeros((60, 200))
    failed[:, :20] = 1.0
    rates = rated(events_of(Bags(held=1 - failed), np.ones((60, 1)), "zeros"), 0.9, shared).rates
    moved = float(
        rates.sum() - rated(events_of(Bags(held=1 - failed), np.ones((60, 1)), "zeros"), 0.9, 0.0).rates.sum()
    )
    assert moved == pytest.approx(-shared * math.sqrt(60 * 0.1 * 0.9), rel=0.3)
    mean = 0.0
    for failures, chance in enumerate(reduce(np.convolve, np.stack([1 - rates, rates], axis=1))):
        today = np.ones((60, 1))
        today[:failures] = 0.0
        mean += chance * np.exp(
            bets_of(np.concatenate([1 - failed, today], axis=1), "binary", fixed=0.9, shared=shared).odds[: ODDS.size]
        )
    assert mean == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("event", ["zeros", "ones"])
def test_once_the_reference_rests_bets_doubt_what_the_hour_foretells_by_as_much_as_that_may_be_wrong(event):
    values = draws(np.random.default_rng(7), "binary", 60, 31)
    for fixed, more_careful in ((0.0, False), (0.7, True)):
        sure, unsure = (bets_of(values, "binary", event, fixed=fixed, told=0.4, unsure=u) for u in (0.0, 0.2))
        assert bool((unsure.odds[: ODDS.size] < sure.odds[: ODDS.size]).all()) == more_careful
        assert bool((unsure.rare < sure.rare).all()) == more_careful


def test_unusual_answers_of_probes_that_do_either_as_often_come_as_often_as_their_rates_say():
    """Rates of 0.3 to 0.7, 60 probes, a reference of 20 to 200, 400 replays each, seed 12: within 4 standard errors.

    Told by the rarer value's own counts, 20 answers foretell 4 standard errors too few in some dozen replays.
    """
    rng, surplus, variance = np.random.default_rng(12), 0.0, 0.0
    for run in range(400):
        size = (20, 60, 200)[run % 3]
        chances = rng.uniform(0.3, 0.7, (60, 1))
        held, today = (rng.random((60, size)) < chances).astype(float), (rng.random((60, 1)) < chances).astype(float)
        side = rated(events_of(Bags(held=held), today, "unusual"), 0.0)
        surplus += float((side.events.now - side.rates * side.events.drawn).sum())
        variance += float((side.events.drawn * side.rates * (1 - side.rates)).sum())
    assert abs(surplus) < 4 * math.sqrt(variance)


def test_where_sums_of_replays_wander_the_odds_are_divided_by_it_and_a_jump_is_not():
    """Probes that fail twice as often: after twenty replays a variance of 2 halves what they say, after one it does not."""
    rng = np.random.default_rng(2)
    held = (rng.random((60, 60)) < 0.9).astype(float)
    wanders = np.linspace(1.0, 2.0, 20)
    chart, alone, doubted = ChannelMixture(threshold=9.0, kind="binary"), [], []
    for variances, found in ((None, alone), (wanders, doubted)):
        draw, state = np.random.default_rng(3), chart.start().with_rows(np.full(60, -1))
        for _ in range(20):
            today = (draw.random((60, 1)) < 0.8).astype(float)
            side = bets_of(np.concatenate([held, today], axis=1), "binary")
            state = chart.update(
                state, ChannelEvidence(location=Location(z=0.0, references=60.0, variances=variances), side=side)
            )
            found.append(chart.channel_logs(state)["odds"])
    assert doubted[0] == alone[0]
    assert doubted[-1] < 0.6 * alone[-1]


def test_of_the_odds_that_process_leads_which_reads_highest_once_divided():
    """An old excursion stood higher undivided and dated the alarm, though another one made it."""
    chart = ChannelMixture(threshold=9.0, kind="binary")
    state = chart.start().with_rows(np.full(60, -1))
    passed = np.ones((60, 30))
    passed[:6, 0] = 0.0
    none = bets_of(np.concatenate([passed, np.ones((60, 1))], axis=1), "binary")
    for _ in range(120):
        location = Location(z=0.0, references=60.0, variances=np.linspace(1.0, 4.0, 200))
        state = chart.update(state, ChannelEvidence(location=location, side=none))
    logs, since = np.full(4, -3.0), np.zeros(4, dtype=np.int64)
    logs[:2], since[:2] = (900.0, 890.0), (110, 3)
    state = replace(state, banks={**state.banks, "odds": Bank(logs=logs, since=since)}, dense=DenseState.empty())
    assert (chart.lead(state).channel, chart.lead(state).place, chart.lead(state).since) == ("odds", (1,), 3)


def test_bets_on_failures_expect_what_the_hour_foretells():
    """They did not, and took the bad half of a week for a change. Of forty answers 8 usually fail; 14 fail now."""
    probes = 40
    now = (np.arange(probes) < 14).astype(int)
    events = Events(past=np.full(probes, 8), sizes=np.full(probes, 40), now=now, drawn=np.ones(probes, dtype=int))
    usual, worse, better = (rated(events, 0.0, told) for told in (0.0, -1.0, 1.0))
    sd = np.sqrt((usual.rates * (1 - usual.rates)).sum())
    assert worse.rates.sum() - usual.rates.sum() == pytest.approx(sd, rel=0.2)
    assert usual.rates.sum() - better.rates.sum() == pytest.approx(sd, rel=0.2)
    for bets in (turned, flaky, odds):
        assert (bets(worse) < bets(usual)).all(), bets.__name__
