"""The detectors' states and the epoch's memory, as they are written with each decision and read before the next."""

from driftwatch.services import monitor
from driftwatch.services.memory import STREAM as MEMORY
from driftwatch.services.memory import Memory
from driftwatch.services.monitor import Watch
from driftwatch.services.ports import SavedStream, Store
from driftwatch.services.refold import states_of
from driftwatch.services.watched import Watched
from driftwatch.stats import any_stream


def load_watch(watched: Watched, store: Store) -> tuple[Watch, Memory]:
    """Return the detectors' states and the epoch's memory as they were committed last.

    Where other charts page now than did then, a state is folded again from the committed scores.
    """
    saved = store.streams(watched.endpoint.name)
    epoch = max((s.epoch for s in saved.values()), default=0)
    fresh = monitor.begin(watched.plans, epoch)
    states = {name: s.state for name, s in saved.items() if name in watched.plans and s.epoch == epoch}
    seq = max((s.seq for s in saved.values()), default=0)
    kept = states_of(watched, store, states, epoch=epoch, seq=seq)
    memory = saved.get(MEMORY)
    return (
        Watch(epoch=epoch, seq=seq, states={**fresh.states, **kept}),
        Memory.decode(memory.state) if memory and memory.epoch == epoch else Memory(),
    )


def saved_streams(watch: Watch, memory: Memory) -> tuple[SavedStream, ...]:
    """Return what a decision commits of them."""
    # Twins have one state (`stats/twins.py`): it is written out once.
    distinct = {id(state): state for state in watch.states.values()}
    encoded = {one: any_stream.encode(state) for one, state in distinct.items()}
    states = {name: encoded[id(state)] for name, state in watch.states.items()} | {MEMORY: memory.encode()}
    return tuple(
        SavedStream(metric=name, seq=watch.seq, epoch=watch.epoch, state=state) for name, state in states.items()
    )
