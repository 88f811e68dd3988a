"""The pieces of a backtest: what records show of their metrics, and a fold that is quick and exact."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.services import live_streams
from driftwatch.services.backtest import Backtest, Event, Failed
from driftwatch.services.backtest_fold import Fold
from driftwatch.services.recorded import Values, kept_budget, local_changes, recorded_metrics, replays_per_year_of
from driftwatch.services.streams import Budgets
from driftwatch.services.trial import make_trial
from driftwatch.stats.budget import FalseAlarmBudget

START = datetime(2026, 7, 20, tzinfo=UTC)
YEARLY = FalseAlarmBudget.parse("1 per endpoint-year")


def seen(*values: float) -> Values:
    found = Values()
    for value in values:
        found.add(value)
    return found


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((0, 1, 1), "binary"),
        ((1,), "binary"),
        ((1, 2.5, 3) * 5, "graded"),
        ((1, 2.5, 3), "continuous"),
        (tuple(range(100)), "continuous"),
        ((0, 1) * 50 + (0.37,), "graded"),
    ],
)
def test_the_kind_of_a_metric_is_the_narrowest_that_all_its_values_fit(values, kind) -> None:
    assert seen(*values).kind == kind


def test_the_values_that_are_kept_of_a_metric_are_few() -> None:
    assert len(seen(*map(float, range(10_000))).different) < 30


@pytest.mark.parametrize(
    ("given", "known"),
    [({"exact": (0, 1)}, True), ({"grade": (3.5, 4)}, False), ({"pass": (0, 1)}, True), ({"latency": (400,)}, False)],
)
def test_pass_is_known_where_it_is_given_or_every_score_is_a_share(given, known) -> None:
    metrics = recorded_metrics({name: seen(*values) for name, values in given.items()}, logprobs=False)
    assert ("pass" in metrics) is known


def test_scores_with_our_names_mean_what_they_always_mean() -> None:
    metrics = recorded_metrics({"length": seen(1, 0), "mine": seen(1, 0)}, logprobs=False)
    assert (metrics["length"].kind, metrics["length"].severity.value) == ("continuous", "notice")
    assert (metrics["mine"].kind, metrics["mine"].severity.value, metrics["mine"].harm) == ("binary", "page", -1)


def test_one_replay_is_taken_as_hourly_and_a_burst_as_no_faster_than_can_be_asked() -> None:
    assert replays_per_year_of([START]) == 8760
    assert replays_per_year_of([START + timedelta(milliseconds=n) for n in range(9)]) == 365 * 8640


def test_a_budget_too_generous_for_the_pace_becomes_the_loosest_there_is() -> None:
    assert kept_budget(YEARLY, 52) == YEARLY
    assert kept_budget(YEARLY, 12).arl_replays(12) == pytest.approx(20.5)


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        ({"git": "a"}, {"git": "b"}, ("git",)),
        ({"git": "a"}, {"prompt": "b"}, ()),
        ({"probes": "a", "price": "1"}, {"probes": "b", "price": "2"}, ()),
        ({}, {"git": "b"}, ()),
    ],
)
def test_a_part_that_both_sides_know_and_that_differs_is_a_change_of_ours(before, now, changed) -> None:
    assert local_changes(Fingerprint(parts=now), Fingerprint(parts=before)) == changed


def replay(hour: int, failing: int, rng: random.Random) -> ReplayScores:
    values = {f"p{n:02}@x": (float(n >= failing and rng.random() < 0.95),) for n in range(30)}
    return ReplayScores(
        slot=Slot(endpoint="bot", due=START + timedelta(hours=hour)), seq=hour + 1, epoch=1, asked=30, answered=30,
        fingerprint=Fingerprint(parts={}), values={"exact": values, "length": values},
    )  # fmt: skip


def run(events: list[Event]) -> Backtest:
    metrics = recorded_metrics({"exact": seen(0, 1)}, logprobs=False)
    trial = make_trial(
        metrics, Budgets(pages=YEARLY, notices=YEARLY), replays_per_year=8760, baseline_replays=12, scorers={}
    )
    fold = Fold("bot", plans=trial.plans, shown=trial.shown)
    for event in events:
        fold.take(event)
    return fold.result()


def drift_and_back_and_drift() -> list[Event]:
    rng = random.Random(11)
    return [replay(hour, 12 if 20 <= hour < 26 or hour >= 60 else 0, rng) for hour in range(66)]


def test_leaving_out_what_moved_after_an_alarm_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    events = drift_and_back_and_drift()
    quick = run(events)
    monkeypatch.setattr(live_streams, "glanced", lambda plan, state: plan.detector.read(state))
    assert run(events) == quick
    assert len(quick.alarms) >= 2


def test_a_failure_of_ours_tells_nobody_and_a_failed_replay_of_a_file_has_its_place() -> None:
    slots = [Slot(endpoint="bot", due=START + timedelta(hours=90 + n)) for n in range(3)]
    failures: list[Event] = [Failed(slot=slot, outcome=None, counts=False) for slot in slots[:2]]
    failures.append(Failed(slot=slots[2], outcome=Outcome.TIMEOUT, counts=True))
    found = run([*drift_and_back_and_drift(), *failures])
    assert (found.unanswered, len(found.slots)) == (3, 67)
    assert found.streams["exact"].statistics[-1] is None
