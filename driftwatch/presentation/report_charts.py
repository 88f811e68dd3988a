"""Which charts a report has, and in which order they matter: what moved comes first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from driftwatch.presentation.charts import Spec, course_chart, fleet_chart, incidents_chart, level_chart, marks_of
from driftwatch.services.report import Report
from driftwatch.services.report_endpoint import EndpointReport, StreamReport
from driftwatch.services.standing import StreamState

FLEET, INCIDENTS = "fleet", "incidents"
NEAR = 0.5
"""Share of its threshold from which a quiet stream's chart is drawn large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCharts:
    """The charts of a report by name.

    Parameters
    ----------
    large : mapping
        Seen at once: the fleet, its incidents, and the streams that moved or came near it.
    others : mapping
        Of the streams at rest.
    of_stream : mapping
        (endpoint, metric) -> the names of its charts.
    """

    large: Mapping[str, Spec]
    others: Mapping[str, Spec]
    of_stream: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


def shown_since(report: Report) -> datetime:
    """Return where the axis of time begins: with the period, or with the first replay where that came later."""
    first = [band.at for e in report.endpoints for stream in (*e.streams, *e.shown) for band in stream.bands[:1]]
    return max(report.since, min(first, default=report.since))


def report_charts(report: Report) -> ReportCharts:
    """Return the charts of a report."""
    large: dict[str, Spec] = {}
    if len(report.endpoints) > 1:
        large[FLEET] = fleet_chart({endpoint.name: highest(endpoint) for endpoint in report.endpoints})
    incidents = {e.name: [i.incident for i in e.told] for e in report.endpoints if e.told}
    if incidents:
        large[INCIDENTS] = incidents_chart(incidents, since=shown_since(report), until=report.until)
    others: dict[str, Spec] = {}
    near: dict[str, Spec] = {}
    names: dict[tuple[str, str], tuple[str, ...]] = {}
    for place, endpoint in enumerate(report.endpoints):
        for number, stream in enumerate((*endpoint.streams, *endpoint.shown)):
            drawn = dict(_stream(report, endpoint, stream, f"e{place}s{number}"))
            names[endpoint.name, stream.standing.metric.name] = tuple(drawn)
            told = large if _alarmed(endpoint, stream) else near if moved(endpoint, stream) else others
            told.update(drawn)
    return ReportCharts(large=large | near, others=others, of_stream=names)


def moved(endpoint: EndpointReport, stream: StreamReport) -> bool:
    """Whether a stream alarmed in the period, was part of an incident, or came near it."""
    return _alarmed(endpoint, stream) or (stream.peak or 0.0) >= NEAR


def _alarmed(endpoint: EndpointReport, stream: StreamReport) -> bool:
    told = marks_of(stream.standing.metric.name, (i.incident for i in endpoint.told))
    return stream.standing.state is StreamState.ALARM or bool(told)


def highest(endpoint: EndpointReport) -> float | None:
    """Return the largest share of its threshold that any stream of an endpoint reached; None if none watched."""
    shares = [peak for stream in endpoint.streams if (peak := _peak(stream)) is not None]
    return max(shares, default=None)


def _peak(stream: StreamReport) -> float | None:
    standing = stream.standing
    if stream.peak is not None:
        return stream.peak
    if standing.statistic is None or not standing.threshold:
        return None
    return standing.statistic / standing.threshold


def _stream(report: Report, endpoint: EndpointReport, stream: StreamReport, name: str) -> Iterator[tuple[str, Spec]]:
    metric = stream.standing.metric
    period = {"since": shown_since(report), "until": report.until}
    marks = marks_of(metric.name, (i.incident for i in endpoint.incidents))
    if not any(band.mean is not None for band in stream.bands):
        return
    yield name, course_chart(metric.name, stream.bands, normal=stream.normal, unit=metric.unit, marks=marks, **period)
    if any(band.peak is not None for band in stream.bands):
        yield f"{name}level", level_chart(metric.name, stream.bands, marks=marks, **period)
