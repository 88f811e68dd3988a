"""A stream's alarm: dated when it comes, and watched until the evidence is back to normal."""

import math

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channel_mixture import ChannelEvidence, ChannelMixture, Lead
from driftwatch.stats.cusum import turned as other_side
from driftwatch.stats.detector import Reading
from driftwatch.stats.latch import Latch, latch_at, recovered
from driftwatch.stats.recovery import Recovery
from driftwatch.stats.stream_state import INDEX, RAW, SHARED, SPREAD, StreamState, Z, changed, with_recent

Floats = NDArray[np.float64]


def latched(state: StreamState, chart: str, reading: Reading, *, lead: Lead) -> StreamState:
    """Date the change and take back what was absorbed since."""
    index = state.history[:, INDEX].astype(np.int64)
    watched = int(np.searchsorted(index, state.monitored_from))
    latch = latch_at(
        chart=chart,
        zs=state.history[watched:, Z],
        keys=state.history_keys[watched:],
        indices=index[watched:],
        excursion=1 if reading.onset is None else state.ks.updates - reading.onset,  # all charts count alike
        lead=lead,
        probes=state.reference.probes,
        references=_references(state),
    )
    quiet = int(np.searchsorted(index, latch.onset_index))
    taken = state.history[quiet:][state.history[quiet:, SHARED] == 1]
    return changed(
        state,
        latch=latch,
        reference=state.reference.without_since(latch.onset_index),
        rhythm=state.rhythm.without_since(latch.onset_index),
        wander=state.wander.without_since(latch.onset_index),
        history=state.history[:quiet],
        history_keys=state.history_keys[:quiet],
        frozen_sum=state.frozen_sum - float(taken[:, RAW].sum()),
        frozen_spread=state.frozen_spread - float(taken[:, SPREAD].sum()),
        frozen_count=state.frozen_count - len(taken),
    )


def turned(state: StreamState, latch: Latch, new: Floats, *, key: str, reference: float) -> StreamState:
    """The alarm of the other side, where the CUSUM has found one: what goes on there is no return to normal.

    Parameters
    ----------
    new : ndarray, shape (n_probes, n_samples)
        Values of the replay that it was found on, which dates it: of those before it no evidence was kept.
    key : str
        That replay's.
    reference : float
        The CUSUM's.
    """
    down = state.z is not None and state.z < 0
    shift, replays, rested = other_side(state.cusum, down=down, reference=reference)
    again = Latch(
        chart=latch.chart,
        onset_index=state.replays,
        onset_key=key,
        onset_interval=(key, key),
        shift=shift,
        recovery=Recovery.since(shift, replays, references=_references(state)),
    )
    return with_recent(changed(state, latch=again, cusum=rested), new)


def after_alarm(
    state: StreamState,
    latch: Latch,
    new: Floats,
    bets: ChannelEvidence | None,
    *,
    mixture: ChannelMixture,
    shape: float,
    strays: float = 0.0,
) -> StreamState:
    """The reference rests; count the replays that look like it again.

    Parameters
    ----------
    new : ndarray, shape (n_probes, n_samples)
        The replay's values.
    bets : ChannelEvidence or None
        What the mixture was given of it; None where nothing differs from a constant reference.
    mixture : ChannelMixture
        The chart that was given it.
    shape : float
        Share of its threshold of the KS chart, or of the Cramér-von Mises chart where that one alarmed.
    strays : float
        Log bet of the chart of strays on it.
    """
    compared = np.isfinite(new).any(axis=1) & (state.reference.counts > 0)
    if not compared.any():
        return state
    # All bags constant: today's answers equal the reference, which is as normal as can be.
    z = 0.0 if state.z is None else state.z
    bet = strays if latch.channel == "strays" else _bet_again(state, latch, bets, mixture)
    after = recovered(latch, z, shape, bet)
    state = changed(state, latch=after)
    return state if after.calm else with_recent(state, new)


def _references(state: StreamState) -> float:
    """Replays that the reference holds, and those whose mean stands for its error once it is full."""
    stamps = state.reference.stamps
    return float(np.unique(stamps[stamps >= 0]).size + state.frozen_count)


def _bet_again(state: StreamState, latch: Latch, bets: ChannelEvidence | None, mixture: ChannelMixture) -> float | None:
    """Log bet that the process that alarmed lays on this replay; None where nothing differs."""
    if bets is None:
        return None
    if latch.channel == "location":
        return 0.0
    if latch.channel == "dense":
        return mixture.dense_bet(state.mixture, bets.side)
    place = latch.place
    if latch.probe is not None:
        if latch.probe not in state.reference.probes:
            return 0.0
        place = (state.reference.probes.index(latch.probe), *place[1:])
    bet = float(getattr(bets.side, latch.channel)[place])
    return bet if math.isfinite(bet) else 0.0
