"""The state of a stream with a common factor as bytes and back, exactly: what the store keeps between two replays."""

import json
import zlib
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from driftwatch.stats.cusum import CusumState
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.ks import KsState
from driftwatch.stats.recovery import Recovery
from driftwatch.stats.reference import Reference
from driftwatch.stats.series import SeriesState
from driftwatch.stats.series_latch import SeriesLatch
from driftwatch.stats.series_state import CommonFactorState

VERSION = 3
MAGIC = b"driftwatch-series-"
_ARRAYS = ("centre", "scale", "shifts", "times", "recent", "recent_index", "history", "asked")
_BAGS = ("values", "stamps", "counts", "last_seen")
_SERIES = ("gram", "moment", "row")
_PARTS = ("reference", "series", "cusum", "ks", "latch")


def encode_state(state: CommonFactorState) -> bytes:
    """Compact bytes of a state; equal states give equal bytes.

    Examples
    --------
    >>> from driftwatch.stats.series_stream import CommonFactorStream
    >>> start = CommonFactorStream(baseline_replays=20, arl=1000).start()
    >>> encode_state(decode_state(encode_state(start))) == encode_state(start)
    True
    """
    arrays = [getattr(state, name) for name in _ARRAYS] + [getattr(state.reference, name) for name in _BAGS]
    arrays += [getattr(state.series, name) for name in _SERIES] + list(state.ks.window)
    header = {
        **{f.name: getattr(state, f.name) for f in fields(state) if f.name not in (*_ARRAYS, *_PARTS)},
        "probes": state.reference.probes,
        "series": {f.name: getattr(state.series, f.name) for f in fields(SeriesState) if f.name not in _SERIES},
        "cusum": asdict(state.cusum),
        "ks_updates": state.ks.updates,
        "latch": asdict(state.latch) if state.latch else None,
        "arrays": [(array.dtype.str, array.shape) for array in arrays],
    }
    text = json.dumps(header, allow_nan=False, separators=(",", ":"), sort_keys=True).encode()
    body = b"".join([len(text).to_bytes(4), text, *(np.ascontiguousarray(array).tobytes() for array in arrays)])
    return MAGIC + VERSION.to_bytes(2) + zlib.compress(body, 1)


def decode_state(data: bytes) -> CommonFactorState:
    """The state that `encode_state` wrote.

    Raises
    ------
    DegenerateError
        If the bytes are not such a state, or of another version: fold the stored scores again.
    """
    start = len(MAGIC) + 2
    if data[: len(MAGIC)] != MAGIC:
        raise DegenerateError("series state: these bytes are not such a state; fold the stored scores again")
    version = int.from_bytes(data[len(MAGIC) : start])
    if version != VERSION:
        raise DegenerateError(
            f"series state: version is {version}, this engine reads {VERSION}; fold the stored scores again"
        )
    try:
        body = zlib.decompress(data[start:])
    except zlib.error as error:
        raise DegenerateError(f"series state: damaged ({error}); fold the stored scores again") from error
    length = int.from_bytes(body[:4])
    header = json.loads(body[4 : 4 + length])
    return _state(header, _arrays(body[4 + length :], header.pop("arrays")))


def _arrays(body: bytes, layout: list[tuple[str, list[int]]]) -> list[Any]:
    arrays, offset = [], 0
    for dtype, shape in layout:
        size = int(np.prod(shape, dtype=np.int64))
        arrays.append(np.frombuffer(body, dtype=dtype, count=size, offset=offset).reshape(shape))
        offset += size * np.dtype(dtype).itemsize
    return arrays


def _state(header: dict[str, Any], arrays: list[Any]) -> CommonFactorState:
    rest = iter(arrays)
    own = {name: next(rest) for name in _ARRAYS}
    reference = Reference(probes=tuple(header.pop("probes")), **{name: next(rest) for name in _BAGS})
    plain = header.pop("series")
    plain = {**plain, "gaps": tuple(plain["gaps"]), "last": tuple(plain["last"])}
    series = SeriesState(**plain, **{name: next(rest) for name in _SERIES})
    cusum, updates, latch = CusumState(**header.pop("cusum")), header.pop("ks_updates"), header.pop("latch")
    if latch:
        recovery = Recovery(**latch["recovery"])
        latch = SeriesLatch(**{**latch, "onset_interval": tuple(latch["onset_interval"]), "recovery": recovery})
    return CommonFactorState(
        **{**header, **own, "history_keys": tuple(header["history_keys"])},
        reference=reference,
        series=series,
        cusum=cusum,
        ks=KsState(window=tuple(rest), updates=updates),
        latch=latch,
    )
