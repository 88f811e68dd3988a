"""Incidents as JSON documents and back: they are read whole, and grow new fields now and then."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Moved, Reason
from driftwatch.domain.metric import Severity

_MOMENTS = ("opened_at", "updated_at", "ended_at", "told_at", "onset", "onset_early", "onset_late")
_ENUMS = {
    "kind": IncidentKind,
    "state": IncidentState,
    "severity": Severity,
    "told": Severity,
    "reason": Reason,
}


def to_document(incident: Incident) -> dict[str, Any]:
    """Return plain JSON data; times as ISO 8601."""
    return {name: _plain(value) for name, value in asdict(incident).items()}


def from_document(document: dict[str, Any]) -> Incident:
    """Return the incident; a field that a newer version wrote and a downgrade left is ignored."""
    findings = tuple(
        Finding(**_typed(Finding, finding | {"moved": tuple(Moved(**_typed(Moved, m)) for m in finding["moved"])}))
        for finding in document["findings"]
    )
    lists = {name: tuple(document.get(name, ())) for name in ("elsewhere", "accepted_probes")}
    return Incident(**_typed(Incident, document | {"findings": findings, **lists}))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _typed(kind: type[Any], document: dict[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(kind)}
    return {name: _value(name, value) for name, value in document.items() if name in known}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _MOMENTS:
        return datetime.fromisoformat(value)
    return _ENUMS[name](value) if name in _ENUMS else value
