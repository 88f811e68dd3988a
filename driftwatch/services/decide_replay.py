"""From what a replay shows to the decision what it means: the same steps for the daemon and for a backtest."""

from functools import partial

from driftwatch.domain.causes import Causes
from driftwatch.domain.decide import FAILED_REPLAYS, Decision, decide, decide_thin
from driftwatch.domain.incident import Incident
from driftwatch.domain.replay import ReplayScores
from driftwatch.domain.situation import unexplained_harm
from driftwatch.services import monitor
from driftwatch.services.causes import loudest_heard, own_causes
from driftwatch.services.evidence import Evidence
from driftwatch.services.explained import explained
from driftwatch.services.judge_decided import ended_with_judge, of_judge
from driftwatch.services.past import Past


def decide_replay(evidence: Evidence, past: Past) -> Decision:
    """Decide what a replay means: too few answers to be evidence, a judge's drift that is over, or what the rules say.

    Parameters
    ----------
    evidence : Evidence
        What it shows.
    past : Past
        What was known before it.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from driftwatch.domain.fingerprint import Fingerprint
    >>> from driftwatch.domain.replay import Slot
    >>> from driftwatch.services.backtest_past import BacktestPast
    >>> from driftwatch.services.evidence import evidence_of
    >>> replay = ReplayScores(
    ...     slot=Slot(endpoint="support-bot", due=datetime(2026, 10, 14, 9, tzinfo=UTC)), seq=38, epoch=1, asked=40,
    ...     answered=40, fingerprint=Fingerprint(parts={}), values={},
    ... )
    >>> past = BacktestPast(bursts={})
    >>> past.take(replay)
    >>> said = "the endpoint now answers as gpt-b; before as gpt-a"
    >>> shown = evidence_of(replay, plans={}, states={}, readings={}, found=(), announced=said, changed=())
    >>> decision = decide_replay(shown, past)
    >>> decision.reason.value, decision.incident.name, decision.tell[0].severity.value
    ('FIRST', 'inc-1', 'notice')
    """
    return of_judge(evidence.replay.slot.endpoint, _decided(evidence, past))


def _decided(evidence: Evidence, past: Past) -> Decision:
    replay = evidence.replay
    if not monitor.covered(replay) and not evidence.changed:
        return _too_few_answers(replay, past)
    over = ended_with_judge(evidence.judged, past.incident, evidence.findings, replay, past.now)
    return over or _by_the_rules(evidence, past)


def _too_few_answers(replay: ReplayScores, past: Past) -> Decision:
    thin = monitor.thin(past.log())
    opens = thin >= FAILED_REPLAYS and past.incident is None
    return decide_thin(
        endpoint=replay.slot.endpoint,
        epoch=replay.epoch,
        seq=replay.seq,
        incident_id=past.next_incident_id() if opens else 0,
        answered=replay.answered,
        asked=replay.asked,
        thin=thin,
        incident=past.incident,
        silences=past.silences,
        now=past.now,
    )


def _by_the_rules(evidence: Evidence, past: Past) -> Decision:
    replay, findings = evidence.replay, evidence.findings
    opens = past.incident is None and bool(findings or evidence.announced)
    decided = partial(
        decide,
        endpoint=replay.slot.endpoint,
        epoch=replay.epoch,
        seq=replay.seq,
        incident_id=past.next_incident_id() if opens else 0,
        findings=findings,
        alarms=evidence.alarms,
        incident=past.incident,
        silences=past.silences,
        now=past.now,
        changed=evidence.changed,
        transitions=past.transitions(loudest_heard(findings)),
        confirm=past.can_confirm(findings),
    )
    return explained(decided, announced=evidence.announced, gather=partial(_causes, evidence, past))


def _causes(evidence: Evidence, past: Past, drift: Incident) -> Causes:
    """Return everything that is known of what could explain an open drift."""
    own = own_causes(
        unexplained_harm(past.incident, drift.findings) or drift.findings,
        announced=evidence.announced,
        log=past.log(),
        states=evidence.states,
    )
    return past.completed(own, drift)
