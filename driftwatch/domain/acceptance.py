"""What a person accepted of a drift: the probes whose baseline begins anew, while the others keep theirs.

From the next replay on an accepted probe's scores go by another key, as those of an edited probe do: its bags are
collected anew in every stream, and the state of a stream stays a fold of the committed scores and of these events.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from driftwatch.domain.incident import Incident, IncidentKind, IncidentState
from driftwatch.domain.metric import AGAINST_FIRST_ANSWERS
from driftwatch.domain.replay import ReplayScores

Values = Mapping[str, Mapping[str, tuple[float, ...]]]
"""Metric -> probe key -> samples."""

FALSE_DISCOVERIES = 0.1
"""Of the probes said to have moved, this share may be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One drift accepted for some probes.

    Parameters
    ----------
    incident : int
        Its id; part of the probes' new key.
    seq : int
        Of the last replay that was decided when it was accepted.
    epoch : int
        A later epoch begins everything anew, so nothing of it is left there.
    probes : frozenset of str
        Their ids.
    """

    incident: int
    seq: int
    epoch: int
    probes: frozenset[str]


def affected(incident: Incident) -> tuple[str, ...]:
    """Return the ids of the probes to which a drift is confined; empty where it is not, or nobody can tell.

    Every stream that alarmed has to have probes that surely moved, and the rest of its probes has to stand still.
    """
    if not incident.findings or any(finding.rest_moved for finding in incident.findings):
        return ()
    surely = [{m.probe_id for m in f.moved if m.q is not None and m.q <= FALSE_DISCOVERIES} for f in incident.findings]
    return tuple(sorted(set().union(*surely))) if all(surely) else ()


def acceptances(incidents: Iterable[Incident]) -> tuple[Acceptance, ...]:
    """Return the acceptances of single probes among an endpoint's incidents, oldest first."""
    found = [
        Acceptance(incident=one.id, seq=one.seq, epoch=one.epoch, probes=frozenset(one.accepted_probes))
        for one in incidents
        if one.state is IncidentState.ACCEPTED and one.accepted_probes
    ]
    return tuple(sorted(found, key=lambda one: (one.seq, one.incident)))


def watches_anew(incident: Incident) -> bool:
    """Return whether an incident's end arms its streams anew, their reference kept: a new epoch needs no arming."""
    confined = incident.state is IncidentState.ACCEPTED and bool(incident.accepted_probes)
    return incident.kind is IncidentKind.DRIFT and (incident.state is IncidentState.RESOLVED or confined)


def since_accepted(
    probe_id: str, known: Sequence[Acceptance], *, epoch: int, seq: int | None = None
) -> Acceptance | None:
    """Return the last acceptance of a probe in an epoch, as it was known when the replay `seq` was made."""
    fits = (one for one in reversed(known) if one.epoch == epoch and (seq is None or one.seq < seq))
    return next((one for one in fits if probe_id in one.probes), None)


def rekeyed(key: str, known: Sequence[Acceptance], *, epoch: int, seq: int) -> str:
    """Return the key by which a probe's scores of the replay `seq` go.

    Examples
    --------
    >>> event = Acceptance(incident=42, seq=38, epoch=1, probes=frozenset({"dates-07"}))
    >>> [rekeyed("dates-07@3f2a", [event], epoch=1, seq=seq) for seq in (38, 39)]
    ['dates-07@3f2a', 'dates-07@3f2a~42']
    """
    last = since_accepted(key.rpartition("@")[0], known, epoch=epoch, seq=seq)
    return key if last is None else f"{key}~{last.incident}"


def asked_key(key: str) -> str:
    """Return the key of the probe itself, under whatever acceptance its scores go.

    Examples
    --------
    >>> asked_key("dates-07@3f2a~42"), asked_key("dates-07@3f2a")
    ('dates-07@3f2a', 'dates-07@3f2a')
    """
    asked, _, mark = key.rpartition("~")
    return asked if asked and mark.isdecimal() else key


def as_accepted(replay: ReplayScores, known: Sequence[Acceptance]) -> ReplayScores:
    """Return a replay with the keys by which its scores are compared."""
    if not any(one.epoch == replay.epoch and one.seq < replay.seq for one in known):
        return replay
    return replace(replay, values=named_as_accepted(replay.values, known, epoch=replay.epoch, seq=replay.seq))


def named_as_accepted(values: Values, known: Sequence[Acceptance], *, epoch: int, seq: int) -> Values:
    """Return scored values with the keys by which they are compared.

    A replay that ran while its probes were accepted was still compared with their old answers: that is left out. Any
    other first replay after it had nothing to be compared with.
    """
    keys = {key for probes in values.values() for key in probes}
    names = {key: rekeyed(key, known, epoch=epoch, seq=seq) for key in keys}
    fresh = {f"~{one.incident}" for one in known if one.epoch == epoch and one.seq == seq - 1}
    stale = {key for key, name in names.items() if name.removeprefix(key) in fresh}
    return {
        metric: {
            names[key]: samples
            for key, samples in probes.items()
            if not (metric in AGAINST_FIRST_ANSWERS and key in stale)
        }
        for metric, probes in values.items()
    }
