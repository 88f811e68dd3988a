"""What one state of an endpoint looks like, probe by probe, and how well it predicts other replays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Values = Mapping[str, Sequence[float]]

_HALF = 0.5  # Jeffreys' prior of a rate
_SHRUNK = 4.0  # values' worth of the other probes' spread that enters a probe's own
_ANYWHERE = 2.0  # standard deviations by which a moved probe lies elsewhere
_LEAST_SPREAD = 1e-6  # of the largest mean: where nothing ever varied, any other value is another state
_FARTHEST = 1e100  # standard deviations; squares of more overflow
_FORGOTTEN = 200  # times a state is learned without a probe before it forgets that


class Moments(NamedTuple):
    """Number, mean and sum of squared deviations of one probe's values, and when the last came."""

    seen: int
    mean: float
    squares: float
    at: int

    def joined(self, values: Sequence[float], at: int) -> "Moments":
        """With more values (Chan, Golub and LeVeque 1983)."""
        added = len(values)
        mean = math.fsum(values) / added
        squares = math.fsum((value - mean) ** 2 for value in values)
        whole, step = self.seen + added, mean - self.mean
        return Moments(
            seen=whole,
            mean=self.mean + step * added / whole,
            squares=self.squares + squares + step * step * self.seen * added / whole,
            at=at,
        )


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One state.

    Parameters
    ----------
    probes : mapping of str to Moments
        Of every probe scored in this state.
    accepted : bool
        Whether a person took it for right.
    learned : int
        When it was learned last, counted in calls of `StateBook.learn`.
    """

    name: str
    probes: Mapping[str, Moments] = field(default_factory=dict)
    accepted: bool = False
    learned: int = 0

    def with_values(self, values: Values, *, at: int, most: int) -> "Signature":
        """The signature with more values, at most about `most` for each probe."""
        probes = {probe: held for probe, held in self.probes.items() if at - held.at <= _FORGOTTEN}
        for probe, given in values.items():
            held = probes.get(probe, Moments(0, 0.0, 0.0, at))
            taken = given[: max(0, most - held.seen)]
            if taken or held.seen:
                probes[probe] = held.joined(taken, at) if taken else held._replace(at=at)
        return replace(self, probes=probes, learned=at)

    def to_plain(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "name": self.name,
            "accepted": self.accepted,
            "learned": self.learned,
            "probes": {probe: list(held) for probe, held in self.probes.items()},
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> "Signature":
        """What `to_plain` wrote."""
        return cls(
            name=data["name"],
            accepted=data["accepted"],
            learned=data["learned"],
            probes={probe: Moments(*held) for probe, held in data["probes"].items()},
        )


def log_predictive(state: Signature, values: Values, probes: Sequence[str], kind: str) -> tuple[Floats, Floats]:
    """Log likelihood of each probe's values if it is as in this state, and if it moved anywhere.

    Parameters
    ----------
    probes : sequence of str
        Probes that the state and the values share.

    Examples
    --------
    >>> state = Signature(name="baseline").with_values({"p": [0.0] * 30}, at=0, most=200)
    >>> same, moved = log_predictive(state, {"p": [1.0]}, ["p"], "binary")
    >>> round(float(same[0]), 2), round(float(moved[0]), 2)
    (-4.13, -0.69)
    """
    if kind == "binary":
        return _rates(state, values, probes)
    return _means(state, values, probes)


def log_alike(state: Signature, values: Values, probes: Sequence[str], kind: str) -> float:
    """Log likelihood ratio of "all probes moved alike, by about a standard deviation" against "as in this state"."""
    steps, error = _steps(state, values, probes, kind)
    evidence, information = float((steps / error).sum()), float((1 / error).sum())
    return evidence**2 / (2 * (information + 1)) - 0.5 * math.log1p(information)


def standardised_distance(state: Signature, values: Values, probes: Sequence[str], kind: str) -> float:
    """Root mean square over probes of the difference of means, in standard deviations of single values."""
    return float(np.sqrt(np.mean(_steps(state, values, probes, kind)[0] ** 2)))


def between_replays(replays: Sequence[Values]) -> float:
    """Standard deviation between replays of the evidence that their probes share; 1 or more.

    Parameters
    ----------
    replays : sequence of mapping
        Probe key to values, of quiet replays.

    Returns
    -------
    float
        About 1 for independent probes; 1 where fewer than 3 replays, or no probe that varied, can tell.

    Examples
    --------
    >>> round(between_replays([{"p": [0.0], "q": [0.0]}, {"p": [1.0], "q": [1.0]}] * 6), 3)
    1.414
    """
    means = [{probe: math.fsum(v) / len(v) for probe, v in replay.items() if v} for replay in replays]
    always = sorted(set.intersection(*map(set, means))) if len(means) > 2 else []
    grid = np.array([[mean[probe] for probe in always] for mean in means]).reshape(len(means), -1)
    spread = grid.std(axis=0, ddof=1) if always else np.zeros(0)
    varied = grid[:, spread > 0]
    if not varied.size:
        return 1.0
    together = (varied / spread[spread > 0]).sum(axis=1) / math.sqrt(varied.shape[1])
    return max(1.0, float(together.std(ddof=1)))


def _steps(state: Signature, values: Values, probes: Sequence[str], kind: str) -> tuple[Floats, Floats]:
    """Differences of means in standard deviations of single values, and the variances of their errors."""
    held = [state.probes[probe] for probe in probes]
    now = np.array([math.fsum(values[probe]) / len(values[probe]) for probe in probes])
    seen = np.array([h.seen for h in held], dtype=float)
    mean = np.array([h.mean for h in held])
    if kind == "binary":
        # A probe that never failed is not known never to fail.
        mean = (seen * mean + _HALF) / (seen + 1)
        variance = mean * (1 - mean)
    else:
        variance = _spreads(held)[0]
    steps = np.clip((now - mean) / np.sqrt(variance), -_FARTHEST, _FARTHEST)
    return steps, 1 / seen + 1 / np.array([len(values[probe]) for probe in probes])


def _rates(state: Signature, values: Values, probes: Sequence[str]) -> tuple[Floats, Floats]:
    same, moved = [], []
    for probe in probes:
        held, given = state.probes[probe], values[probe]
        ones, zeros = math.fsum(given), len(given) - math.fsum(given)
        hits = held.seen * held.mean
        same.append(_beta_ratio(hits + _HALF, max(0.0, held.seen - hits) + _HALF, ones, zeros))
        moved.append(_beta_ratio(_HALF, _HALF, ones, zeros))
    return np.array(same), np.array(moved)


def _beta_ratio(a: float, b: float, ones: float, zeros: float) -> float:
    """Log chance of a sequence of ones and zeros under a Beta(a, b) rate."""
    return _log_beta(a + ones, b + zeros) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _means(state: Signature, values: Values, probes: Sequence[str]) -> tuple[Floats, Floats]:
    variance, degrees = _spreads([state.probes[probe] for probe in probes])
    steps, error = _steps(state, values, probes, "continuous")
    elsewhere = error + _ANYWHERE**2
    # As densities of the mean itself, so that states of another spread compare.
    unit = 0.5 * np.log(variance)
    return _log_student(steps, error, degrees) - unit, _log_student(steps, elsewhere, degrees) - unit


def _spreads(held: Sequence[Moments]) -> tuple[Floats, Floats]:
    """Variance of single values of each probe, shrunk to the median of all, and its degrees of freedom."""
    counts = np.array([h.seen for h in held], dtype=float)
    squares = np.array([h.squares for h in held])
    largest = max(abs(h.mean) for h in held)
    varied = squares[squares > 0] / np.maximum(counts[squares > 0] - 1, 1)
    usual = median(varied.tolist()) if varied.size else 0.0
    least = (_LEAST_SPREAD * largest) ** 2 or _LEAST_SPREAD**2
    degrees = counts - 1 + _SHRUNK
    return (squares + _SHRUNK * max(usual, least)) / degrees, degrees


def _log_student(steps: Floats, variance: Floats, degrees: Floats) -> Floats:
    """Log density of the t law of this spread."""
    factor = np.array([math.lgamma((d + 1) / 2) - math.lgamma(d / 2) - 0.5 * math.log(d * math.pi) for d in degrees])
    log: Floats = factor - 0.5 * np.log(variance) - (degrees + 1) / 2 * np.log1p(steps**2 / variance / degrees)
    return log
