"""The pure decision after each replay: what becomes of the incident, who is told, and the name of the reason.

Rules are tried in order and the first that applies decides. They live in `domain.rules`, a file for each part of an
incident's life; what the full lifecycle adds is a further rule there, not a branch in these.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from driftwatch.domain.alarms import Alarms
from driftwatch.domain.causes import NOTHING_KNOWN, Causes
from driftwatch.domain.decision import Audience, Decision, Tell, listeners
from driftwatch.domain.incident import Finding, Incident, Silence
from driftwatch.domain.rules import confirming, ending, opening, standing
from driftwatch.domain.rules.ending import CALM_REPLAYS
from driftwatch.domain.situation import Situation, loudness, ranked, silence_over
from driftwatch.domain.unmeasured import FAILED_REPLAYS, decide_thin, decide_unmeasured, opens_unmeasured

__all__ = [
    "CALM_REPLAYS",
    "FAILED_REPLAYS",
    "RULES",
    "Audience",
    "Decision",
    "Tell",
    "decide",
    "decide_thin",
    "decide_unmeasured",
    "listeners",
    "loudness",
    "opens_unmeasured",
]

RULES: tuple[Callable[[Situation], Decision | None], ...] = (
    ending.our_side_changed,
    ending.given_up,
    ending.measured_again,
    opening.flapping,
    opening.recurred,
    confirming.pending,
    opening.first,
    confirming.still_there,
    ending.found_no_more,
    standing.worse,
    standing.silence_ended,
    ending.calm_again,
    standing.repeat_due,
    standing.no_news,
    standing.quiet,
)


def decide(
    *,
    endpoint: str,
    epoch: int,
    seq: int,
    incident_id: int,
    findings: Sequence[Finding],
    alarms: Alarms,
    incident: Incident | None,
    silences: Sequence[Silence],
    now: datetime,
    changed: Sequence[str] = (),
    causes: Causes = NOTHING_KNOWN,
    transitions: int = 0,
    confirm: bool = False,
) -> Decision:
    """Decide what a scored replay means for the people on call.

    Parameters
    ----------
    endpoint, epoch, seq : str, int, int
        Which replay.
    incident_id : int
        The number a new incident gets (`Store.next_incident_id`); unused unless one opens.
    findings : sequence of Finding
        Streams whose statistic is at or above its threshold after this replay.
    alarms : Alarms
        How those of all streams stand after this replay, the calm ones included, which are no findings.
    incident : Incident, optional
        The endpoint's open incident.
    silences : sequence of Silence
        Any; those that do not cover the endpoint now are ignored.
    changed : sequence of str
        Parts of our own fingerprint that differ from the epoch's and begin a new baseline.
    causes : Causes
        What could explain the movement.
    transitions : int
        Openings and endings of this endpoint's drifts in the last 24 hours, of those told as loudly as this replay.
    confirm : bool
        Whether an alarm that would page can be asked to wait for a confirmation burst.

    Examples
    --------
    >>> from datetime import UTC
    >>> from driftwatch.domain.metric import Severity
    >>> fall = Finding(
    ...     metric="pass", severity=Severity.PAGE, chart="cusum", statistic=6.1, threshold=4.8, arl=370.0, direction=-1
    ... )
    >>> decision = decide(
    ...     endpoint="support-bot", epoch=1, seq=38, incident_id=42, findings=[fall], alarms=Alarms(stand=True),
    ...     incident=None, silences=(), now=datetime(2026, 10, 14, 9, tzinfo=UTC),
    ... )
    >>> decision.reason.value, decision.incident.name, decision.tell[0].audience.value
    ('FIRST', 'inc-42', 'pages')
    """
    situation = Situation(
        endpoint=endpoint,
        epoch=epoch,
        seq=seq,
        incident_id=incident_id,
        findings=ranked(findings),
        alarms=alarms,
        incident=incident if incident and incident.state.open else None,
        silence=silence_over(endpoint, silences, now),
        changed=changed,
        now=now,
        causes=causes,
        transitions=transitions,
        confirm=confirm,
    )
    return next(decision for rule in RULES if (decision := rule(situation)))
