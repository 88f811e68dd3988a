"""The chart that pages: e-detectors of several kinds of change, averaged; no size or kind of change need be known.

Best when it is not known what will change. Where it is known (a shift of one sd under a long reference), a CUSUM
tuned to it is as quick.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channels import SPREADS, SideBets
from driftwatch.stats.dense import PARTS, DenseState
from driftwatch.stats.detector import Reading
from driftwatch.stats.e_detector import Bank, fed_together, log_mean, log_sum
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.event_bets import FLAKY, ODDS, TURNED
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.mixture import EVENLY, Location, LocationMixture, MixtureState

Floats = NDArray[np.float64]

# Rare and far events, and some probes of many, are cheap: while nothing changes their processes rest near zero.
# The shares were chosen on the scenarios of benchmarks/detection; docs/explanation/engine.md has what they buy.
WEIGHTS: Mapping[Kind, Mapping[str, float]] = {
    # The spread of a pass/fail answer is a function of its rate; the odds are its second location.
    "binary": {"location": 0.25, "odds": 0.20, "rare": 0.15, "single": 0.10, "dense": 0.30},
    "graded": {"location": 0.42, "scale": 0.08, "rare": 0.10, "far": 0.10, "single": 0.08, "dense": 0.22},
    "continuous": {"location": 0.40, "scale": 0.10, "far": 0.22, "single": 0.02, "dense": 0.26},
}
SHARES: Mapping[Kind, tuple[float, ...]] = {
    "binary": EVENLY,
    "graded": (0.20, 0.30, 0.25, 0.20, 0.05),
    "continuous": EVENLY,
}
"""What each of `mixture.SHIFTS` counts in the location. A nat costs a small one many replays, so it pays fewer nats."""
_RAISED = 0.5  # share of the threshold above which an excursion is dated
_LOCATION = {kind: LocationMixture(arl=math.e, shares=shares) for kind, shares in SHARES.items()}  # of any window
_CHANNELS = ("scale", "rare", "far", "odds", "single")


def _bank_shapes(kind: Kind) -> dict[str, tuple[int, ...]]:
    """Shape of each channel's bank before any probe; empty where the metric's kind has no such bet."""
    used = WEIGHTS[kind]
    sides = 1 if kind == "binary" else 2  # of a pass/fail answer one side is what the other is not
    sizes = {"scale": SPREADS.size, "rare": sides * TURNED.size, "far": 2 * TURNED.size, "odds": ODDS.size + FLAKY.size}
    return {name: (sizes[name] if name in used else 0,) for name in sizes} | {"single": (0, sides)}


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
        Alarm level of the logarithm of the mean. At ``log(arl)`` the in-control ARL is at least `arl` as far as the
        bets are fair: see Notes.
    kind : {"binary", "graded", "continuous"}
        Chooses the channels and their weights.
    window : int
        Starts of a change of location that are kept, in replays.

    Notes
    -----
    The mean of martingales of one filtration needs no correction for the number of channels. Here that is measured, not
    proved: the location is a martingale of its own past evidence alone, up to its normal approximation, empirical-Bayes
    bets are Bayes, and products of conditional e-values are no martingales in the forward filtration [1]_, [2]_.

    References
    ----------
    .. [1] V. Vovk, I. Nouretdinov and A. Gammerman, "Conformal e-testing", arXiv 2006.02329 (2020).
    .. [2] Y. J. Choe and A. Ramdas, "Combining evidence across filtrations", arXiv 2402.09698 (2024).
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
        return LocationMixture(arl=math.e, window=self.window, shares=SHARES[self.kind])

    def start(self) -> ChannelState:
        """No replay yet."""
        banks = {name: Bank.empty(shape) for name, shape in _bank_shapes(self.kind).items()}
        return ChannelState(location=self._location.start(), banks=banks, dense=DenseState.empty(), updates=0)

    def update(self, state: ChannelState, evidence: ChannelEvidence) -> ChannelState:
        """Bet on this replay; its rows are the state's rows."""
        side = evidence.side
        return ChannelState(
            location=self._location.update(state.location, evidence.location),
            banks=fed_together(state.banks, {name: getattr(side, name) for name in _CHANNELS}),
            dense=state.dense.fed(side.dense),
            updates=state.updates + 1,
        )

    def read(self, state: ChannelState) -> Reading:
        """Logarithm of the weighted mean, at least 0."""
        return _reading(self, state)

    def location_log(self, state: ChannelState) -> float:
        """Logarithm of the mean of the processes on the location."""
        return _LOCATION[self.kind].log_mean(state.location)

    def channel_logs(self, state: ChannelState) -> dict[str, float]:
        """What each channel adds to the mean, as a logarithm."""
        return _channel_logs(self.kind, state)

    def dense_bet(self, state: ChannelState, side: SideBets) -> float:
        """Log ratio that the dense channel laid on the replay it was given last."""
        return state.dense.latest(side.dense, PARTS[self.kind])

    def lead(self, state: ChannelState) -> Lead:
        """The leading process of the leading channel."""
        logs = self.channel_logs(state)
        channel = max(logs, key=lambda name: logs[name])
        if channel == "location":
            onset = self._location.read(state.location).onset
            return Lead(channel=channel, place=(), since=state.updates - (state.updates if onset is None else onset))
        if channel == "dense":
            first = int(state.dense.starts[int(np.argmax(_dense_by_start(self.kind, state)))])
            return Lead(channel=channel, place=(), since=state.updates - first)
        logs_of = _logs_of(channel, state)
        place = np.unravel_index(int(np.argmax(logs_of)), logs_of.shape)
        return Lead(channel=channel, place=tuple(map(int, place)), since=int(state.banks[channel].since[place]))


# A state is read when its replay is judged and again when it is told.
@lru_cache(maxsize=8)
def _reading(chart: ChannelMixture, state: ChannelState) -> Reading:
    statistic = max(0.0, log_sum(np.array(list(chart.channel_logs(state).values())))) if state.updates else 0.0
    return Reading(
        statistic=statistic,
        threshold=chart.threshold,
        alarm=statistic >= chart.threshold,
        onset=state.updates - chart.lead(state).since if statistic > _RAISED * chart.threshold else None,
    )


@lru_cache(maxsize=8)
def _channel_logs(kind: Kind, state: ChannelState) -> dict[str, float]:
    weights = WEIGHTS[kind]
    logs = {name: log_mean(_logs_of(name, state)) for name in state.banks if name in weights}
    dense = log_sum(_dense_by_start(kind, state)) if state.dense.updates else -math.inf
    logs |= {"location": _LOCATION[kind].log_mean(state.location), "dense": dense}
    return {name: logs[name] + math.log(weight) for name, weight in weights.items()}


def _logs_of(channel: str, state: ChannelState) -> Floats:
    """Logarithms of a channel's processes; those of the odds, a second location, divided by what sums wander."""
    bank, variances = state.banks[channel], state.location.variances
    if channel != "odds" or (variances == 1).all():
        return bank.logs
    excursion = np.clip(bank.since, 1, len(variances))
    return np.where(bank.logs > 0, bank.logs / variances[-excursion], bank.logs)


@lru_cache(maxsize=8)
def _dense_by_start(kind: Kind, state: ChannelState) -> Floats:
    return state.dense.by_start(PARTS[kind])
