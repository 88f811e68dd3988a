"""Where every watched endpoint stands now."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import fsum

from driftwatch.domain.incident import Incident, Silence
from driftwatch.domain.judge_drift import is_judge
from driftwatch.domain.replay import Slot, SlotRecord, SlotState
from driftwatch.scorers.verdict import Scored, Unscored
from driftwatch.services import monitor
from driftwatch.services.coverage import Coverage, DueSlots, count_not_begun, coverage
from driftwatch.services.glance import Head
from driftwatch.services.judge_watch import VERDICT
from driftwatch.services.monitor import Watch
from driftwatch.services.ports import Store
from driftwatch.services.refold import fitting
from driftwatch.services.saved import load_watch
from driftwatch.services.standing import EndpointState, Standing, baseline_progress, standings, state_of
from driftwatch.services.watched import Watched

RECENT = timedelta(hours=24)
STALE_SLOTS = 2
"""Slots in a row that nobody began before an endpoint's last reading is no longer its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatus:
    """One endpoint now.

    Parameters
    ----------
    baseline : tuple of int
        Replays it has, and how many it takes.
    last_replay : datetime, optional
        When the last replay with answers was due.
    last_slot : SlotRecord, optional
        The last slot that anybody began, whatever became of it.
    coverage : Coverage
        Of the last 24 hours.
    spent_usd : float
        What today's slots and confirmation bursts cost.
    verdicts, ungraded : int, mapping of str to int
        What judges were asked in the last replay, and the verdicts among them that give no score, by reason.
    """

    name: str
    model: str
    state: EndpointState
    epoch: int
    baseline: tuple[int, int]
    last_replay: datetime | None
    last_slot: SlotRecord | None
    coverage: Coverage
    spent_usd: float
    incident: Incident | None
    streams: Sequence[Standing]
    verdicts: int = 0
    ungraded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All endpoints now; `spent_usd` counts what running replays have set aside."""

    at: datetime
    endpoints: Sequence[EndpointStatus]
    spent_usd: float
    silences: Sequence[Silence]


Look = Callable[[Watched, Store, Head], tuple[int, Sequence[Standing]]]
"""Says the number of an endpoint's baseline, and where its streams stand."""


def look_now(watched: Watched, store: Store, _head: Head) -> tuple[int, Sequence[Standing]]:
    """Read the detectors' states."""
    watch = current_watch(watched, store)
    return watch.epoch, standings(watched, watch)


def look_only(watched: Watched, store: Store) -> tuple[int, Sequence[Standing]]:
    """Read the detectors' states as they are saved and fold nothing, which may take minutes after an upgrade.

    A stream whose state does not fit has no data until its next replay is decided.
    """
    saved, epoch = store.streams(watched.endpoint.name), store.epoch(watched.endpoint.name)
    plans = watched.plans
    found = {name: fitting(plans[name], s.state) for name, s in saved.items() if name in plans and s.epoch == epoch}
    watch = monitor.begin(plans, epoch)
    states = {**watch.states, **{name: state for name, state in found.items() if state is not None}}
    return epoch, standings(watched, replace(watch, states=states))


class RememberedLook:
    """Reads the detectors' states again only when another replay was decided or another baseline began."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[tuple[object, ...], tuple[int, Sequence[Standing]]]] = {}

    def __call__(self, watched: Watched, store: Store, head: Head) -> tuple[int, Sequence[Standing]]:
        """Return what `look_only` does."""
        name = watched.endpoint.name
        # A reload makes another Watched, maybe with other charts.
        mark = (watched, head.decided_seq, head.epoch)
        kept = self._seen.get(name)
        if kept is None or kept[0][0] is not watched or kept[0][1:] != mark[1:]:
            self._seen[name] = kept = (mark, look_only(watched, store))
        return kept[1]


def build_status(
    store: Store,
    watched: Sequence[Watched],
    *,
    now: datetime,
    due_slots: DueSlots | None = None,
    look: Look = look_now,
) -> Status:
    """Gather the status; nothing is recomputed, so it is quick."""
    heads = _heads(store, watched, now)
    return Status(
        at=now,
        endpoints=tuple(
            _status(store, one, heads.get(one.endpoint.name, Head()), now=now, due_slots=due_slots, look=look)
            for one in watched
        ),
        spent_usd=store.spent_usd(since=_midnight(now)),
        silences=store.silences(now=now),
    )


def current_watch(watched: Watched, store: Store) -> Watch:
    """Return the detectors' states now; a baseline that nobody has replayed since has none yet."""
    watch, epoch = load_watch(watched, store)[0], store.epoch(watched.endpoint.name)
    return watch if watch.epoch == epoch else monitor.begin(watched.plans, epoch)


def endpoint_status(
    store: Store, watched: Watched, *, now: datetime, due_slots: DueSlots | None = None, look: Look = look_now
) -> EndpointStatus:
    """Gather one endpoint's status."""
    head = _heads(store, [watched], now).get(watched.endpoint.name, Head())
    return _status(store, watched, head, now=now, due_slots=due_slots, look=look)


def _heads(store: Store, watched: Sequence[Watched], now: datetime) -> Mapping[str, Head]:
    day = _midnight(now)
    return store.heads([one.endpoint.name for one in watched], since=min(now - RECENT, day), spent_since=day)


def _status(
    store: Store, watched: Watched, head: Head, *, now: datetime, due_slots: DueSlots | None, look: Look
) -> EndpointStatus:
    name, day = watched.endpoint.name, _midnight(now)
    recent = [r for r in head.slots if r.slot.due >= now - RECENT]
    last, since = head.last_slot, now - RECENT
    not_begun = count_not_begun(watched, store, due_slots, since=since, until=now, now=now, last=last) if last else 0
    epoch, streams = look(watched, store, head)
    incident = head.incident
    state = state_of(
        streams,
        [incident] if incident else [],
        replays=head.decided_seq if not_begun < STALE_SLOTS else 0,
        watched=max((stream.compared for stream in streams), default=0),
    )
    verdicts = _verdicts(store, watched, head.last_replay)
    return EndpointStatus(
        name=name,
        model=watched.endpoint.model,
        state=state,
        epoch=epoch,
        baseline=baseline_progress(streams, watched.endpoint.baseline_replays),
        last_replay=head.last_replay,
        last_slot=head.last_slot,
        coverage=coverage([r for r in recent if r.state is not SlotState.RUNNING], not_begun),
        spent_usd=fsum(
            (
                *(record.cost_usd for record in head.slots if record.slot.due >= day),
                head.confirming_usd,
            )
        ),
        incident=incident,
        streams=streams,
        verdicts=len(verdicts),
        ungraded=Counter(verdict.reason for verdict in verdicts if isinstance(verdict, Unscored)),
    )


def _verdicts(store: Store, watched: Watched, due: datetime | None) -> Sequence[Scored]:
    """Return what the judges said in the replay due then, or, of a judge itself, what it said of its anchors."""
    name = watched.endpoint.name
    judged = {*watched.judged, *({VERDICT.name} if is_judge(name) else ())}
    if due is None or not judged:
        return ()
    return [score.value for score in store.scores(name, Slot(endpoint=name, due=due)) if score.metric in judged]


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
