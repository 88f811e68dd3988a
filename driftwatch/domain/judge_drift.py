"""Judged scores are worth what their judge is: what a replay's facts say of it, and which findings it explains.

The facts stand in the replay's fingerprint, written before the replay was judged, so that every later look at the
history decides as the first one did.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Reason, unowned

PREFIX = "judge/"
"""Begins the name under which a judge is itself an endpoint under watch."""
GENERATION, MOVED, SHIFT, MODEL = "judge:", "judge-moved:", "judge-shift:", "judge-model:"
"""Parts of a fingerprint, each followed by a judge's name."""
OBSERVED = (MOVED, SHIFT, MODEL)
"""Those of them that are observed, and no doing of ours."""
EXPLAINS = 0.5
"""Of a finding's effect: a judge that moved so much the same way on frozen answers explains it."""
ATTRIBUTION = "judge drift"
VERDICT = "verdict"
"""The metric of a judge's verdicts on its anchors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeState:
    """A judge as it was when it graded a replay.

    Parameters
    ----------
    generation : str
        Changes with its configuration, and with the end of each of its own drifts: scores of two are not compared.
    moved : str
        Its own open incident (``inc-7``); empty while it stands still.
    shift : float
        Mean change of its verdicts on the frozen anchors against their baseline, -1 to 1.
    models : sequence of str
        What it answered as.
    """

    generation: str
    moved: str = ""
    shift: float = 0.0
    models: Sequence[str] = ()


def is_judge(endpoint: str) -> bool:
    """Return whether an endpoint's name is a judge's."""
    return endpoint.startswith(PREFIX)


def with_judges(fingerprint: Fingerprint, judges: Mapping[str, JudgeState]) -> Fingerprint:
    """Return the fingerprint with what is known of the judges.

    Examples
    --------
    >>> with_judges(Fingerprint(parts={}), {"default": JudgeState(generation="3f2a#1", shift=-0.25)}).parts
    {'judge:default': '3f2a#1', 'judge-shift:default': '-0.250'}
    """
    parts = dict(fingerprint.parts)
    for name, state in judges.items():
        parts |= dict(_parts(name, state))
    return Fingerprint(parts=parts)


def generation(fingerprint: Fingerprint, judge: str) -> str:
    """Return the judge's generation; empty where the replay knows none."""
    return fingerprint.parts.get(f"{GENERATION}{judge}", "")


def moved(fingerprint: Fingerprint, judge: str) -> str:
    """Return the judge's own incident that was open at this replay; empty for none."""
    return fingerprint.parts.get(f"{MOVED}{judge}", "")


def without_judge(
    findings: Sequence[Finding], judges: Mapping[str, str], fingerprint: Fingerprint
) -> tuple[Finding, ...]:
    """Return the findings that no judge explains.

    Held back is what a judge with a drift of its own has graded, and what goes the way in which the frozen answers
    went, unless it went more than twice as far: a judge is not blamed on its endpoints.

    Parameters
    ----------
    judges : mapping of str to str
        Metric -> the judge whose verdicts it holds.

    Examples
    --------
    >>> from driftwatch.domain.metric import Severity
    >>> fall = Finding(
    ...     metric="llm-rubric", severity=Severity.PAGE, chart="mixture", statistic=9.0, threshold=8.0, arl=8760.0,
    ...     direction=-1, before=0.9, after=0.6,
    ... )
    >>> graded_by = {"llm-rubric": "default"}
    >>> stricter = Fingerprint(parts={"judge-shift:default": "-0.250"})
    >>> without_judge([fall], graded_by, stricter), len(without_judge([fall], graded_by, Fingerprint(parts={})))
    ((), 1)
    """
    return tuple(f for f in findings if f.metric not in judges or not _explained(f, judges[f.metric], fingerprint))


def ended_by_judge(
    incident: Incident | None,
    findings: Sequence[Finding],
    judges: Mapping[str, str],
    fingerprint: Fingerprint,
    *,
    seq: int,
    now: datetime,
) -> Incident | None:
    """Return an open drift as ended, if all that it ever found was graded by a judge that has moved; else None."""
    if incident is None or not incident.state.open or incident.kind is not IncidentKind.DRIFT or findings:
        return None
    names = {judges.get(finding.metric, "") for finding in incident.findings}
    theirs = {name: moved(fingerprint, name) for name in names}
    if not names or not all(theirs.values()):
        return None
    said = ", ".join(f"{name} ({incident_name})" for name, incident_name in sorted(theirs.items()))
    return replace(
        unowned(incident),
        state=IncidentState.RESOLVED,
        reason=Reason.JUDGE_DRIFT,
        seq=seq,
        updated_at=now,
        ended_at=now,
        detail=f"not the endpoint: its judge drifted: {said}",
        attribution=ATTRIBUTION,
    )


def _parts(name: str, state: JudgeState) -> Iterator[tuple[str, str]]:
    yield f"{GENERATION}{name}", state.generation
    if state.moved:
        yield f"{MOVED}{name}", state.moved
    if shift := round(state.shift, 3):
        yield f"{SHIFT}{name}", f"{shift:+.3f}"
    if state.models:
        yield f"{MODEL}{name}", ", ".join(sorted(state.models))


def _explained(finding: Finding, judge: str, fingerprint: Fingerprint) -> bool:
    if moved(fingerprint, judge):
        return True
    shift = float(fingerprint.parts.get(f"{SHIFT}{judge}", 0.0))
    if finding.before is None or finding.after is None:
        return False
    effect = finding.after - finding.before
    return shift * effect > 0 and abs(shift) >= EXPLAINS * abs(effect)
