"""A judge of the configuration: ready to be asked and watched, calibrated, allowed to page or not."""

from datetime import timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

from driftwatch.bootstrap.clocks import system_clock
from driftwatch.bootstrap.golden_sets import probe_set
from driftwatch.bootstrap.models import asked_endpoint, language_model
from driftwatch.bootstrap.money import spend_guard
from driftwatch.bootstrap.routing import audiences
from driftwatch.bootstrap.scoring import build_scorers, judges_of
from driftwatch.config.settings import Settings
from driftwatch.domain.schedule import Every
from driftwatch.services.ports import Clock, LanguageModel

if TYPE_CHECKING:
    from pathlib import Path

    from driftwatch.bootstrap.advance import Advance
    from driftwatch.services.calibrate import Calibration
    from driftwatch.services.watched import WatchedJudge


def watched_judge(settings: Settings, name: str, clock: Clock, *, model: LanguageModel | None = None) -> "WatchedJudge":
    """Return a judge, ready to be asked and watched by its anchors.

    Raises
    ------
    ConfigError
        If no judge of that name is configured (slug ``judge-missing``).
    """
    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.config.judges import configured_judge
    from driftwatch.domain.judge_drift import PREFIX
    from driftwatch.services.bench import Judge
    from driftwatch.services.judge_watch import anchor_metrics, anchor_probes
    from driftwatch.services.our_side import our_side
    from driftwatch.services.recorded import kept_budget
    from driftwatch.services.streams import Budgets, plan_streams
    from driftwatch.services.watched import Watched, WatchedJudge

    wanted = configured_judge(settings, name)
    probes, scorers = anchor_probes()
    graded = [one for one in settings.endpoints if name in judges_of(build_scorers(probe_set(settings, one))[0])]
    # One that nobody uses is still calibrated.
    schedules = [one.schedule.as_schedule() for one in graded or settings.endpoints]
    # Its anchors are graded in every replay of every endpoint that it grades; the most frequent one's pace is taken.
    schedule = max(schedules, key=lambda one: replays_per_year(one, clock.now()))
    if wanted.anchors.every is not None:
        schedule = min(
            schedule, Every(interval=wanted.anchors.every), key=lambda one: replays_per_year(one, clock.now())
        )
    endpoint = asked_endpoint(
        wanted, name=f"{PREFIX}{name}", probe_set=probes, schedule=schedule, baseline_replays=wanted.anchors.replays
    )
    model = model or language_model(endpoint, clock)
    metrics, pace = anchor_metrics(), replays_per_year(schedule, clock.now())
    alarms = settings.false_alarms
    return WatchedJudge(
        judge=Judge(name=name, endpoint=endpoint, model=model, votes=wanted.votes, confirm=wanted.confirm),
        watched=Watched(
            endpoint=endpoint,
            model=model,
            fingerprint=our_side(endpoint, model.identity),
            scorers=scorers,
            metrics=metrics,
            plans=plan_streams(
                metrics,
                Budgets(pages=kept_budget(alarms.pages, pace), notices=kept_budget(alarms.notices, pace)),
                replays_per_year=pace,
                baseline_replays=endpoint.baseline_replays,
            ),
            routes=audiences(settings),
        ),
        every=wanted.anchors.every or timedelta(0),
    )


def may_page(settings: Settings, judge: str) -> bool:
    """Return whether a judge's verdicts may wake somebody: it is calibrated, or the user says so."""
    from driftwatch.config.judges import configured_judge, is_calibrated

    return configured_judge(settings, judge).uncalibrated == "page" or is_calibrated(settings, judge)


async def calibrate_judge(
    settings: Settings, name: str, labels: "Path", *, advance: "Advance" = lambda _what, _done, _of: None
) -> "Calibration":
    """Return how far a judge agrees with a person's labels, for no more than today's budget has left."""
    from driftwatch.adapters.records.labels import read_labels
    from driftwatch.services.calibrate import calibrate

    clock = system_clock()
    judge = watched_judge(settings, name, clock).judge
    given = read_labels(labels)
    try:
        return await calibrate(
            judge,
            given,
            clock=clock,
            guard=spend_guard(settings, clock),
            advance=lambda done: advance("graded", done, len(given)),
        )
    finally:
        await judge.model.aclose()


def calibration_data(settings: Settings, name: str, found: "Calibration") -> dict[str, Any]:
    """Return a calibration as it is written down: `config.judges.is_calibrated` reads it."""
    from driftwatch.config.judges import configured_judge, judge_identity

    wanted = configured_judge(settings, name)
    figures = {key: getattr(found, key) for key in ("agreement", "kappa", "alpha")}
    return {
        "version": 1,
        "judge": judge_identity(wanted),
        "model": wanted.model,
        "at": system_clock().now().isoformat(timespec="seconds"),
        "passed": not found.failed,
        "failed": list(found.failed),
        "labels": found.labels,
        "graded": found.graded,
        **{key: value if isfinite(value) else None for key, value in figures.items()},
        "classes": [{"label": one.value, "labels": one.labels, "agreed": one.agreed} for one in found.classes],
        "unscored": found.ungraded,
        "cost_usd": found.cost_usd,
    }
