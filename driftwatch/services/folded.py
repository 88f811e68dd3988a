"""A committed replay taken into the detectors, by what the store knows of the states before it."""

from collections.abc import Mapping
from dataclasses import dataclass

from driftwatch.domain.acceptance import watches_anew
from driftwatch.domain.incident import Incident, IncidentKind
from driftwatch.domain.replay import ReplayScores
from driftwatch.services import monitor
from driftwatch.services.memory import Memory
from driftwatch.services.monitor import Watch
from driftwatch.services.our_side import requalifying
from driftwatch.services.ports import Store
from driftwatch.services.saved import load_watch
from driftwatch.services.watched import Watched
from driftwatch.stats.stream_reading import StreamReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A replay, and the detectors before and after it.

    Parameters
    ----------
    replay : ReplayScores
        With the keys that its scores have by now: an acceptance gives them new ones.
    before, after : Watch
        The detectors' states; nothing of them is committed yet.
    readings : mapping
        Of every stream, after it.
    memory : Memory
        What its epoch knew before it.
    changed : tuple of str
        Parts of our side whose change begins a new baseline with it.
    """

    replay: ReplayScores
    before: Watch
    after: Watch
    readings: Mapping[str, StreamReading]
    memory: Memory
    changed: tuple[str, ...]


def folded(watched: Watched, store: Store, replay: ReplayScores) -> Folded:
    """Fold a committed replay into the states that were committed with the one before it."""
    before, memory = load_watch(watched, store)
    if ended := _ended_by_hand(store, replay.slot.endpoint, before.seq):
        before = monitor.rearm(watched.plans, before, every=bool(ended.accepted_probes))
        replay = read_again(store, replay)
    after = monitor.fold(watched.plans, before, replay)
    return Folded(
        replay=replay,
        before=before,
        after=after,
        readings=monitor.read(watched.plans, after),
        memory=memory if replay.epoch == before.epoch else Memory(),
        changed=_changed(store, replay, before),
    )


def read_again(store: Store, replay: ReplayScores) -> ReplayScores:
    """Return a replay with the keys that what was accepted since it was read gives its scores."""
    return next(iter(store.replays(replay.slot.endpoint, after_seq=replay.seq - 1)), replay)


def _ended_by_hand(store: Store, endpoint: str, seq: int) -> Incident | None:
    """Return the incident that a person ended since the replay `seq`, if its streams watch anew."""
    last = next((i for i in store.incidents(endpoint=endpoint) if i.kind is IncidentKind.DRIFT), None)
    return last if last and watches_anew(last) and last.by is not None and last.seq == seq else None


def _changed(store: Store, replay: ReplayScores, before: Watch) -> tuple[str, ...]:
    """Return what changed on our side with this replay's epoch; an accepted baseline changes nothing there."""
    if replay.epoch == before.epoch or before.seq == 0:
        return ()
    last = next(iter(store.replays(replay.slot.endpoint, after_seq=replay.seq - 2, metrics=())), None)
    if last is None or last.seq == replay.seq:
        return ()
    return requalifying(replay.fingerprint, last.fingerprint)
