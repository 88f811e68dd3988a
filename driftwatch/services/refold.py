"""Saved detector states, or the same folded again from the committed scores where the saved ones no longer fit.

A state fits the charts that paged when it was folded, and the version that encoded it. With other charts, or a new
version, the committed scores of the epoch are folded again: no new baseline is needed. What the charts then see still
standing is told with the next replay.
"""

from collections.abc import Mapping

from driftwatch.domain.acceptance import watches_anew
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
    """Return the states after the replay `seq` of `epoch`, of the streams that have been saved."""
    kept = {name: state for name, data in saved.items() if (state := fitting(watched.plans[name], data)) is not None}
    stale = {name: watched.plans[name] for name in saved if name not in kept}
    return {**kept, **_folded(watched, store, stale, epoch=epoch, seq=seq)} if stale else kept


def fitting(plan: StreamPlan, data: bytes) -> AnyState | None:
    """Return a saved state; None where other charts page now, or another version encoded it."""
    try:
        state = any_stream.decode(data)
    except DegenerateError:
        return None
    fresh = plan.detector.start()
    same_charts = getattr(state, "paging", None) == getattr(fresh, "paging", None)
    return state if type(state) is type(fresh) and same_charts else None


def _folded(
    watched: Watched, store: Store, plans: Mapping[str, StreamPlan], *, epoch: int, seq: int
) -> Mapping[str, AnyState]:
    name = watched.endpoint.name
    # What a person ended is armed anew with the replay after it, which is not folded here if it is yet to come.
    armed_anew = {
        incident.seq: bool(incident.accepted_probes)
        for incident in store.incidents(endpoint=name)
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
    return watch.states
