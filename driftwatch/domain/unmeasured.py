"""The decision after a slot without data: two in a row are an incident, a refused key is one at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from driftwatch.domain.decision import OPS_NOTICE, Decision
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident, IncidentKind, IncidentState, Reason, Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.situation import UNMEASURED, due_again, kept_back, silence_over

FAILED_REPLAYS = 2
"""Replays in a row that brought no data before people are told."""
_HOPELESS = frozenset({Outcome.AUTH, Outcome.NOT_FOUND})
_SAID = {Outcome.AUTH: "key refused"}
_TO_BE_PUT_RIGHT = _HOPELESS | {Outcome.BAD_REQUEST}


def decide_unmeasured(
    *,
    endpoint: str,
    epoch: int,
    seq: int,
    incident_id: int,
    failed: int,
    outcome: Outcome,
    incident: Incident | None,
    silences: Sequence[Silence],
    now: datetime,
    since: datetime | None = None,
    why: str = "",
    alike: bool = True,
    counted: bool = True,
) -> Decision:
    """Decide what a slot without data means: two in a row are an incident, a refused key is one at once.

    Parameters
    ----------
    failed : int
        Slots in a row, this one included, that ended as failed.
    outcome : Outcome
        Why this one did; ``budget`` is told once a day and opens no incident.
    since : datetime, optional
        When the first of them was due.
    why : str
        What the vendor said of this one.
    alike : bool
        Whether all of them failed as this one did.
    counted : bool
        Whether `failed` are all since then, not only as far back as slots are counted.

    Examples
    --------
    >>> from datetime import UTC
    >>> decide_unmeasured(
    ...     endpoint="support-bot", epoch=1, seq=38, incident_id=42, failed=1, outcome=Outcome.TIMEOUT, incident=None,
    ...     silences=(), now=datetime(2026, 10, 14, 9, tzinfo=UTC),
    ... ).reason.value
    'NONE'
    """
    if outcome is Outcome.BUDGET:
        return Decision(reason=Reason.BUDGET_EXHAUSTED, tell=(OPS_NOTICE,))
    if not opens_unmeasured(failed, outcome):
        return Decision(reason=Reason.NONE)
    return decide_blind(
        endpoint=endpoint,
        epoch=epoch,
        seq=seq,
        incident_id=incident_id,
        detail=_failing(outcome, _row(failed if counted else None, since), why, alike=alike),
        kind=IncidentKind.ERROR if outcome in _TO_BE_PUT_RIGHT else IncidentKind.NO_DATA,
        incident=incident,
        silences=silences,
        now=now,
    )


def opens_unmeasured(failed: int, outcome: Outcome) -> bool:
    """Whether so many failed slots in a row, the last one for this reason, are an incident.

    Examples
    --------
    >>> opens_unmeasured(1, Outcome.TIMEOUT), opens_unmeasured(2, Outcome.TIMEOUT), opens_unmeasured(1, Outcome.AUTH)
    (False, True, True)
    """
    return outcome is not Outcome.BUDGET and (failed >= FAILED_REPLAYS or outcome in _HOPELESS)


def _failing(outcome: Outcome, row: str, why: str, *, alike: bool) -> str:
    """Say what fails, how often, since when, and what the vendor says: whoever is woken knows whom to ask.

    Examples
    --------
    >>> _failing(Outcome.RATE_LIMITED, ", 3 in a row", "HTTP 429: slow down", alike=True)
    'cannot be measured: rate limited, 3 in a row: HTTP 429: slow down'
    >>> _failing(Outcome.AUTH, ", 4 in a row", "HTTP 401", alike=False)
    'cannot be measured, 4 in a row; the last: key refused: HTTP 401'
    """
    name, words = _SAID.get(outcome, outcome.value.replace("_", " ")), f"{': ' if why else ''}{why}"
    if alike:
        return f"{UNMEASURED}: {name}{row}{words}"
    return f"{UNMEASURED}{row}; the last: {name}{words}"


def _row(failed: int | None, since: datetime | None) -> str:
    """Say how many slots in a row, None where nobody has counted, and since when.

    Examples
    --------
    >>> from datetime import UTC
    >>> _row(3, datetime(2026, 10, 14, 6, tzinfo=UTC)), _row(1, None)
    (', 3 in a row since Wed 14 Oct 06:00 UTC', '')
    """
    many = f", {failed} in a row" if failed and failed > 1 else ""
    at = since and since.astimezone(UTC)
    return f"{many} since {at:%a} {at.day} {at:%b %H:%M} UTC" if at else many


def decide_blind(
    *,
    endpoint: str,
    epoch: int,
    seq: int,
    incident_id: int,
    detail: str,
    incident: Incident | None,
    silences: Sequence[Silence],
    now: datetime,
    kind: IncidentKind = IncidentKind.NO_DATA,
) -> Decision:
    """Decide what it means that an endpoint has not been measured for long enough, `detail` saying why.

    What was thought to pass and turns out to be an error is told again, once: it stays one until the endpoint answers.
    """
    silence = silence_over(endpoint, silences, now)
    if incident and incident.state.open and incident.kind is IncidentKind.DRIFT:
        return _drift_unmeasured(incident, detail, silenced=silence is not None, now=now)
    if incident is None or not incident.state.open:
        incident = _opened(endpoint, epoch=epoch, seq=seq, number=incident_id, now=now)
        return _blind(_of_kind(replace(incident, detail=detail), kind), silence=silence, now=now)
    worse = kind is IncidentKind.ERROR and incident.kind is not kind
    known = replace(incident, updated_at=now, detail=detail)
    # Whoever has been told of missing data has not been told of this.
    known = replace(_of_kind(known, kind), told=Severity.NONE) if worse else known
    return _blind(known, silence=silence, now=now)


def decide_thin(
    *,
    endpoint: str,
    epoch: int,
    seq: int,
    incident_id: int,
    answered: int,
    asked: int,
    thin: int,
    incident: Incident | None,
    silences: Sequence[Silence],
    now: datetime,
) -> Decision:
    """Decide what a replay means in which too few probes answered: what is missing is not missing at random.

    It is no evidence of drift, ends no incident, and like failed slots two in a row are told to operations.

    Parameters
    ----------
    answered, asked : int
        Of its probes.
    thin : int
        Such replays in a row, this one included.
    """
    if thin < FAILED_REPLAYS:
        return Decision(reason=Reason.NONE)
    return decide_blind(
        endpoint=endpoint,
        epoch=epoch,
        seq=seq,
        incident_id=incident_id,
        detail=f"{UNMEASURED}: {answered} of {asked} probes answered, {thin} in a row",
        incident=incident,
        silences=silences,
        now=now,
    )


def _opened(endpoint: str, *, epoch: int, seq: int, number: int, now: datetime) -> Incident:
    return Incident(
        id=number,
        endpoint=endpoint,
        kind=IncidentKind.NO_DATA,
        epoch=epoch,
        number=number,
        state=IncidentState.FIRING,
        severity=Severity.NOTICE,
        reason=Reason.NO_DATA,
        opened_at=now,
        updated_at=now,
        seq=seq,
        attribution="no data",
    )


def _of_kind(incident: Incident, kind: IncidentKind) -> Incident:
    return replace(incident, kind=kind, attribution="error" if kind is IncidentKind.ERROR else "no data")


def _blind(incident: Incident, *, silence: Silence | None, now: datetime) -> Decision:
    """Tell operations that nothing is measured: at the beginning, when a silence ends, and when it is due again."""
    if incident.told is not Severity.NONE and (silence or not due_again(incident, now)):
        return Decision(reason=Reason.NONE, incident=incident)
    if silence is not None:
        return kept_back(incident, silence)
    waited = incident.reason in (Reason.SILENCED, Reason.MAINTENANCE)
    reason = Reason.SILENCE_ENDED if waited else Reason.NO_DATA
    reason = reason if incident.told is Severity.NONE else Reason.REPEAT_DUE
    told = replace(incident, reason=reason, told=Severity.NOTICE, told_at=now)
    return Decision(reason=reason, incident=told, tell=(OPS_NOTICE,))


def _drift_unmeasured(incident: Incident, detail: str, *, silenced: bool, now: datetime) -> Decision:
    """An endpoint that drifted and now falls silent stays one incident; operations hear of the silence once."""
    news = not incident.detail.startswith(UNMEASURED)
    noted = replace(incident, updated_at=now, detail=detail)
    if news and not silenced:
        return Decision(reason=Reason.NO_DATA, incident=noted, tell=(OPS_NOTICE,))
    return Decision(reason=Reason.SILENCED if news else Reason.NONE, incident=noted)
