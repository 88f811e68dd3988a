"""Saved detector states, or the same folded again from the committed scores where the saved ones no longer fit.

A state fits the charts that paged when it was folded, and the version that encoded it. With other charts, or a new
version, the committed scores of the epoch are folded again: no new baseline is needed. What the charts then see still
standing is told with the next replay; what they see that has gone back since is armed anew, as an incident's end does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from driftwatch.domain.acceptance import watches_anew
from driftwatch.domain.decide import CALM_REPLAYS
from driftwatch.domain.incident import Incident, IncidentKind
from driftwatch.services import monitor
from driftwatch.services.ports import Store
from driftwatch.services.streams import StreamPlan
from driftwatch.services.watched import Watched
from driftwatch.stats import any_stream
from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.errors import DegenerateError


def states_of(
    watched: Watched, store: Store, saved: Mapping[str, bytes], *, epoch: int, seq: int
) -> dict[str, AnyState]:
    """Return the states after the replay `seq` of `epoch`, of the streams that have been saved.

    Equal bytes give one object, so that twins stay twins from replay to replay (`stats/twins.py`).
    """
    decoded = {data: _decoded(data) for data in set(saved.values())}
    known = ((name, _fitting(watched.plans[name], decoded[data])) for name, data in saved.items())
    kept = {name: state for name, state in known if state is not None}
    stale = {name: watched.plans[name] for name in saved if name not in kept}
    return {**kept, **_folded(watched, store, stale, epoch=epoch, seq=seq)} if stale else kept


def fitting(plan: StreamPlan, data: bytes) -> AnyState | None:
    """Return a saved state; None where other charts page now, or another version encoded it."""
    return _fitting(plan, _decoded(data))


def _decoded(data: bytes) -> AnyState | None:
    try:
        return any_stream.decode(data)
    except DegenerateError:
        return None


def _fitting(plan: StreamPlan, state: AnyState | None) -> AnyState | None:
    fresh = plan.detector.start()
    same_charts = getattr(state, "paging", None) == getattr(fresh, "paging", None)
    return state if type(state) is type(fresh) and same_charts else None


def _folded(
    watched: Watched, store: Store, plans: Mapping[str, StreamPlan], *, epoch: int, seq: int
) -> Mapping[str, AnyState]:
    name = watched.endpoint.name
    incidents = store.incidents(endpoint=name)
    # What a person ended is armed anew with the replay after it, which is not folded here if it is yet to come.
    armed_anew = {
        incident.seq: bool(incident.accepted_probes)
        for incident in incidents
        if watches_anew(incident) and (incident.by is None or incident.seq < seq)
    }
    watch = monitor.begin(plans, epoch)
    for replay in store.replays(name, metrics=tuple(plans)):
        if replay.seq > seq:
            break
        if replay.epoch == epoch:
            watch = monitor.fold(plans, watch, replay)
            if (every := armed_anew.get(replay.seq)) is not None:
                watch = monitor.rearm(plans, watch, every=every)
            elif over := _over(plans, watch.states, incidents, seq=replay.seq):
                watch = replace(watch, states={**watch.states, **over})
    return watch.states


def _over(
    plans: Mapping[str, StreamPlan], states: Mapping[str, AnyState], incidents: Sequence[Incident], *, seq: int
) -> Mapping[str, AnyState]:
    """Return, armed anew, what alarmed in this fold alone and has been calm since for as long as an incident lasts.

    Nobody was told of it, so no incident's end would ever arm it: it would hear of nothing but the same shift again.
    """
    calm = [name for name, state in states.items() if state.latch is not None and state.latch.calm >= CALM_REPLAYS]
    if not calm or any(_stood(incident, seq) for incident in incidents):
        return {}
    return {name: plans[name].detector.rearm(states[name]) for name in calm}


def _stood(incident: Incident, seq: int) -> bool:
    """Return whether an incident was open at the replay `seq`: then its end arms the streams."""
    drift = incident.kind is IncidentKind.DRIFT
    return drift and incident.opened_seq <= seq and (incident.state.open or seq <= incident.seq)
