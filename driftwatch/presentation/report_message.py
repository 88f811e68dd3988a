"""The report as the payload of a message: frozen, legible, and small enough for a channel."""

from typing import Any

from driftwatch.domain.incident import Reason
from driftwatch.domain.legible import one_line
from driftwatch.domain.metric import Severity
from driftwatch.domain.weekly import KIND
from driftwatch.presentation import words
from driftwatch.presentation.order import in_order
from driftwatch.presentation.report_charts import FLEET, INCIDENTS, report_charts
from driftwatch.services.report import Report
from driftwatch.services.report_endpoint import EndpointReport
from driftwatch.services.standing import EndpointState

ENDPOINTS = 30
INCIDENTS_SHOWN = 10
REMOVED_SHOWN = 5
_LINE = 300


def report_payload(report: Report, *, week: str | None = None) -> dict[str, Any]:
    """Return what the message says: what moved first, what is unchanged last, every answer left out."""
    report = in_order(report)
    # So that a long list leaves out what is unchanged, not one that does not answer.
    listed = sorted(report.endpoints, key=lambda endpoint: endpoint.state is EndpointState.UNCHANGED)
    todo = words.todo(report)
    return {
        "version": 1,
        "kind": KIND,
        "reason": Reason.NONE.value,
        "severity": Severity.NOTICE.value,
        "endpoint": "driftwatch",
        "at": report.at.isoformat(),
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        **({"week": week} if week else {}),
        "verdict": report.verdict.words,
        "period": words.period(report),
        "quiet": "" if todo else words.quiet(report),
        "todo": [
            {
                "incident": incident.name,
                "said": one_line(f"{incident.endpoint}: {words.movement(incident)}", _LINE),
                "command": words.way_on(incident),
            }
            for incident in todo[:INCIDENTS_SHOWN]
        ],
        "more_todo": max(len(todo) - INCIDENTS_SHOWN, 0),
        "endpoints": [_endpoint(endpoint) for endpoint in listed[:ENDPOINTS]],
        "more_endpoints": max(len(listed) - ENDPOINTS, 0),
        "accounts": [one_line(line, _LINE) for line in _accounts(report)],
        "charts": {name: spec for name, spec in report_charts(report).large.items() if name in (FLEET, INCIDENTS)},
    }


def _endpoint(endpoint: EndpointReport) -> dict[str, str]:
    incidents = "; ".join(
        f"{i.incident.name} {i.incident.severity.value}, {words.movement(i.incident)}, {i.incident.state.value}"
        for i in endpoint.told
    )
    said = incidents or endpoint.power or words.caveat(endpoint) or words.endpoint_line(endpoint)
    return {
        "name": one_line(endpoint.name, 80),
        "state": endpoint.state.value,
        "symbol": words.symbol(endpoint.state),
        "said": one_line(said, _LINE),
    }


def _accounts(report: Report) -> list[str]:
    covered, more = report.coverage, len(report.removed) - REMOVED_SHOWN
    lines = [
        f"Slots: {covered.done} of {covered.due} done; {covered.missed_words}.",
        *([told] if (told := words.by_chance(report)) else []),
        *(f"Watched no more: {words.removed_line(incident)}" for incident in report.removed[:REMOVED_SHOWN]),
        *([f"and {more} more on what is watched no more: driftwatch report"] if more > 0 else []),
        f"Messages: {words.deliveries_line(report.deliveries)}",
        f"Self-tests: {words.selftests_line(report.selftests)}",
        f"Cost: {words.number(report.cost_usd)} USD.",
    ]
    soon = [silence for silence in report.silences if report.ends_soon(silence)]
    return lines + [f"Silence: {words.silence_line(silence, soon=True)}" for silence in soon[:5]]
