"""In which order people read a report: what drifted first, the strongest evidence before the weaker."""

from dataclasses import replace

from driftwatch.presentation.report_charts import highest
from driftwatch.services.report import Report
from driftwatch.services.report_endpoint import EndpointReport
from driftwatch.services.standing import EndpointState


def in_order(report: Report) -> Report:
    """Return the report with its endpoints as they are read.

    A budget of one false page for each endpoint-year is twenty a year for twenty endpoints; those come barely over the
    threshold, and a model that was changed goes far beyond it. Endpoints that did not drift stay as configured.
    """
    return replace(report, endpoints=tuple(sorted(report.endpoints, key=_place)))


def _place(endpoint: EndpointReport) -> tuple[bool, float]:
    drifted = endpoint.state is EndpointState.DRIFTED
    return (not drifted, -(highest(endpoint) or 0.0) if drifted else 0.0)
