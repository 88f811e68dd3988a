"""The report and its parts as plain JSON data with stable keys: docs/reference/report.md."""

from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from driftwatch.domain.acceptance import affected
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Finding, Incident, Silence, StateSeen
from driftwatch.domain.metric import Severity
from driftwatch.services.standing import EndpointState

if TYPE_CHECKING:  # the engine is not imported to show an incident
    from driftwatch.services.bands import Band, Normal
    from driftwatch.services.board import EndpointView, Overview, ProbeView
    from driftwatch.services.coverage import Coverage
    from driftwatch.services.report import Deliveries, Report, Verdict
    from driftwatch.services.report_endpoint import EndpointReport, StreamReport
    from driftwatch.services.report_incident import IncidentReport
    from driftwatch.services.standing import Standing
    from driftwatch.services.states import Shown
    from driftwatch.services.status import EndpointStatus, Status

VERSION = 1
Data = dict[str, Any]


def report_data(report: "Report") -> Data:
    """Return the whole report."""
    return {
        "version": VERSION,
        "since": when(report.since),
        "until": when(report.until),
        "at": when(report.at),
        "verdict": _verdict(report.verdict),
        "endpoints": [_endpoint(endpoint) for endpoint in report.endpoints],
        "coverage": coverage_data(report.coverage),
        "deliveries": _deliveries(report.deliveries),
        "cost_usd": report.cost_usd,
        "by_chance": {
            f"{severity.value}s": sum(endpoint.by_chance.get(severity, 0.0) for endpoint in report.endpoints)
            for severity in (Severity.PAGE, Severity.NOTICE)
        },
        "selftests": [{"at": run.at.isoformat(), "passed": run.passed, "words": run.words} for run in report.selftests],
        "silences": [silence_data(s) | {"ends_soon": report.ends_soon(s)} for s in report.silences],
        "removed": [incident_data(incident) for incident in report.removed],
    }


def incident_data(incident: Incident) -> Data:
    """Return an incident without its evidence."""
    return {
        "id": incident.id,
        "name": incident.name,
        "endpoint": incident.endpoint,
        "kind": incident.kind.value,
        "state": incident.state.value,
        "severity": incident.severity.value,
        "told": incident.told.value,
        "reason": incident.reason.value,
        "epoch": incident.epoch,
        "opened_at": when(incident.opened_at),
        "updated_at": when(incident.updated_at),
        "ended_at": when(incident.ended_at),
        "attribution": incident.attribution,
        "detail": incident.detail,
        "parent": incident.parent,
        "elsewhere": list(incident.elsewhere),
        "recurrence_of": incident.recurrence_of,
        "visits": incident.visits,
        "flapping": incident.flapping,
        "suppressed_by": incident.suppressed_by,
        "affected_probes": list(affected(incident)),
        "accepted_probes": list(incident.accepted_probes),
        "by": incident.by,
        "comment": incident.comment,
        "findings": [_finding(finding) for finding in incident.findings],
    }


def states_data(shown: "Shown | None") -> Data:
    """Return which states an incident's replays show."""
    return {
        "since_onset": state_data(shown.since if shown else None),
        "latest": state_data(shown.latest if shown else None),
    }


def state_data(seen: StateSeen | None) -> Data | None:
    """Return a state that was recognised, or that is new."""
    if seen is None:
        return None
    return {
        "verdict": seen.verdict,
        "state": seen.name,
        "first_seen": seen.first_seen,
        "replays": seen.replays,
        "log_ratio": finite(seen.log_ratio),
    }


def evidence_data(report: "IncidentReport") -> Data:
    """Return an incident with its evidence."""
    return incident_data(report.incident) | {
        **states_data(report.states),
        "model": report.model,
        "slot": report.slot.key if report.slot else None,
        "fingerprint": dict(report.fingerprint.parts) if report.fingerprint else None,
        "answers": {probe: {"before": old, "now": new} for probe, (old, new) in report.answers.items()},
        "deliveries": [_delivery(delivery) for delivery in report.deliveries],
        "timeline": [
            {
                "at": when(step.updated_at),
                "state": step.state.value,
                "severity": step.severity.value,
                "reason": step.reason.value,
                "by": step.by,
            }
            for step in report.timeline
        ],
    }


def standing_data(standing: "Standing") -> Data:
    """Return where a stream stands."""
    return {
        "metric": standing.metric.name,
        "unit": standing.metric.unit,
        "severity": standing.metric.severity.value,
        "state": standing.state.value,
        "baseline_seen": standing.baseline_seen,
        "baseline_replays": standing.baseline_replays,
        "chart": standing.chart,
        "statistic": finite(standing.statistic),
        "threshold": finite(standing.threshold),
        "calm": standing.calm,
        "distrust": standing.distrust,
        "before": finite(standing.before),
        "after": finite(standing.after),
        "onset": when(standing.onset),
    }


def coverage_data(coverage: "Coverage") -> Data:
    """Return the slots of a period."""
    return {
        "due": coverage.due,
        "done": coverage.done,
        "failed": coverage.failed,
        "skipped": coverage.skipped,
        "not_begun": coverage.not_begun,
        "share": coverage.share,
        "reasons": dict(coverage.reasons),
    }


def silence_data(silence: Silence) -> Data:
    """Return a silence."""
    return {
        "id": silence.id,
        "endpoint": silence.endpoint,
        "starts_at": when(silence.starts_at),
        "ends_at": when(silence.ends_at),
        "by": silence.by,
        "comment": silence.comment,
        "maintenance": silence.maintenance,
        "timezone": silence.timezone,
        "ended_by": silence.ended_by,
    }


def overview_data(overview: "Overview") -> Data:
    """Return the fleet now."""
    return status_data(overview.status, overview.limit_usd_per_day) | {"verdict": _verdict(overview.verdict)}


def status_data(now: "Status", limit_usd_per_day: float | None) -> Data:
    """Return where everything stands."""
    return {
        "version": VERSION,
        "at": when(now.at),
        "spent_usd_today": now.spent_usd,
        "limit_usd_per_day": limit_usd_per_day,
        "endpoints": [endpoint_status_data(endpoint) for endpoint in now.endpoints],
        "silences": [silence_data(silence) for silence in now.silences],
    }


def endpoint_status_data(endpoint: "EndpointStatus") -> Data:
    """Return where one endpoint stands."""
    slot, (seen, of) = endpoint.last_slot, endpoint.baseline
    return {
        "name": endpoint.name,
        "model": endpoint.model,
        "state": endpoint.state.value,
        "epoch": endpoint.epoch,
        "baseline": {"seen": seen, "replays": of},
        "last_replay": when(endpoint.last_replay),
        "last_slot": {"due": slot.slot.key, "state": slot.state.value, "reason": slot.reason} if slot else None,
        "coverage": coverage_data(endpoint.coverage),
        "spent_usd_today": endpoint.spent_usd,
        "verdicts": {"asked": endpoint.verdicts, "unscored": dict(endpoint.ungraded)},
        "incident": incident_data(endpoint.incident) if endpoint.incident else None,
        "streams": [standing_data(stream) for stream in endpoint.streams],
    }


def endpoint_view_data(view: "EndpointView") -> Data:
    """Return one endpoint with the course of its streams."""
    course = view.course
    return endpoint_status_data(view.now) | {
        "since": when(course.since),
        "until": when(course.until),
        "step": course.step,
        "dues": [when(point.due) for point in course.points],
        "courses": {
            metric: {
                "normal": _normal(course.normal.get(metric)),
                "values": [finite(point.means.get(metric)) for point in course.points],
                "levels": [finite(point.levels.get(metric)) for point in course.points],
            }
            for metric in course.metrics
        },
        "incidents": [incident_data(incident) for incident in course.incidents],
        "probes": [probe.id for probe in view.probes],
    }


def probe_view_data(view: "ProbeView") -> Data:
    """Return one probe with its answers, newest first."""
    same = ("seq", "epoch", "sample", "error", "finish_reason", "model")
    return {
        "endpoint": view.endpoint,
        "id": view.id,
        "key": view.probe.key if view.probe else None,
        "reference": [{"text": text, "times": times} for text, times in view.reference.items()],
        "answers": [
            {name: getattr(answer, name) for name in same}
            | {"due": when(answer.due), "probe": answer.probe_key, "outcome": answer.outcome.value}
            | {"text": answer.words, "latency_ms": finite(answer.latency_ms)}
            | {"scores": {metric: finite(score) for metric, score in answer.scores.items()}}
            for answer in view.answers
        ],
        "next": view.more,
    }


def when(moment: datetime | None) -> str | None:
    """Return a moment in ISO 8601, or None."""
    return moment.isoformat() if moment else None


def finite(value: float | None) -> float | None:
    """Return the number, or None for what JSON cannot hold."""
    return value if value is not None and isfinite(value) else None


def _verdict(verdict: "Verdict") -> Data:
    counts = {state.value.replace(" ", "_"): verdict.states.get(state, 0) for state in EndpointState}
    return {
        "words": verdict.words,
        "endpoints": sum(verdict.states.values()),
        **counts,
        "drifted_without_harm": verdict.harmless,
    }


def _endpoint(endpoint: "EndpointReport") -> Data:
    seen, of = endpoint.baseline
    return {
        "name": endpoint.name,
        "model": endpoint.model,
        "state": endpoint.state.value,
        "epoch": endpoint.epoch,
        "baseline": {"seen": seen, "replays": of},
        "replays": endpoint.replays,
        "compared": endpoint.watched,
        "asked": endpoint.asked,
        "answered": endpoint.answered,
        "cost_usd": endpoint.cost_usd,
        "power": endpoint.power,
        "coverage": coverage_data(endpoint.coverage),
        "streams": _streams(endpoint.streams),
        "shown": _streams(endpoint.shown),
        "incidents": [evidence_data(incident) for incident in endpoint.incidents],
    }


def _streams(streams: "Sequence[StreamReport]") -> list[Data]:
    return [
        standing_data(stream.standing)
        | {
            "normal": {"mean": stream.normal.mean, "low": stream.normal.low, "high": stream.normal.high}
            if stream.normal
            else None,
            "mean": finite(stream.mean),
            "peak": finite(stream.peak),
            "bands": [_band(band) for band in stream.bands],
        }
        for stream in streams
    ]


def _band(band: "Band") -> Data:
    ours = {"at": when(band.at), "mean": band.mean, "low": band.low, "high": band.high}
    return ours | {"replays": band.replays, "peak": finite(band.peak)}


def _finding(finding: Finding) -> Data:
    numbers = ("statistic", "threshold", "arl", "before", "after", "effect_low", "effect_high")
    shares = ("second_state", "second_state_low", "second_state_high")
    moments = ("onset", "onset_early", "onset_late")
    return {
        "metric": finding.metric,
        "severity": finding.severity.value,
        "chart": finding.chart,
        "direction": finding.direction,
        **{name: finite(getattr(finding, name)) for name in (*numbers, *shares)},
        **{name: when(getattr(finding, name)) for name in moments},
        "moved": [
            {"probe": m.probe_id, "before": finite(m.before), "after": finite(m.after), "q": finite(m.q)}
            for m in finding.moved
        ],
    }


def _deliveries(deliveries: "Deliveries") -> Data:
    return {
        "sent": deliveries.sent,
        "waiting": deliveries.waiting,
        "dead": [_delivery(delivery) for delivery in deliveries.dead],
        "late_p50_s": deliveries.late_p50_s,
        "late_max_s": deliveries.late_max_s,
    }


def _delivery(delivery: Delivery) -> Data:
    return {
        "key": delivery.key,
        "route": delivery.route,
        "severity": delivery.severity.value,
        "reason": delivery.payload.get("reason"),
        "state": delivery.state.value,
        "created_at": when(delivery.created_at),
        "sent_at": when(delivery.sent_at),
        "attempts": delivery.attempts,
        "possible_repeat": delivery.possible_repeat,
        "error": delivery.error,
    }


def _normal(normal: "Normal | None") -> Data | None:
    return {"mean": normal.mean, "low": normal.low, "high": normal.high} if normal else None
