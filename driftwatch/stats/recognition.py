"""Which known state some replays show, or a new one: the evidence of several metrics weighed together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.signature import Signature, Values, log_alike, log_predictive, standardised_distance

StateKind = Literal["binary", "continuous"]

LARGEST = 1e100
"""Squares of larger values overflow."""
MARGIN = math.log(20)
"""Log likelihood ratio that decides: a factor of 20."""
LAPSE = 0.05
"""Share of the probes that may measure anything in any known state: texts have rare variants, and no bell curve."""
_TURNED = (0.03, 0.1, 0.3, 1.0)  # shares of the probes that a new state may have turned


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """Which state some replays show.

    Parameters
    ----------
    verdict : {"known", "new", "undecided"}
        A known state again, none of them, or too little evidence for either.
    name : str or None
        The known state; None unless the verdict is known.
    log_ratio : float or None
        Log likelihood ratio of the likeliest reading (a known state, or a new one) against the next; None without
        common probes.
    distances : mapping of str to float
        Of every known state: root mean square over probes of the difference of means, in standard deviations of single
        values.
    """

    verdict: Literal["known", "new", "undecided"]
    name: str | None
    log_ratio: float | None
    distances: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One metric: how every state is known by it, and what it measured now (probe key to values)."""

    kind: StateKind
    states: Sequence[Signature]
    values: Values


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """How well one state predicts the values of all parts; arrays of shape (n_parts x n_probes,)."""

    same: Any
    moved: Any
    alike: tuple[float, ...]
    squares: Any

    @property
    def distance(self) -> float:
        return float(np.sqrt(np.mean(self.squares)))


def recognise(parts: Sequence[Part], *, margin: float = MARGIN, dispersion: float = 1.0) -> Recognition:
    """Say which state the values of all parts show.

    Parameters
    ----------
    parts : sequence of Part
        One for each metric. States that one of them does not know are no candidates; a part none of whose probes is
        known in every candidate adds nothing.
    margin : float
        Log likelihood ratio for "this known state, not that" and for "new".
    dispersion : float
        Standard deviation of quiet evidence between replays; weakens the evidence when above 1.

    Notes
    -----
    Metrics of one answer are taken as independent given the state. "New" gives half its weight to probes that moved
    anywhere, and half to all probes of one metric having moved alike.

    Examples
    --------
    >>> states = [Signature(name=n).with_values({"p": [v] * 30}, at=0, most=200) for n, v in (("A", 0.0), ("B", 1.0))]
    >>> recognise([Part(kind="binary", states=states, values={"p": [1.0, 1.0]})]).name
    'B'
    """
    if not (math.isfinite(dispersion) and dispersion > 0):
        raise DegenerateError(f"named states: dispersion must be a finite number above zero, got {dispersion}")
    for part in parts:
        refuse(part.values, part.kind)
    fits = _fits(parts)
    if not fits:
        return Recognition(verdict="undecided", name=None, log_ratio=None)
    power = max(1.0, dispersion) ** -2
    likelihoods = {name: power * float(fit.same.sum()) for name, fit in fits.items()}
    best = max(likelihoods, key=lambda name: likelihoods[name])
    return _verdict(
        likelihoods,
        new=_new(fits[best], likelihoods[best], power=power),
        margin=margin,
        distances={name: fit.distance for name, fit in fits.items()},
    )


def refuse(values: Values, kind: StateKind) -> None:
    """Raise `DegenerateError` for values that no state of this kind can have."""
    for probe, given in values.items():
        for value in given:
            if not (math.isfinite(value) and abs(value) <= LARGEST):
                raise DegenerateError(f"named states: probe {probe} has {value}; leave missing observations out")
            if kind == "binary" and value not in (0, 1):
                raise DegenerateError(f"named states: probe {probe} has {value}; a binary metric is 0 or 1")


def _fits(parts: Sequence[Part]) -> dict[str, _Fit]:
    told = [part for part in parts if any(part.values.values())]
    names = [s.name for s in told[0].states] if told else []
    for part in told:
        here = {state.name for state in part.states}
        names = [name for name in names if name in here]
    usable = [(part, common) for part in told if (common := _common(part, names))]
    return {name: _fit(name, usable) for name in names} if usable else {}


def _common(part: Part, names: Sequence[str]) -> tuple[str, ...]:
    """Probes that were scored now and in every candidate: an edited one compares with nothing."""
    shared = {probe for probe, given in part.values.items() if given}
    for state in part.states:
        if state.name in names:
            shared &= state.probes.keys()
    return tuple(sorted(shared)) if names else ()


def _fit(name: str, usable: Sequence[tuple[Part, tuple[str, ...]]]) -> _Fit:
    same, moved, alike, squares = [], [], [], []
    for part, common in usable:
        state = next(s for s in part.states if s.name == name)
        stayed, elsewhere = log_predictive(state, part.values, common, part.kind)
        same.append(_with_lapses(stayed, elsewhere) if part.kind == "continuous" else stayed)
        moved.append(elsewhere)
        alike.append(log_alike(state, part.values, common, part.kind))
        distance = standardised_distance(state, part.values, common, part.kind)
        squares.append(np.full(len(common), distance**2))
    joined = [np.concatenate(arrays) for arrays in (same, moved, squares)]
    return _Fit(same=joined[0], moved=joined[1], alike=tuple(alike), squares=joined[2])


def _with_lapses(stayed: Any, elsewhere: Any) -> Any:
    """Log likelihood of a known state some of whose probes measure something else for once."""
    return np.logaddexp(math.log1p(-LAPSE) + stayed, math.log(LAPSE) + elsewhere)


def _new(fit: _Fit, likelihood: float, *, power: float) -> float:
    """Log likelihood of a state that nobody has seen, near the likeliest known one or anywhere."""
    alike = np.logaddexp.reduce([power * one for one in fit.alike]) - math.log(len(fit.alike))
    return float(np.logaddexp(_unknown(fit.same, fit.moved, power=power), likelihood + alike)) - math.log(2)


def _unknown(same: Any, moved: Any, *, power: float) -> float:
    """Log likelihood of the state with an unknown share of its probes moved, averaged over that share."""
    with np.errstate(divide="ignore"):
        logs = [power * float(np.logaddexp(math.log1p(-e) + same, math.log(e) + moved).sum()) for e in _TURNED[:-1]]
    logs.append(power * float(moved.sum()))
    most = max(logs)
    return most + math.log(sum(math.exp(value - most) for value in logs) / len(logs))


def _verdict(known: Mapping[str, float], *, new: float, margin: float, distances: Mapping[str, float]) -> Recognition:
    best, *others = sorted(known, key=lambda name: -known[name])
    over_others = known[best] - max((known[name] for name in others), default=-math.inf)
    over_new = known[best] - new
    if -over_new >= margin:
        return Recognition(verdict="new", name=None, log_ratio=-over_new, distances=distances)
    ratio = min(over_others, over_new)
    if over_others >= margin and over_new > 0:
        return Recognition(verdict="known", name=best, log_ratio=ratio, distances=distances)
    return Recognition(verdict="undecided", name=None, log_ratio=abs(ratio), distances=distances)
