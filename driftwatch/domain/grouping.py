"""What belongs together on its way to people: endpoints of one provider and model family are told of in one message."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Incident, IncidentKind, Reason

OPENINGS = frozenset({Reason.FIRST, Reason.CONFIRMED, Reason.WORSE, Reason.RECURRED, Reason.FLAPPING})
"""What may wait for others; everything later is about an incident that people know."""
ALSO_SHOWN = 50
"""Others that one message names."""
ALSO_MEASURED = 5
"""Others of which it says what moved."""
_FAMILY = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """The group of one endpoint.

    Parameters
    ----------
    name : str
        Provider and model family.
    wait : timedelta
        From an alarm to its message, within which others join it.
    """

    name: str
    wait: timedelta

    def due(self, incident: Incident, reason: Reason) -> datetime | None:
        """Return when an incident's message is due; None for one that waits for nobody."""
        waits = incident.kind is IncidentKind.DRIFT and reason in OPENINGS and self.wait > timedelta(0)
        return incident.opened_at + self.wait if waits else None


def family_of(model: str) -> str:
    """Return the family of a model: the first word of its name, without provider, size, version or date.

    Examples
    --------
    >>> [family_of(m) for m in ("openai/gpt-4o-2024-08-06", "groq/llama-3.1-8b", "anthropic/claude-sonnet-4-5")]
    ['gpt', 'llama', 'claude']
    """
    name = model.rpartition("/")[2].lower()
    found = _FAMILY.search(name)
    return found[0] if found else name


def told_together(rows: Sequence[Delivery]) -> tuple[Delivery, tuple[Delivery, ...]]:
    """Return the message that tells of all these, and those that it tells of beside its own: the loudest leads.

    Examples
    --------
    >>> from datetime import UTC
    >>> from driftwatch.domain.metric import Severity
    >>> now = datetime(2026, 10, 14, tzinfo=UTC)
    >>> quiet, loud = (
    ...     Delivery(key=name, route="oncall", severity=severity, payload={"endpoint": name}, created_at=now)
    ...     for name, severity in (("a", Severity.NOTICE), ("b", Severity.PAGE))
    ... )
    >>> lead, others = told_together([quiet, loud])
    >>> lead.key, lead.payload["also"], [other.key for other in others]
    ('b', [{'endpoint': 'a', 'severity': 'notice'}], ['a'])
    """
    lead, *others = sorted(rows, key=lambda row: (-row.severity.rank, row.created_at, row.key))
    if not others:
        return lead, ()
    # What joined one of them in an earlier pass, before it could be sent, stays told.
    also = [*lead.payload.get("also", ())]
    for row in others:
        also += [_also(row), *row.payload.get("also", ())]
    shown = [_named(told) if place >= ALSO_MEASURED else told for place, told in enumerate(also[:ALSO_SHOWN])]
    unnamed = len(also) - len(shown) + sum(row.payload.get("more_also", 0) for row in (lead, *others))
    more = {"more_also": unnamed} if unnamed else {}
    return replace(lead, payload={**lead.payload, "also": shown, **more}), tuple(others)


def _also(row: Delivery) -> Mapping[str, Any]:
    kept = {name: row.payload[name] for name in ("incident", "endpoint", "reason") if name in row.payload}
    findings = {"findings": row.payload["findings"][:1]} if "findings" in row.payload else {}
    return {**kept, "severity": row.severity.value, **findings}


def _named(told: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in told.items() if name != "findings"}
