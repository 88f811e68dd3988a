"""The share of answers that come from a second state, where the texts of an alarmed endpoint prove one."""

from bisect import bisect_left
from collections.abc import Mapping

from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.second_state import SecondState, second_state_share
from driftwatch.stats.stream_state import INDEX, StreamState

INDICATOR = "unseen"
"""The stream whose texts tell one state from another."""
LEAST, MOST = 0.02, 0.98
"""Outside of these it is noise, or a swap."""
_UNEVEN = 0.001


def second_state_since(onset_key: str | None, states: Mapping[str, AnyState]) -> SecondState | None:
    """Return the share since an alarm's onset; None where nothing proves that it is a share.

    Said only if its interval excludes none and all, and if the probes agree on it: a swapped model with some answers
    that cannot differ would otherwise pass for a part of the traffic. That takes three answers of each probe.

    Measured, 50 probes asked daily, 10 % of the texts new in the baseline: a share of 16 % is told after three days in
    32 % of deployments, after five in 79 %, after ten in 98 %, and one of 50 % always, with the interval holding it in
    94 to 97 %. A share of 5 % is told in 14 % after twenty days, and then too high (0.09 on average): where an alarm
    comes by luck, its dating picks the lucky replays. Where no text changed 1 to 2 % of drifts are told a share.

    Parameters
    ----------
    onset_key : str, optional
        Slot where the alarmed stream's change began; the text stream's own onset goes before it.
    states : mapping of str to state
        Of every stream of the endpoint.
    """
    state = states.get(INDICATOR)
    if not isinstance(state, StreamState) or not state.trusted:
        return None
    onset = _onset(state, onset_key)
    if onset is None:
        return None
    # Without a latch the quiet stream went on learning from the very answers in question.
    reference = state.reference.without_since(onset).held
    after = state.recent[state.recent_index >= onset]
    try:
        found = second_state_share(reference, after, dispersion=state.inflation)
    except DegenerateError:  # a user's own graded scorer may bear the name
        return None
    return found if found is not None and _proved(found) else None


def _onset(state: StreamState, key: str | None) -> int | None:
    if state.latch is not None:
        return state.latch.onset_index
    if key is None:
        return None
    first = bisect_left(state.history_keys, key)
    return int(state.history[first, INDEX]) if first < len(state.history_keys) else None


def _proved(found: SecondState) -> bool:
    even = found.uneven is not None and found.uneven >= _UNEVEN
    return even and LEAST < found.share < MOST and found.low > 0 and found.high < 1
