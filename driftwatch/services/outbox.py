"""How long the outbox has kept somebody waiting."""

from datetime import timedelta

from driftwatch.services.ports import Clock, Store


def oldest_s(store: Store, clock: Clock) -> float:
    """Return the real age of the oldest message that is not sent; 0 for none. Blocks."""
    later = clock.now() + timedelta(days=30)
    waiting = [d for d in store.due_deliveries(now=later) if d.state.open and not d.is_details]
    return max((0.0, *(-clock.seconds_until(d.begins) for d in waiting)))
