"""Recorded history: imported observations scored, and backtests of files and stores."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from driftwatch.bootstrap.advance import Advance
from driftwatch.bootstrap.clocks import system_clock
from driftwatch.bootstrap.golden_sets import probe_set
from driftwatch.bootstrap.models import NobodyAsks, endpoint_of
from driftwatch.bootstrap.scoring import build_scorers
from driftwatch.bootstrap.watching import watch
from driftwatch.config.settings import Settings
from driftwatch.domain.judge_drift import PREFIX, is_judge
from driftwatch.domain.metric import Metric
from driftwatch.domain.replay import Replay, Score
from driftwatch.services.ports import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

    from driftwatch.adapters.records import ImportReport
    from driftwatch.services.backtest import Backtest
    from driftwatch.services.score import Scorers
    from driftwatch.services.trial import Trial
    from driftwatch.stats.budget import FalseAlarmBudget

DEFAULT_BASELINE = 24
"""Replays of the baseline of recorded endpoints that are not in the configuration."""


def score_imported(
    settings: Settings, store: Store
) -> "Callable[[Replay, Mapping[tuple[str, int], Mapping[str, float]]], Iterable[Score]]":
    """Return what scores an imported replay: what is measured without asking, and the golden set where one is known."""
    from driftwatch.services.references import complete, text_reference
    from driftwatch.services.score import score_replay

    names = {wanted.name: wanted for wanted in settings.endpoints}
    known: dict[str, Scorers] = {}

    def score(replay: Replay, given: Mapping[tuple[str, int], Mapping[str, float]]) -> Iterable[Score]:
        name = replay.slot.endpoint
        if name not in known:
            known[name] = build_scorers(probe_set(settings, names[name]))[0] if name in names else {}
        limit = text_reference(names[name].baseline.replays if name in names else DEFAULT_BASELINE)
        references = complete(store.reference_texts(name, epoch=replay.epoch, limit=limit), limit)
        scores = score_replay(replay.answers, known[name], references)
        return [s for s in scores if s.metric not in given.get((s.probe_key, s.sample), {})]

    return score


def backtest_file(
    source: "Path | str | IO[bytes]",
    settings: Settings | None,
    *,
    baseline: int | None = None,
    pages: "FalseAlarmBudget | None" = None,
    advance: Advance = lambda _what, _done, _of: None,
) -> "tuple[tuple[Backtest, ...], ImportReport]":
    """Return what a file of records would have told of every endpoint in it, and the lines that could not be used.

    A configured endpoint is watched as its daemon does; of another one the records alone say what there is to watch.
    """
    from driftwatch.adapters.records.history import Scoring, recorded_history
    from driftwatch.services.backtest_fold import Fold
    from driftwatch.services.recorded import local_changes, recorded_metrics
    from driftwatch.services.references import text_reference

    with recorded_history(source) as history:
        history.load(lambda line: advance("reading", line, None))
        folds, scoring = {}, {}
        for name, known in sorted(history.endpoints.items()):
            found = recorded_metrics(known.values, logprobs=known.logprobs)
            trial = _trial(settings, name, found, known.moments, baseline=baseline, pages=pages, all_found=True)
            folds[name] = Fold(name, plans=trial.plans, shown=trial.shown, changed=local_changes)
            scoring[name] = Scoring(
                scorers=trial.scorers,
                references=text_reference(trial.baseline_replays),
                derives_pass="pass" in found and "pass" not in known.values,
            )
        wanted = sum(len(known.moments) for known in history.endpoints.values())
        for done, (name, event) in enumerate(history.events(scoring), start=1):
            folds[name].take(event)
            advance("replaying", done, wanted)
        return tuple(fold.result() for fold in folds.values()), history.report


def backtest_store(
    settings: Settings,
    store: Store,
    *,
    baseline: int | None = None,
    pages: "FalseAlarmBudget | None" = None,
    advance: Advance = lambda _what, _done, _of: None,
) -> "tuple[Backtest, ...]":
    """Return what the store's history tells of every endpoint in it; nothing is written."""
    from driftwatch.services.backtest_fold import Fold
    from driftwatch.services.recorded import recorded_metrics
    from driftwatch.services.stored import stored_events, stored_moments, stored_values

    names = store.endpoints()
    moments = {name: stored_moments(store, name) for name in names}
    wanted, done, results = sum(map(len, moments.values())), 0, []
    for name in names:
        known = name in {endpoint.name for endpoint in settings.endpoints}
        found = {} if known else recorded_metrics(stored_values(store, name), logprobs=False)
        trial = _trial(settings, name, found, moments[name], baseline=baseline, pages=pages, all_found=False)
        bursts = {burst.seq: burst for burst in store.bursts(name)}
        fold = Fold(name, plans=trial.plans, shown=trial.shown, bursts=bursts)
        for event in stored_events(store, name):
            fold.take(event)
            done += 1
            advance("replaying", min(done, wanted), wanted)
        results.append(fold.result())
    return tuple(results)


def _trial(
    settings: Settings | None,
    name: str,
    found: Mapping[str, Metric],
    moments: Iterable[datetime],
    *,
    baseline: int | None,
    pages: "FalseAlarmBudget | None",
    all_found: bool,
) -> "Trial":
    """Return how an endpoint's history is judged: as configured, else by what its records show."""
    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.config.settings import FalseAlarms
    from driftwatch.services.recorded import kept_budget, replays_per_year_of
    from driftwatch.services.streams import Budgets
    from driftwatch.services.trial import make_trial

    alarms = settings.false_alarms if settings else FalseAlarms()
    budgets = Budgets(pages=pages or alarms.pages, notices=alarms.notices)
    if settings and is_judge(name) and name.removeprefix(PREFIX) in settings.judges:
        return _trial_of_judge(settings, name.removeprefix(PREFIX), baseline=baseline, pages=pages)
    wanted = next((one for one in settings.endpoints if one.name == name), None) if settings else None
    if settings is None or wanted is None:
        pace = replays_per_year_of(moments)
        loose = Budgets(pages=pages or kept_budget(budgets.pages, pace), notices=kept_budget(budgets.notices, pace))
        learned = baseline or DEFAULT_BASELINE
        return make_trial(found, loose, replays_per_year=pace, baseline_replays=learned, scorers={})
    clock = system_clock()
    watched = watch(settings, endpoint_of(settings, wanted), clock, model=NobodyAsks())
    return make_trial(
        {**(found if all_found else {}), **watched.metrics},
        budgets,
        replays_per_year=replays_per_year(watched.endpoint.schedule, clock.now()),
        baseline_replays=baseline or watched.endpoint.baseline_replays,
        scorers=watched.scorers,
        charts=wanted.charts,
    )


def _trial_of_judge(
    settings: Settings, name: str, *, baseline: int | None, pages: "FalseAlarmBudget | None"
) -> "Trial":
    """Return how a judge's own history is judged: as its daemon does, which wakes nobody for it."""
    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.bootstrap.judges import watched_judge
    from driftwatch.services.recorded import kept_budget
    from driftwatch.services.streams import Budgets
    from driftwatch.services.trial import make_trial

    clock, alarms = system_clock(), settings.false_alarms
    watched = watched_judge(settings, name, clock, model=NobodyAsks()).watched
    pace = replays_per_year(watched.endpoint.schedule, clock.now())
    return make_trial(
        watched.metrics,
        Budgets(pages=pages or kept_budget(alarms.pages, pace), notices=kept_budget(alarms.notices, pace)),
        replays_per_year=pace,
        baseline_replays=baseline or watched.endpoint.baseline_replays,
        scorers=watched.scorers,
    )
