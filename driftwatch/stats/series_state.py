"""The state of a stream with a common factor: a fold of its replays, of a size that does not grow with their number."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.common_factor import ProbeLevels, log_values, probe_levels
from driftwatch.stats.cusum import CusumState
from driftwatch.stats.ks import KsState
from driftwatch.stats.reference import Reference, replay_matrix
from driftwatch.stats.series import SeriesState
from driftwatch.stats.series_latch import SeriesLatch
from driftwatch.stats.stream_state import ReplayValues

Floats = NDArray[np.float64]

HISTORY = 200  # replays whose evidence and regressors are kept: for the check, the onset and what to unlearn
RECENT = 50  # replays whose values are kept to say what moved
INDEX, Z, LEARNED, VALUE, ROW = range(5)  # columns of the history; regressors from the last one on
_LEVEL_FROM = 10  # values from which a probe that joined later has a level


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonFactorState:
    """A fold of the replays of one stream with a common factor.

    Parameters
    ----------
    reference : Reference
        Each probe's values, in the metric's unit.
    centre, scale : ndarrays, shape (n_probes,)
        Levels as fixed at the end of the baseline, on the scale of the regression; NaN without one.
    shifts : ndarray, shape (n_replays, 2)
        Index and common effect of the replays in the reference.
    times : ndarray, shape (n_baseline, 2)
        Index and hours (NaN where unknown) of the replays of the baseline; empty once it is complete.
    history : ndarray, shape (n_replays, 4 + n_columns)
        Index, score (NaN without one), whether learned, value and regressors of quiet replays.
    asked : ndarray of bool, shape (n_columns,)
        Regressors by which the history of an untrusted stream is scored.
    """

    replays: int
    baseline_seen: int
    reference: Reference
    centre: Floats
    scale: Floats
    shifts: Floats
    times: Floats
    recent: Floats
    recent_index: NDArray[np.int64]
    series: SeriesState
    history: Floats
    history_keys: tuple[str, ...]
    monitored_from: int
    asked: NDArray[np.bool_]
    cusum: CusumState
    ks: KsState
    z: float | None
    trusted: bool
    distrust: str | None
    latch: SeriesLatch | None

    @property
    def levels(self) -> ProbeLevels:
        """Where each probe usually lies."""
        return ProbeLevels(centre=self.centre, scale=self.scale)


def with_probes(
    state: CommonFactorState, replay: ReplayValues, keep: int, *, log: bool
) -> tuple[CommonFactorState, Floats]:
    """Rows for every probe of the replay, and its values, shape (n_probes, n_samples), as the metric gives them.

    Probes not scored for `keep` replays are forgotten. On the log scale what is not positive is missing.
    """
    known = state.reference
    stale = {p for p, seen in zip(known.probes, known.last_seen.tolist(), strict=True) if state.replays - seen > keep}
    probes = tuple(sorted((set(known.probes) - stale) | replay.values.keys()))
    if probes != known.probes:
        row = {probe: i for i, probe in enumerate(known.probes)}
        source = np.array([row.get(probe, -1) for probe in probes], dtype=np.int64)
        recent = np.moveaxis(_taken(np.moveaxis(state.recent, 1, 0), source), 0, 1)
        centre, scale = _taken(state.centre, source), _taken(state.scale, source)
        state = replace(state, reference=known.with_rows(probes), recent=recent, centre=centre, scale=scale)
    new = replay_matrix(state.reference.probes, replay.values)
    if log:
        new = np.where(new > 0, new, np.nan)
    return replace(state, reference=state.reference.seen(new, index=state.replays)), new


def with_recent(state: CommonFactorState, new: Floats) -> CommonFactorState:
    """Keep the values of the last replays, shape (n_replays, n_probes, n_samples)."""
    samples = max(state.recent.shape[2], new.shape[1])
    both = [_padded(values, samples) for values in (state.recent, new[None])]
    return replace(
        state,
        recent=np.concatenate(both)[-RECENT:],
        recent_index=np.append(state.recent_index, state.replays)[-RECENT:],
    )


def with_levels(state: CommonFactorState, *, log: bool, least: int = _LEVEL_FROM) -> CommonFactorState:
    """Fix the level of every probe that has none yet and `least` values or more; others keep theirs."""
    wanted = np.isnan(state.scale) & (state.reference.counts >= least)
    if not wanted.any():
        return state
    # Without the common effects of their replays, so that one who joins late moves nothing.
    fresh = probe_levels(held_without_shifts(state, log=log)[wanted])
    centre, scale = state.centre.copy(), state.scale.copy()
    centre[wanted], scale[wanted] = fresh.centre, fresh.scale
    return replace(state, centre=centre, scale=scale)


def held_without_shifts(state: CommonFactorState, *, log: bool) -> Floats:
    """The reference on the scale of the regression, the common effect of each replay removed."""
    held = state.reference.held
    scaled = log_values(held) if log else held
    if not len(state.shifts):
        return scaled
    stamps = state.reference.stamps[:, : held.shape[1]]
    at = np.minimum(np.searchsorted(state.shifts[:, 0], stamps), len(state.shifts) - 1)
    removed: Floats = scaled - np.where(state.shifts[at, 0] == stamps, state.shifts[at, 1], 0.0)
    return removed


def of_replay(reference: Reference, index: int) -> Floats:
    """Values that one replay gave to the reference, shape (n_probes, n_samples)."""
    own = reference.stamps == index
    samples = max(1, int(own.sum(axis=1).max(initial=0)))
    out = np.full((len(reference.probes), samples), np.nan)
    rows, columns = np.nonzero(own)
    first = np.argmax(own, axis=1)
    out[rows, columns - first[rows]] = reference.values[rows, columns]
    return out


def _taken(array: Floats, source: NDArray[np.int64]) -> Floats:
    out = np.full((len(source), *array.shape[1:]), np.nan)
    out[source >= 0] = array[source[source >= 0]]
    return out


def _padded(values: Floats, samples: int) -> Floats:
    missing = samples - values.shape[2]
    return np.pad(values, ((0, 0), (0, 0), (0, missing)), constant_values=np.nan) if missing else values
