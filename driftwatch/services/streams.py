"""The streams of one endpoint and their share of its false-alarm budget."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from driftwatch.domain.metric import COMMON_FACTOR, MEASURED, NOT_EVERYWHERE, OF_TASKS, PASS, Metric, Severity
from driftwatch.services.detectors import ALONE, OWN_CHARTS, detector_for
from driftwatch.stats.any_stream import AnyDetector
from driftwatch.stats.budget import FalseAlarmBudget, allocate_arl
from driftwatch.stats.chart_names import Chart, paging_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """One stream to be: its metric, its detector, and the false-alarm rate it may spend.

    Parameters
    ----------
    arl : float
        In-control average run length of this stream alone, in replays.
    arl_together : float
        The same for all streams of this severity together: what the user's budget says.
    """

    metric: Metric
    detector: AnyDetector
    arl: float
    arl_together: float


def judged_streams(plans: Mapping[str, StreamPlan]) -> dict[str, str]:
    """Return the streams that hold a judge's verdicts, each with the judge."""
    return {name: plan.metric.judge for name, plan in plans.items() if plan.metric.judge}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How many false pages and false notices an endpoint may cost its people."""

    pages: FalseAlarmBudget
    notices: FalseAlarmBudget


def watched_metrics(
    scored: Iterable[Metric],
    *,
    logprobs: bool,
    more: Collection[str] = (),
    sensors_only: bool = False,
    tasks: bool = False,
) -> dict[str, Metric]:
    """Return every metric of an endpoint by name: the user's scorers, ``pass``, and what is measured without asking.

    Parameters
    ----------
    more : collection of str
        Those of `NOT_EVERYWHERE` that it has.
    sensors_only : bool
        Whether it has no other probe: then nothing else takes a part of the false-alarm budget.
    tasks : bool
        Whether any probe has tools.
    """
    if sensors_only:
        shown = {name for name, metric in MEASURED.items() if metric.severity is Severity.NONE} - OF_TASKS
        return {name: metric for name, metric in MEASURED.items() if name in shown | set(more)}
    own = {metric.name: metric for metric in scored}
    by_rule = any(not metric.judge for metric in own.values())
    measured = {
        name: metric
        for name, metric in MEASURED.items()
        if (name != PASS.name or by_rule)
        and (name != "logprob" or logprobs)
        and (name not in NOT_EVERYWHERE or name in more)
        and (name not in OF_TASKS or tasks)
    }
    return measured | own


def charts_fault(metric: Metric, charts: Sequence[str]) -> str | None:
    """Say why these charts cannot page for a metric, or None.

    Examples
    --------
    >>> charts_fault(MEASURED["ttft"], ["cusum"])
    'ttft is shown and never alarms; remove it'
    """
    if metric.severity is Severity.NONE:
        return f"{metric.name} is shown and never alarms; remove it"
    if metric.name in COMMON_FACTOR:
        return f"{metric.name} has charts of its own, for its replays share a factor; remove it"
    return paging_fault(charts, metric.kind)


def plan_streams(
    metrics: Mapping[str, Metric],
    budgets: Budgets,
    *,
    replays_per_year: float,
    baseline_replays: int,
    charts: Mapping[str, tuple[Chart, ...]] | None = None,
) -> dict[str, StreamPlan]:
    """Give every alarming metric its detector; each severity's streams share that severity's budget.

    Parameters
    ----------
    charts : mapping, optional
        Metric -> the charts that page for it, which share its part of the budget; the mixture where none are chosen.

    Examples
    --------
    >>> budget = FalseAlarmBudget.parse("1 per endpoint-year")
    >>> plans = plan_streams(
    ...     {"pass": PASS}, Budgets(pages=budget, notices=budget), replays_per_year=8760, baseline_replays=24
    ... )
    >>> plans["pass"].arl
    8760.0
    """
    plans: dict[str, StreamPlan] = {}
    for severity, budget in ((Severity.PAGE, budgets.pages), (Severity.NOTICE, budgets.notices)):
        weights = {name: m.weight for name, m in metrics.items() if m.severity is severity}
        if not weights:
            continue
        together = budget.arl_replays(replays_per_year)
        for name, arl in allocate_arl(together, weights).items():
            paging = (charts or {}).get(name, OWN_CHARTS.get(name, ALONE))
            detector = detector_for(metrics[name], baseline_replays=baseline_replays, arl=arl, paging=paging)
            plans[name] = StreamPlan(metric=metrics[name], detector=detector, arl=arl, arl_together=together)
    return plans
