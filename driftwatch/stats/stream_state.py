"""The state of one stream: a fold of its replays, of a size that does not grow with their number."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channel_mixture import ChannelState
from driftwatch.stats.cusum import CusumState
from driftwatch.stats.extra_charts import ExtraState, extras_with_rows
from driftwatch.stats.ks import KsState
from driftwatch.stats.latch import Latch
from driftwatch.stats.reference import Reference, replay_matrix
from driftwatch.stats.rhythm import RhythmState
from driftwatch.stats.wander import WanderState

Floats = NDArray[np.float64]

INDEX, RAW, Z, SQUARE, SHARED, SPREAD = range(6)
"""Columns of a state's history; `SHARED` is 1 for a replay in the shared error, `SPREAD` its score within probes."""
_RECENT = 50  # replays whose values are kept to say what moved


@dataclass(frozen=True, kw_only=True)
class ReplayValues:
    """What one replay measured on one stream.

    Parameters
    ----------
    key : str
        Unique name of the slot; also the seed of the one randomisation.
    values : mapping of str to tuple of float
        Probe key (id and content hash) to its scored samples. What is missing or unscored is absent.
    hours : float, optional
        When the replay ran, in hours since any fixed moment: what a daily or weekly rhythm is read from.
    """

    key: str
    values: Mapping[str, tuple[float, ...]]
    hours: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamState:
    """A fold of the replays of one stream, of a size that does not grow with their number.

    `paging` names the charts that could alarm, in alphabetical order: with others the same replays fold to another
    state. `extra` holds the states of those of them that are computed only because they page.
    """

    paging: tuple[str, ...]
    replays: int
    baseline_seen: int
    reference: Reference
    history: Floats
    history_keys: tuple[str, ...]
    frozen_sum: float
    frozen_spread: float
    frozen_count: int
    monitored_from: int
    recent: Floats
    recent_index: NDArray[np.int64]
    cusum: CusumState
    ks: KsState
    mixture: ChannelState
    extra: Mapping[str, ExtraState]
    rhythm: RhythmState
    wander: WanderState
    prior: float
    inflation: float
    z: float | None
    trusted: bool
    distrust: str | None
    latch: Latch | None


def changed(state: StreamState, **fields: Any) -> StreamState:
    """Copy a state with some fields changed: `dataclasses.replace` in a tenth of its time, for a replay makes many."""
    after = object.__new__(StreamState)
    after.__dict__.update(state.__dict__, **fields)
    return after


# The probes are the same from replay to replay.
@lru_cache(maxsize=32)
def _as_set(probes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(probes)


def with_probes(state: StreamState, replay: ReplayValues, keep: int) -> tuple[StreamState, Floats]:
    """Rows for every probe of the replay; probes not scored for `keep` replays are forgotten."""
    known = state.reference
    old = state.replays - known.last_seen > keep
    stale = {known.probes[row] for row in np.flatnonzero(old).tolist()} if old.any() else set()
    if not replay.values.keys() <= _as_set(known.probes) or stale - replay.values.keys():
        probes = tuple(sorted((set(known.probes) - stale) | replay.values.keys()))
        row = {probe: i for i, probe in enumerate(known.probes)}
        source = np.array([row.get(probe, -1) for probe in probes], dtype=np.int64)
        recent = np.full((len(state.recent), len(probes), state.recent.shape[2]), np.nan)
        recent[:, source >= 0] = state.recent[:, source[source >= 0]]
        mixture = state.mixture.with_rows(source)
        extra = extras_with_rows(state.extra, source)
        state = changed(state, reference=known.with_rows(probes), recent=recent, mixture=mixture, extra=extra)
    new = replay_matrix(state.reference.probes, replay.values)
    return changed(state, reference=state.reference.seen(new, index=state.replays)), new


def with_recent(state: StreamState, new: Floats) -> StreamState:
    """Keep the values of the last replays, shape (n_replays, n_probes, n_samples)."""
    recent, added = state.recent, new[None]
    samples = max(recent.shape[2], added.shape[2])
    recent, added = _padded(recent, samples), _padded(added, samples)
    return changed(
        state,
        recent=np.concatenate([recent, added])[-_RECENT:],
        recent_index=np.append(state.recent_index, state.replays)[-_RECENT:],
    )


def _padded(values: Floats, samples: int) -> Floats:
    missing = samples - values.shape[2]
    return np.pad(values, ((0, 0), (0, 0), (0, missing)), constant_values=np.nan) if missing else values
