"""What a silence kept back."""

from driftwatch.domain.incident import Silence
from driftwatch.services.ports import Store


def suppressed(store: Store, silence: Silence) -> list[str]:
    """Return the names of the incidents of which something was not told because of a silence, oldest first."""
    found = store.incidents(since=silence.starts_at)
    kept = {one.id: one.name for one in found for step in store.transitions(one.id) if step.suppressed_by == silence.id}
    return [kept[number] for number in sorted(kept)]
