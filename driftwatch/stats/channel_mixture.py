"""The chart that pages: e-detectors of several kinds of change, averaged; no size or kind of change need be known.

Best when it is not known what will change. Where it is known (a shift of one sd under a long reference), a CUSUM
tuned to it is as quick.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channels import ODDS, SPREADS, TURNED, SideBets
from driftwatch.stats.dense import DenseState
from driftwatch.stats.detector import Reading
from driftwatch.stats.e_detector import Bank, log_mean
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.mixture import Location, LocationMixture, MixtureState

Floats = NDArray[np.float64]

_SHAPES = {"scale": (SPREADS.size,), "rare": (2 * TURNED.size,), "odds": (ODDS.size,), "single": (0, 2)}
_WEIGHTS: Mapping[Kind, Mapping[str, float]] = {
    # The spread of a pass/fail answer is a function of its rate; the odds are its second location.
    "binary": {"location": 0.72, "odds": 0.16, "rare": 0.06, "single": 0.06},
    "graded": {"location": 0.74, "scale": 0.08, "rare": 0.07, "single": 0.07, "dense": 0.04},
    "continuous": {"location": 0.74, "scale": 0.08, "rare": 0.07, "single": 0.07, "dense": 0.04},
}


@dataclass(frozen=True, kw_only=True)
class ChannelEvidence:
    """Evidence of one replay: its location, and the bets of the other channels."""

    location: Location
    side: SideBets


@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelState:
    """Location by start and bet, and one bank of processes for every other channel."""

    location: MixtureState
    banks: Mapping[str, Bank]
    dense: DenseState
    updates: int

    def with_rows(self, source: NDArray[np.int64]) -> "ChannelState":
        """The same for another set of probes: rows by their old position, -1 for a new one."""
        banks = {**self.banks, "single": self.banks["single"].with_rows(source)}
        return replace(self, banks=banks, dense=self.dense.with_rows(source))


@dataclass(frozen=True, kw_only=True)
class Lead:
    """The process that says most: its channel, its place in the channel's bank, and the length of its excursion."""

    channel: str
    place: tuple[int, ...]
    since: int


@dataclass(frozen=True, kw_only=True)
class ChannelMixture:
    """Weighted mean of the channels' Shiryaev-Roberts processes.

    Parameters
    ----------
    threshold : float
        Alarm level of the logarithm of the mean. At ``log(arl)`` the in-control ARL is at least `arl`.
    kind : {"binary", "graded", "continuous"}
        Chooses the channels and their weights.
    window : int
        Starts of a change of location that are kept, in replays.

    Notes
    -----
    The mean of martingales needs no correction for the number of channels. The guarantee is exact for the location
    channel up to its normal approximation. Empirical-Bayes bets are Bayes, and products of conditional e-values
    are no martingales in the forward filtration: for those channels the ARL is measured, not proved.
    """

    threshold: float
    kind: Kind
    window: int = 200

    def __post_init__(self) -> None:
        """Refuse parameters without a chart."""
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise DegenerateError(f"mixture: threshold must be a finite number above zero, got {self.threshold}")

    @cached_property
    def _location(self) -> LocationMixture:
        return LocationMixture(arl=math.e, window=self.window)

    def start(self) -> ChannelState:
        """No replay yet."""
        banks = {name: Bank.empty(_SHAPES[name]) for name in _SHAPES}
        return ChannelState(location=self._location.start(), banks=banks, dense=DenseState.empty(), updates=0)

    def update(self, state: ChannelState, evidence: ChannelEvidence) -> ChannelState:
        """Bet on this replay; its rows are the state's rows."""
        weights = _WEIGHTS[self.kind]
        banks = {
            name: bank.fed(getattr(evidence.side, name)) if name in weights else bank
            for name, bank in state.banks.items()
        }
        location = self._location.update(state.location, evidence.location)
        dense = state.dense.fed(evidence.side.dense) if "dense" in weights else state.dense
        return ChannelState(location=location, banks=banks, dense=dense, updates=state.updates + 1)

    def read(self, state: ChannelState) -> Reading:
        """Logarithm of the weighted mean, at least 0."""
        logs = self.channel_logs(state)
        statistic = max(0.0, float(np.logaddexp.reduce(list(logs.values())))) if state.updates else 0.0
        return Reading(
            statistic=statistic,
            threshold=self.threshold,
            alarm=statistic >= self.threshold,
            onset=state.updates - self.lead(state).since if statistic > 0 else None,
        )

    def channel_logs(self, state: ChannelState) -> dict[str, float]:
        """What each channel adds to the mean, as a logarithm."""
        logs = {"location": self._location.log_mean(state.location)}
        logs |= {name: log_mean(bank.logs) for name, bank in state.banks.items()}
        logs["dense"] = float(np.logaddexp.reduce(state.dense.by_start())) if state.dense.updates else -math.inf
        return {name: logs[name] + math.log(weight) for name, weight in _WEIGHTS[self.kind].items()}

    def lead(self, state: ChannelState) -> Lead:
        """The leading process of the leading channel."""
        logs = self.channel_logs(state)
        channel = max(logs, key=lambda name: logs[name])
        if channel == "location":
            onset = self._location.read(state.location).onset
            return Lead(channel=channel, place=(), since=state.updates - (state.updates if onset is None else onset))
        if channel == "dense":
            first = int(state.dense.starts[int(np.argmax(state.dense.by_start()))])
            return Lead(channel=channel, place=(), since=state.updates - first)
        bank = state.banks[channel]
        place = np.unravel_index(int(np.argmax(bank.logs)), bank.logs.shape)
        return Lead(channel=channel, place=tuple(map(int, place)), since=int(bank.since[place]))
