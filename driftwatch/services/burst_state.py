"""Which of two states a burst shows: the one before the onset, or the one that alarmed."""

from collections.abc import Sequence
from datetime import datetime

from driftwatch.domain.confirmation import Confirmation
from driftwatch.domain.incident import Incident
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import ReplayScores
from driftwatch.services.ports import Store
from driftwatch.services.score import Sampled
from driftwatch.services.states import BASELINE
from driftwatch.services.watched import Watched
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.recognition import Part, StateKind, recognise
from driftwatch.stats.signature import Signature

_KEPT = 200


def confirmation_of(watched: Watched, store: Store, incident: Incident, burst: Sampled) -> Confirmation:
    """Ask which of two states the rerun shows: the one before the onset, or the one that alarmed."""
    metrics = tuple(dict.fromkeys(f.metric for f in incident.findings if f.severity is Severity.PAGE))
    epoch = [
        r
        for r in store.replays(incident.endpoint, after_seq=max(incident.opened_seq - 2 * BASELINE, 0), metrics=metrics)
        if r.epoch == incident.epoch and r.seq <= incident.opened_seq
    ]
    onset = datetime.fromisoformat(incident.onset_slot) if incident.onset_slot else epoch[-1].slot.due
    before, since = [r for r in epoch if r.slot.due < onset], [r for r in epoch if r.slot.due >= onset]
    parts = [part for metric in metrics if (part := _part(watched, metric, before, since, burst)) is not None]
    try:
        found = recognise(parts)
    except DegenerateError:
        return Confirmation.UNDECIDED
    if found.verdict == "known" and found.name == "before":
        return Confirmation.VANISHED
    return Confirmation.UNDECIDED if found.verdict == "undecided" else Confirmation.CHANGED


def _part(
    watched: Watched, metric: str, before: Sequence[ReplayScores], since: Sequence[ReplayScores], burst: Sampled
) -> Part | None:
    if metric not in burst or metric not in watched.metrics:
        return None
    kind: StateKind = "binary" if watched.metrics[metric].kind == "binary" else "continuous"
    states = [
        Signature(name=name).with_values(_joined(replays, metric), at=0, most=_KEPT)
        for name, replays in (("before", before), ("since", since))
    ]
    return Part(kind=kind, states=states, values=burst[metric])


def _joined(replays: Sequence[ReplayScores], metric: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for replay in replays:
        for probe, samples in replay.values.get(metric, {}).items():
            found.setdefault(probe, []).extend(samples)
    return found
