"""Whatever watches a stream: what both detectors are to those who fold, read and keep them."""

from typing import Any, Protocol

from driftwatch.stats import series_codec, state_codec
from driftwatch.stats.series_state import CommonFactorState
from driftwatch.stats.stream_reading import StreamReading
from driftwatch.stats.stream_state import ReplayValues, StreamState

AnyState = StreamState | CommonFactorState


class AnyDetector(Protocol):
    """`StreamDetector` or `CommonFactorStream`; each is given the states that it made."""

    @property
    def baseline_replays(self) -> int:
        """Replays collected before monitoring starts."""
        ...

    @property
    def arl(self) -> float:
        """In-control ARL, in replays, that all its paging charts together may spend."""
        ...

    def start(self) -> Any:
        """State before any replay."""
        ...

    def update(self, state: Any, replay: ReplayValues) -> Any:
        """State after one more replay."""
        ...

    def read(self, state: Any) -> StreamReading:
        """Everything a person or an incident needs to know about the stream now."""
        ...

    def rearm(self, state: Any) -> Any:
        """Clear a latched alarm."""
        ...


def encode(state: AnyState) -> bytes:
    """Compact bytes of a state; equal states give equal bytes.

    Examples
    --------
    >>> from driftwatch.stats.series_stream import CommonFactorStream
    >>> from driftwatch.stats.stream import StreamDetector
    >>> both = StreamDetector(baseline_replays=9, arl=99, kind="binary"), CommonFactorStream(baseline_replays=9, arl=99)
    >>> [type(decode(encode(detector.start()))).__name__ for detector in both]
    ['StreamState', 'CommonFactorState']
    """
    return series_codec.encode_state(state) if isinstance(state, CommonFactorState) else state_codec.encode_state(state)


def decode(data: bytes) -> AnyState:
    """Return the state that `encode` wrote.

    Raises
    ------
    DegenerateError
        If the bytes are no state, or of another version: fold the stored scores again.
    """
    if data.startswith(series_codec.MAGIC):
        return series_codec.decode_state(data)
    return state_codec.decode_state(data)
