"""A stream's state as bytes and back, exactly: what the store keeps between two replays."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from driftwatch.stats.channel_mixture import ChannelState
from driftwatch.stats.cusum import CusumState
from driftwatch.stats.dense import DenseState
from driftwatch.stats.e_detector import Bank
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.extra_codec import packed, unpacked
from driftwatch.stats.ks import KsState
from driftwatch.stats.latch import Latch
from driftwatch.stats.mixture import MixtureState
from driftwatch.stats.recovery import Recovery
from driftwatch.stats.reference import Reference
from driftwatch.stats.rhythm import RhythmState
from driftwatch.stats.stream import StreamState
from driftwatch.stats.wander import WanderState

VERSION = 16
_MAGIC = b"driftwatch-stream-"
_ARRAYS = ("history", "recent", "recent_index")
_BAGS = ("values", "stamps", "counts", "last_seen")
_RHYTHM = ("coefficients", "inverse", "votes", "waves", "last", "levels", "rows")
_WANDER = ("squares", "counts", "rows")
_BANKS = ("scale", "rare", "far", "odds", "single")
_MIXTURE = 5 + 2 * len(_BANKS)  # arrays of the mixture


def encode_state(state: StreamState) -> bytes:
    """Compact bytes of a state; equal states give equal bytes.

    Examples
    --------
    >>> from driftwatch.stats.stream import StreamDetector
    >>> start = StreamDetector(baseline_replays=20, arl=1000, kind="binary").start()
    >>> encode_state(decode_state(encode_state(start))) == encode_state(start)
    True
    """
    arrays = [getattr(state, name) for name in _ARRAYS]
    arrays += [getattr(state.reference, name) for name in _BAGS]
    extra, extra_arrays = packed(state.extra)
    arrays += [getattr(state.rhythm, name) for name in _RHYTHM]
    arrays += [getattr(state.wander, name) for name in _WANDER]
    arrays += [*_mixture_arrays(state.mixture), *state.ks.window, *extra_arrays]
    plain = {
        f.name: getattr(state, f.name)
        for f in fields(state)
        if f.name not in (*_ARRAYS, "reference", "ks", "cusum", "mixture", "latch", "extra", "rhythm", "wander")
    }
    header = {
        **plain,
        "probes": state.reference.probes,
        "cusum": asdict(state.cusum),
        "ks": [state.ks.updates, len(state.ks.window)],
        "extra": extra,
        "rhythm": {f.name: getattr(state.rhythm, f.name) for f in fields(RhythmState) if f.name not in _RHYTHM},
        "wander": {f.name: getattr(state.wander, f.name) for f in fields(WanderState) if f.name not in _WANDER},
        "mixture_updates": [state.mixture.updates, state.mixture.location.updates, state.mixture.dense.updates],
        "latch": asdict(state.latch) if state.latch else None,
        "arrays": [(array.dtype.str, array.shape) for array in arrays],
    }
    text = json.dumps(header, allow_nan=False, separators=(",", ":"), sort_keys=True).encode()
    body = b"".join([len(text).to_bytes(4), text, *(np.ascontiguousarray(array).tobytes() for array in arrays)])
    return _MAGIC + VERSION.to_bytes(2) + zlib.compress(body, 1)


def decode_state(data: bytes) -> StreamState:
    """The state that `encode_state` wrote.

    Raises
    ------
    DegenerateError
        If the bytes are not a stream's state, or of another version: fold the stored scores again.
    """
    start = len(_MAGIC) + 2
    if data[: len(_MAGIC)] != _MAGIC:
        raise DegenerateError("stream state: these bytes are not a stream's state; fold the stored scores again")
    version = int.from_bytes(data[len(_MAGIC) : start])
    if version != VERSION:
        raise DegenerateError(
            f"stream state: version is {version}, this engine reads {VERSION}; fold the stored scores again"
        )
    try:
        body = zlib.decompress(data[start:])
    except zlib.error as error:
        raise DegenerateError(f"stream state: damaged ({error}); fold the stored scores again") from error
    length = int.from_bytes(body[:4])
    header = json.loads(body[4 : 4 + length])
    arrays = _arrays(body[4 + length :], header.pop("arrays"))
    return _state(header, arrays)


def _arrays(body: bytes, layout: Iterable[tuple[str, list[int]]]) -> list[Any]:
    arrays, offset = [], 0
    for dtype, shape in layout:
        size = int(np.prod(shape, dtype=np.int64))
        arrays.append(np.frombuffer(body, dtype=dtype, count=size, offset=offset).reshape(shape))
        offset += size * np.dtype(dtype).itemsize
    return arrays


def _state(header: dict[str, Any], arrays: list[Any]) -> StreamState:
    reference = Reference(
        probes=tuple(header.pop("probes")),
        **dict(zip(_BAGS, arrays[len(_ARRAYS) :], strict=False)),
    )
    cusum, (ks_updates, ks_held) = CusumState(**header.pop("cusum")), header.pop("ks")
    latch = header.pop("latch")
    if latch:
        tuples = {name: tuple(latch[name]) for name in ("onset_interval", "place")}
        latch = Latch(**{**latch, **tuples, "recovery": Recovery(**latch["recovery"])})
    rest = arrays[len(_ARRAYS) + len(_BAGS) :]
    rhythm = RhythmState(**header.pop("rhythm"), **dict(zip(_RHYTHM, rest, strict=False)))
    rest = rest[len(_RHYTHM) :]
    wander = WanderState(**header.pop("wander"), **dict(zip(_WANDER, rest, strict=False)))
    rest = rest[len(_WANDER) :]
    mixture = _mixture(rest[:_MIXTURE], *header.pop("mixture_updates"))
    windows = rest[_MIXTURE:]
    return StreamState(
        **{
            **header,
            "paging": tuple(header["paging"]),
            **dict(zip(_ARRAYS, arrays, strict=False)),
            "history_keys": tuple(header["history_keys"]),
            "reference": reference,
            "cusum": cusum,
            "ks": KsState(window=tuple(windows[:ks_held]), updates=ks_updates),
            "mixture": mixture,
            "rhythm": rhythm,
            "wander": wander,
            "extra": unpacked(header["extra"], windows[ks_held:]),
            "latch": latch,
        }
    )


def _mixture_arrays(state: ChannelState) -> list[Any]:
    banks = [array for name in _BANKS for array in (state.banks[name].logs, state.banks[name].since)]
    location = state.location
    return [location.logs, location.references, location.variances, state.dense.starts, state.dense.logs, *banks]


def _mixture(arrays: list[Any], updates: int, location_updates: int, dense_updates: int) -> ChannelState:
    logs, references, variances, starts, dense, *banks = arrays
    return ChannelState(
        location=MixtureState(logs=logs, references=references, variances=variances, updates=location_updates),
        banks={
            name: Bank(logs=each, since=since)
            for name, each, since in zip(_BANKS, banks[::2], banks[1::2], strict=True)
        },
        dense=DenseState(starts=starts, logs=dense, updates=dense_updates),
        updates=updates,
    )
