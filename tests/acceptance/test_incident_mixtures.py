"""Incidents that touch a part of the answers: `misrouting-2025` and `token-corruption`."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.metric import MEASURED, Severity
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.scorers.shape import script
from driftwatch.services.backtest_fold import Fold
from driftwatch.services.plan_power import powers_of
from driftwatch.services.power import power_of
from driftwatch.services.saved import load_watch
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.lasting import LASTING
from tests.acceptance.played import Played
from tests.acceptance.world import START

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("seed", range(3))
def test_one_request_in_six_at_the_wrong_pool_is_found_within_three_daily_replays_with_its_share(
    tmp_path: Path, seed: int
) -> None:
    """Forty probes, seeds 0-4: the third replay tells a share of 0.17, 0.13, 0.17, 0.16 and 0.12.

    With seeds 2 and 4 the texts tell before the pass rate does: of serving alone only where a fall by 5 points is excluded, which
    120 answers, some of them wrong, do not.
    """
    here = Played(tmp_path, LASTING["misrouting-2025"], seed=seed)
    assert here.told()[0][0] <= 49, "the third daily replay"
    [incident] = here.incidents
    assert incident.attribution == "silent change"
    found = incident.findings[0]
    assert found.second_state is not None, "no estimate of f"
    assert found.second_state_low <= 0.16 <= found.second_state_high
    assert found.second_state_high - found.second_state_low < 0.25


def test_one_request_in_125_is_not_found_and_it_is_said_what_that_takes(tmp_path: Path) -> None:
    here = Played(tmp_path, LASTING["misrouting-2025-rare"], quiet=30)
    assert here.told() == []
    watched, store = here.world.watched, here.world.store
    said = power_of(watched, load_watch(watched, store)[0])
    assert said is not None
    # Two wrong answers in five of 0.8 % are a fall of 0.3 points.
    assert float(said.partition("by ")[2].partition(" points")[0]) > 2.0, said
    daily, hourly = (
        {p.metric: p for p in powers_of(watched, store, replays_per_day=pace)}["unseen"] for pace in (1, 24)
    )
    assert daily.detectable[30] > 0.02, "a month of daily replays finds three times as much at the least"
    assert hourly.detectable[30] < 0.012, "hourly ones come near to it in a month"


def corrupted(chance: Random, share: float) -> str:
    return "the answer is seven" + (" สวัสดี" if chance.random() < share else "")


def found_after(*, probes: int, baseline: int, hours: int, share: float, seed: int) -> int | None:
    """Hours until the stream of foreign scripts tells; None within `hours`."""
    metrics = {name: m for name, m in MEASURED.items() if m.severity is not Severity.NONE and name != "logprob"}
    budget = Budgets(
        pages=FalseAlarmBudget.parse("1 per endpoint-year"), notices=FalseAlarmBudget.parse("4 per endpoint-year")
    )
    plans = plan_streams(metrics, budget, replays_per_year=8760, baseline_replays=baseline)
    fold, chance = Fold("bot", plans={"script": plans["script"]}, shown={}), Random(seed)
    for hour in range(baseline + hours):
        now = share if hour >= baseline else 0.0
        values = {f"p{n}@h": (float(script(corrupted(chance, now))),) for n in range(probes)}
        fold.take(one_replay(hour, {"script": values}, probes))
    alarms = fold.result().alarms
    return int((alarms[0].slot.due - START) / HOUR) - baseline + 1 if alarms else None


def one_replay(seq: int, values: dict, probes: int) -> ReplayScores:
    due: datetime = START + seq * HOUR
    return ReplayScores(
        slot=Slot(endpoint="bot", due=due),
        seq=seq + 1,
        epoch=1,
        fingerprint=Fingerprint(parts={}),
        asked=probes,
        answered=probes,
        values=values,
    )


@pytest.mark.parametrize(("share", "within"), [(0.005, 240), (0.01, 72), (0.02, 30)])
def test_a_few_answers_with_foreign_script_are_a_rare_event_that_a_days_baseline_finds(
    share: float, within: int
) -> None:
    """Forty probes, hourly; the mean of every score stays flat. Seeds 0-19 at 0.5 %: 13 to 202 hours, median 58.

    A day's 960 answers do not prove that such answers are new, and what is learned of them afterwards hid them: at
    0.5 % none of 500 hours told.
    """
    told = [found_after(probes=40, baseline=24, hours=within, share=share, seed=seed) for seed in range(3)]
    assert None not in told, told


def test_a_corrupted_answer_in_two_hundred_is_a_notice_that_names_probes_and_no_page(tmp_path: Path) -> None:
    here = Played(tmp_path, LASTING["token-corruption"], hours=72)
    assert [t[1:] for t in here.told()] == [("notice", "FIRST")]
    [incident] = here.incidents
    found = incident.findings[0]
    assert (found.metric, found.direction, found.chart) == ("script", 1, "strays")
    assert incident.attribution == "silent change"
    assert found.moved
