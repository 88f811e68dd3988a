"""The charts that a user chose for metrics, checked against the metrics that the endpoint has.

Only the golden set says which metrics there are, so this is not among the checks of the file alone.
"""

from collections.abc import Iterator, Mapping

from driftwatch.config.document import Document
from driftwatch.config.faults import nearest
from driftwatch.config.settings import EndpointSettings, Settings
from driftwatch.domain.errors import ConfigError, Problem
from driftwatch.domain.metric import Metric
from driftwatch.services.streams import charts_fault
from driftwatch.stats.chart_names import Chart


def chosen_charts(settings: Settings, name: str, metrics: Mapping[str, Metric]) -> Mapping[str, tuple[Chart, ...]]:
    """Return the charts that page for each metric of an endpoint, as far as they were chosen.

    Parameters
    ----------
    name : str
        The endpoint's; one that is not configured has chosen nothing.
    metrics : mapping
        Every metric of the endpoint by name.

    Raises
    ------
    ConfigError
        If a metric is not the endpoint's or never alarms, or a chart does not read its kind.
    """
    found = [(index, one) for index, one in enumerate(settings.endpoints) if one.name == name]
    for index, endpoint in found:
        if not endpoint.charts:
            continue
        if wrong := tuple(_problems(settings, index, endpoint, metrics)):
            raise ConfigError(wrong)
        return endpoint.charts
    return {}


def _problems(
    settings: Settings, index: int, endpoint: EndpointSettings, metrics: Mapping[str, Metric]
) -> Iterator[Problem]:
    # Read again for the line alone, and only where something must be said.
    document: Document | None = None
    for name, charts in endpoint.charts.items():
        met, need = _fault(name, charts, metrics)
        if not need:
            continue
        document = document or Document.read(settings.file)
        at = f"`endpoints[{index}].charts.{name[:60]}`"
        path = ("endpoints", index, "charts", name)
        yield document.problem(path, met=f"{at} {met}", need=need, slug="config-charts")


def _fault(name: str, charts: tuple[Chart, ...], metrics: Mapping[str, Metric]) -> tuple[str, str]:
    metric = metrics.get(name)
    if metric is None:
        near = nearest(name, metrics)
        return "is no metric of this endpoint", f"did you mean `{near}`?" if near else f"it has {', '.join(metrics)}."
    fault = charts_fault(metric, charts)
    met, _, need = fault.partition("; ") if fault else ("", "", "")
    return f"cannot stand: {met}", f"{need}." if need else ""
