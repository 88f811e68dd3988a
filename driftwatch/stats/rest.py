"""Whether a change is confined to the probes that surely moved: what a person may accept without the others."""

from collections.abc import Collection

import numpy as np

from driftwatch.stats.effect import stratified_effect
from driftwatch.stats.stream_state import StreamState


def rest_moved(state: StreamState, surely: Collection[str]) -> bool:
    """Whether the probes of an alarmed stream that did not surely move have moved as well, all taken together.

    True where the 95 % interval of their mean effect excludes none, and where there is nothing to tell it by.

    Examples
    --------
    Two of forty probes break, and are still broken three replays later.

    >>> from functools import reduce
    >>> from driftwatch.stats.stream import ReplayValues, StreamDetector
    >>> def replay(i):
    ...     failed = 2 if i >= 34 else 0
    ...     return ReplayValues(key=f"{i:03}", values={f"p{j:02}": (float(j >= failed),) for j in range(40)})
    >>> detector = StreamDetector(baseline_replays=30, arl=5_000, kind="binary")
    >>> state = reduce(detector.update, map(replay, range(37)), detector.start())
    >>> rest_moved(state, {"p00", "p01"}), rest_moved(state, {"p00"})
    (False, True)
    """
    if state.latch is None:
        return True
    still = np.array([probe not in surely for probe in state.reference.probes])
    recent = state.recent[state.recent_index >= state.latch.onset_index]
    after = recent.transpose(1, 0, 2).reshape(len(state.reference.probes), -1)
    found = (
        stratified_effect(state.reference.held[still], after[still], dispersion=state.inflation)
        if still.any()
        else None
    )
    return found is None or not found.interval[0] <= 0 <= found.interval[1]
