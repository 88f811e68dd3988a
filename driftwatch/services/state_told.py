"""The state of an endpoint in the message that is due: computed when something is told, never on a quiet replay."""

from dataclasses import replace

from driftwatch.domain.decide import Decision
from driftwatch.domain.incident import IncidentKind, Reason, StateSeen
from driftwatch.domain.replay import ReplayScores
from driftwatch.services.episodes import states_shown
from driftwatch.services.ports import Store

_BACK = "back to baseline"


def with_state(store: Store, replay: ReplayScores, decision: Decision) -> tuple[Decision, StateSeen | None]:
    """Return the decision and the state that its message tells; an end by calm says where it ended.

    Only for drifts that are told of, or end by calm; reads at most `services.states.EPISODES` incidents' replays.
    """
    incident, calm = decision.incident, decision.reason is Reason.RESOLVED
    if incident is None or incident.kind is not IncidentKind.DRIFT or not (decision.tell or calm):
        return decision, None
    found = states_shown(store, replay.slot.endpoint, upto=replay.seq, current=incident).get(incident.id)
    seen = (found.latest if calm else found.since) if found else None
    if calm and seen and seen.verdict in ("known", "new"):
        incident = replace(incident, detail=incident.detail.replace(_BACK, state_words(seen), 1))
        decision = replace(decision, incident=incident)
    return decision, seen


def state_words(seen: StateSeen) -> str:
    """Return the state in few words.

    Examples
    --------
    >>> state_words(StateSeen(verdict="known", name="B", first_seen="2026-07-20T06:00:00Z"))
    'state B again'
    """
    told = {"baseline": _BACK, "known": f"state {seen.name} again", "new": "a new state"}
    return told.get(seen.verdict, "not decided")
