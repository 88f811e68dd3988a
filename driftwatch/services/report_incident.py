"""An incident with the evidence a person judges it by: old and new answers, our side, who was told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from driftwatch.domain.delivery import Delivery
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Incident, Moved
from driftwatch.domain.payload import Excerpts
from driftwatch.domain.replay import Slot, SlotState
from driftwatch.services.episodes import states_shown
from driftwatch.services.ports import Store
from driftwatch.services.states import Shown

EXCERPT = 2_000
"""Characters of an answer that are kept; renderers show fewer."""
REFERENCES = 5
"""Answers of the baseline of which the commonest is shown: the very first may have been an exception."""
_LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReport:
    """One incident and its evidence.

    Parameters
    ----------
    model : str, optional
        The endpoint's pinned model.
    answers : mapping
        Probe id -> an answer of the baseline, and one of the replay that opened the incident or, where that says the
        same, of the one that made it louder or was the last; None where there is none (any more).
    fingerprint : Fingerprint, optional
        Our side at that replay.
    slot : Slot, optional
        That replay's.
    deliveries : sequence of Delivery
        Every message about it, oldest first.
    timeline : sequence of Incident
        As it stood after each change that people notice, oldest first.
    states : Shown
        The state of the endpoint since the onset, and in its latest replays.
    """

    incident: Incident
    model: str | None = None
    answers: Excerpts = field(default_factory=dict)
    fingerprint: Fingerprint | None = None
    slot: Slot | None = None
    deliveries: Sequence[Delivery] = ()
    timeline: Sequence[Incident] = ()
    states: Shown = field(default_factory=Shown)

    @property
    def moved(self) -> tuple[tuple[str, Moved], ...]:
        """The metric and the probe, most telling first, each probe once."""
        told: dict[str, tuple[str, Moved]] = {}
        for finding in self.incident.findings:
            for moved in finding.moved:
                told.setdefault(moved.probe_id, (finding.metric, moved))
        return tuple(told.values())

    @property
    def sent(self) -> int:
        """Messages that arrived."""
        return sum(delivery.sent_at is not None for delivery in self.deliveries)


def incident_report(
    store: Store,
    incident: Incident,
    *,
    deliveries: Sequence[Delivery] | None = None,
    model: str | None = None,
    states: Mapping[int, Shown] | None = None,
) -> IncidentReport:
    """Gather an incident's evidence.

    Parameters
    ----------
    deliveries : sequence of Delivery, optional
        Where they were read already; others' are left out.
    states : mapping, optional
        Where they were derived already: `services.episodes.states_shown`.
    """
    if deliveries is None:
        deliveries = store.deliveries(since=incident.opened_at)
    if states is None:
        states = states_shown(store, incident.endpoint)
    steps = store.transitions(incident.id)
    slots = _slots(store, incident, [incident.opened_at, _risen(steps), incident.updated_at])
    slot = slots[0] if slots else None
    return IncidentReport(
        incident=incident,
        model=model,
        answers=_answers(store, incident, [one for one, _ in slots]) if slots else {},
        fingerprint=_fingerprint(store, incident.endpoint, slot[1]) if slot else None,
        slot=slot[0] if slot else None,
        deliveries=tuple(d for d in deliveries if d.payload.get("incident") == incident.name),
        timeline=_noticed(steps),
        states=states.get(incident.id, Shown()),
    )


def _risen(steps: Sequence[Incident]) -> datetime | None:
    """Return when an incident last became louder: a page may have begun as a notice of something else."""
    louder = [now.updated_at for before, now in pairwise(steps) if now.severity.rank > before.severity.rank]
    return louder[-1] if louder else None


def _slots(store: Store, incident: Incident, moments: Sequence[datetime | None]) -> list[tuple[Slot, int]]:
    """Return for each moment the last replay that was there, and its seq; without one for the first, none at all."""
    records = store.slots(incident.endpoint, since=incident.opened_at - _LOOK_BACK)
    done = [(r.finished_at, r.slot, r.seq) for r in records if r.state is SlotState.DONE and r.seq and r.finished_at]
    found = [
        [(slot, seq) for ended, slot, seq in done if ended <= moment][-1:] for moment in moments if moment is not None
    ]
    return list(dict.fromkeys(one for last in found for one in last)) if found[0] else []


def _answers(store: Store, incident: Incident, slots: Sequence[Slot]) -> Excerpts:
    wanted = {moved.probe_id for finding in incident.findings for moved in finding.moved}
    if not wanted:
        return {}
    old = {
        key.rpartition("@")[0]: Counter(texts).most_common(1)[0][0]
        for key, texts in store.reference_texts(
            incident.endpoint, epoch=incident.epoch, limit=REFERENCES, seq=incident.opened_seq or None
        ).items()
        if texts
    }
    new: dict[str, list[str]] = {}
    for answer in (answer for slot in slots for answer in store.answers(incident.endpoint, slot)):
        if answer.reply and answer.probe_id in wanted:
            new.setdefault(answer.probe_id, []).append(answer.text)
    return {probe: _pair(old.get(probe), new.get(probe, ())) for probe in sorted(wanted)}


def _pair(old: str | None, new: Sequence[str]) -> tuple[str | None, str | None]:
    """Return old and new text; of several answers the first that differs tells more."""
    chosen = next((text for text in new if text != old), new[0] if new else None)
    return (_cut(old), _cut(chosen))


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _fingerprint(store: Store, endpoint: str, seq: int) -> Fingerprint | None:
    replay = next(iter(store.replays(endpoint, after_seq=seq - 1, metrics=())), None)
    return replay.fingerprint if replay else None


def _noticed(transitions: Sequence[Incident]) -> tuple[Incident, ...]:
    """Leave out what only counted one more replay."""
    kept: list[Incident] = []
    for step in transitions:
        if not kept or _told(step) != _told(kept[-1]):
            kept.append(step)
    return tuple(kept)


def _told(step: Incident) -> tuple[object, ...]:
    return (step.state, step.severity, step.told, step.told_at, step.by, step.reason)
