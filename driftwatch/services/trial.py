"""The streams of a backtest: those that may alarm, exactly as the daemon plans them, and those that are only drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

from driftwatch.domain.metric import Metric, Severity
from driftwatch.services.detectors import detector_for
from driftwatch.services.score import Scorers
from driftwatch.services.streams import Budgets, StreamPlan, plan_streams
from driftwatch.stats.chart_names import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How the history of one endpoint is judged.

    Parameters
    ----------
    shown : mapping
        Streams of metrics that never alarm.
    scorers : mapping
        The golden set's; empty where none is known.
    """

    plans: Mapping[str, StreamPlan]
    shown: Mapping[str, StreamPlan]
    scorers: Scorers
    baseline_replays: int


def make_trial(
    metrics: Mapping[str, Metric],
    budgets: Budgets,
    *,
    replays_per_year: float,
    baseline_replays: int,
    scorers: Scorers,
    charts: Mapping[str, tuple[Chart, ...]] | None = None,
) -> Trial:
    """Plan the streams of an endpoint; `charts` are those that were chosen to page, by metric."""
    return Trial(
        plans=plan_streams(
            metrics,
            budgets,
            replays_per_year=replays_per_year,
            baseline_replays=baseline_replays,
            charts=charts,
        ),
        shown=shown_streams(metrics, budgets, replays_per_year=replays_per_year, baseline_replays=baseline_replays),
        scorers=scorers,
        baseline_replays=baseline_replays,
    )


def shown_streams(
    metrics: Mapping[str, Metric], budgets: Budgets, *, replays_per_year: float, baseline_replays: int
) -> dict[str, StreamPlan]:
    """Return streams for the metrics that never alarm; each is drawn against the whole budget of notices."""
    together = budgets.notices.arl_replays(replays_per_year)
    return {
        name: StreamPlan(
            metric=metric,
            detector=detector_for(metric, baseline_replays=baseline_replays, arl=together),
            arl=together,
            arl_together=together,
        )
        for name, metric in metrics.items()
        if metric.severity is Severity.NONE
    }
