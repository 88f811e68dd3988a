"""The facts that could explain a movement, gathered from what was committed; `domain.causes` weighs them.

What an endpoint's own history tells is computed alike by the daemon and by a backtest; only the daemon has neighbours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from driftwatch.domain.causes import SERVING, Causes, Elsewhere, Recurrence, began_together
from driftwatch.domain.confirmation import FRESH_REPLAYS
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Reason
from driftwatch.domain.metric import PASS, Severity
from driftwatch.domain.replay import ReplayScores
from driftwatch.domain.situation import ranked
from driftwatch.services.our_side import EXPLAINING
from driftwatch.services.states import Shown
from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.effect import stratified_effect
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.stream_state import StreamState

LOOK_BACK = 64
"""Replays before an alarm in which its cause is looked for."""
A_DAY = timedelta(hours=24)
REMEMBERED = timedelta(days=28)
"""A state that comes back within this time of its last end is a recurrence of the same incident."""
HARM = 0.05
"""A fall of the pass rate that must be excluded before quality is called unchanged."""
_ROTATION = 4
"""A vendor with more than one new system fingerprint in this many replays announces nothing by another one."""


def own_causes(
    findings: Sequence[Finding],
    *,
    announced: str,
    log: Sequence[ReplayScores],
    states: Mapping[str, AnyState],
) -> Causes:
    """Return what an endpoint's own history tells of a movement.

    Parameters
    ----------
    findings : sequence of Finding
        Worst first; the first one dates the movement.
    announced : str
        What the echoed model ids tell.
    log : sequence of ReplayScores
        The last `LOOK_BACK` replays of the epoch, oldest first, the latest included; scores are not read.
    states : mapping
        Of every stream of the endpoint.
    """
    around = _around_onset(findings, log)
    moved = {f.metric for f in findings}
    return Causes(
        announced=announced or _new_system_fingerprint(log, around),
        local=tuple(sorted({part for i in around for part in _changed(log, i)})),
        unharmed=_unharmed(findings, log, states) if moved and moved <= SERVING else "",
    )


def fresh(findings: Sequence[Finding], log: Sequence[ReplayScores]) -> bool:
    """Return whether a movement that may page began so lately that a rerun can still tell it from a blip."""
    window = _onset([f for f in findings if f.severity is Severity.PAGE])
    return window is not None and 0 < sum(r.slot.due >= window[0] for r in log) <= FRESH_REPLAYS


def elsewhere(
    incidents: Sequence[Incident], vendors: Mapping[str, str], *, endpoint: str, findings: Sequence[Finding]
) -> tuple[Elsewhere, ...]:
    """Return the drifts of other watched endpoints that began together with this one, oldest first."""
    window = _onset(findings)
    if window is None:
        return ()
    return tuple(
        Elsewhere(
            incident=other.id,
            endpoint=other.endpoint,
            vendor=vendors[other.endpoint],
            paged=_pages(other),
            key=other.key,
        )
        for other in sorted(incidents, key=lambda one: one.id)
        if other.kind is IncidentKind.DRIFT and other.endpoint != endpoint and other.endpoint in vendors
        if (theirs := _onset(other.findings)) is not None and began_together(window, theirs)
    )


def with_neighbours(causes: Causes, found: Sequence[Elsewhere], vendors: Mapping[str, str], endpoint: str) -> Causes:
    """Return the causes with what moved elsewhere."""
    vendor = vendors.get(endpoint, "")
    others = sum(other != vendor for other in vendors.values())
    return replace(causes, vendor=vendor, elsewhere=found, others=others)


def recurrence(current: Incident, shown: Shown, past: Sequence[tuple[Incident, Shown]]) -> Recurrence | None:
    """Return the earlier incident in which the same state was met, if it was told of as loudly and ended lately.

    Parameters
    ----------
    past : sequence of pairs
        Earlier drifts of the endpoint with the states that they show, oldest first.
    """
    seen = shown.since
    if seen is None or seen.verdict != "known" or seen.name is None:
        return None
    same = [incident for incident, then in past if then.since is not None and then.since.name == seen.name]
    lately = [one for one in same if _comparable(one, current)]
    return Recurrence(state=seen.name, of=lately[-1].id, visits=len(same) + 1) if lately else None


def moved_on(now: Shown | None, before: Shown | None) -> bool:
    """Return whether a recurrence shows another state by now than the earlier incident did, as far as any can be told.

    Parameters
    ----------
    now, before : Shown, optional
        What the two show; None where that is too long ago.
    """
    name = before.since.name if before and before.since else None
    if name is None or now is None or now.latest is None or now.latest.verdict == "baseline":
        return False
    # A few replays may not decide it; then all since the onset do.
    told = now.since if now.latest.verdict == "undecided" else now.latest
    return told is None or told.name != name


def transitions(incidents: Sequence[Incident], now: datetime, *, severity: Severity) -> int:
    """Return how often drifts came or went by themselves in the last 24 hours, told at least as loudly as this.

    What was only noticed does not make a page flap, and what our own side ended did not go by itself.
    """
    drifts = [one for one in incidents if one.kind is IncidentKind.DRIFT and one.told.rank >= severity.rank]
    moments = [one.opened_at for one in drifts]
    gone = [one for one in drifts if one.reason is Reason.RESOLVED and one.by is None]
    moments += [one.ended_at for one in gone if one.ended_at is not None]
    return sum(now - A_DAY < moment <= now for moment in moments)


def loudest_heard(findings: Sequence[Finding]) -> Severity:
    """Return how loud these may be at most: a movement that nobody finds is an announcement, and so a notice."""
    return max((f.severity for f in ranked(findings)), key=lambda s: s.rank, default=Severity.NOTICE)


def _pages(incident: Incident) -> bool:
    """Whether it woke somebody itself and still stands: `told` says whom it concerned, also where it did so quietly."""
    # A recurrence is repeated quietly too.
    again = incident.recurrence_of is not None or incident.reason is Reason.RECURRED
    quietly = incident.parent is not None or again or incident.reason is Reason.FLAPPING
    return incident.told is Severity.PAGE and incident.state.open and not quietly


def _comparable(earlier: Incident, current: Incident) -> bool:
    ended = earlier.ended_at
    lately = ended is not None and current.opened_at - ended <= REMEMBERED
    known = earlier.told is not Severity.NONE and earlier.state is IncidentState.RESOLVED
    # A silence may have kept back that it grew louder.
    return lately and known and min(earlier.told.rank, earlier.severity.rank) >= current.severity.rank


def _onset(findings: Sequence[Finding]) -> tuple[datetime, datetime] | None:
    first = next((f for f in findings if f.onset is not None), None)
    if first is None or first.onset is None:
        return None
    return first.onset_early or first.onset, first.onset_late or first.onset


def _around_onset(findings: Sequence[Finding], log: Sequence[ReplayScores]) -> range:
    """Return the places in the log where the movement may have begun: its interval, and a replay on either side."""
    window = _onset(findings)
    within = [i for i, replay in enumerate(log) if window and window[0] <= replay.slot.due <= window[1]]
    return range(max(within[0] - 1, 1), min(within[-1] + 2, len(log))) if within else range(0)


def _changed(log: Sequence[ReplayScores], place: int) -> Iterator[str]:
    before, after = log[place - 1].fingerprint.parts, log[place].fingerprint.parts
    yield from (part for part in EXPLAINING & before.keys() & after.keys() if before[part] != after[part])


def _new_system_fingerprint(log: Sequence[ReplayScores], around: range) -> str:
    """Say that a system fingerprint came with the movement; rotation alone is no announcement."""
    if not around:
        return ""
    known = frozenset[str]().union(*(replay.system_fingerprints for replay in log[: around.start]))
    news = frozenset[str]().union(*(log[i].system_fingerprints for i in around)) - known
    changes = sum(bool(b.system_fingerprints - a.system_fingerprints) for a, b in pairwise(log[: around.start]))
    if not known or not news or changes * _ROTATION > around.start:
        return ""
    return f"system_fingerprint is now {', '.join(sorted(news))}; before {', '.join(sorted(known))}"


def _unharmed(findings: Sequence[Finding], log: Sequence[ReplayScores], states: Mapping[str, AnyState]) -> str:
    """Say by how much the pass rate may have moved since the onset, if that excludes harm."""
    state, window = states.get(PASS.name), _onset(findings)
    if not isinstance(state, StreamState) or not state.trusted or state.latch is not None or window is None:
        return ""
    first = state.replays - sum(replay.slot.due >= window[0] and PASS.name in replay.values for replay in log)
    recent = state.recent[state.recent_index >= first]
    try:
        after = recent.transpose(1, 0, 2).reshape(recent.shape[1], -1)
        found = stratified_effect(state.reference.without_since(first).held, after, dispersion=state.inflation)
    except DegenerateError:  # a user's own scorer may bear the name
        return ""
    if found is None:
        return ""
    low, high = found.interval
    # Forty answers of which none fails exclude a loss of nine points, not of five; both ends are told.
    if low < -(2 * HARM if found.after == 1.0 else HARM):
        return ""
    return f"pass moved by {found.after - found.before:+.2f} ({low:+.2f} to {high:+.2f})"
