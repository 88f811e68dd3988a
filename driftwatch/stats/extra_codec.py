"""The states of a stream's extra charts as plain values and arrays, and back, exactly."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from driftwatch.stats.cvm import CvmState
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.ewma import EwmaState
from driftwatch.stats.extra_charts import ExtraState
from driftwatch.stats.self_starting_risk import RiskSide, SelfStartingRiskState
from driftwatch.stats.strays import StraysState

_SIDE = ("cells", "limit", "unspent", "rounding", "onset")


def packed(states: Mapping[str, ExtraState]) -> tuple[dict[str, dict[str, Any]], list[Any]]:
    """Plain values by chart, and all arrays in the alphabetical order of the charts.

    Examples
    --------
    >>> from driftwatch.stats.ewma import Ewma
    >>> states = {"ewma": Ewma().update(Ewma().start(), 0.5)}
    >>> unpacked(*packed(states)) == states
    True
    """
    plain: dict[str, dict[str, Any]] = {}
    arrays: list[Any] = []
    for name in sorted(states):
        plain[name], own = _packed(states[name])
        arrays += own
    return plain, arrays


def unpacked(plain: Mapping[str, dict[str, Any]], arrays: list[Any]) -> dict[str, ExtraState]:
    """The states that `packed` took apart.

    Raises
    ------
    DegenerateError
        If a state is of no chart that this version knows.
    """
    left = iter(arrays)
    return {name: _unpacked(name, plain[name], left) for name in sorted(plain)}


def _packed(state: ExtraState) -> tuple[dict[str, Any], list[Any]]:
    if isinstance(state, EwmaState):
        return asdict(state), []
    if isinstance(state, CvmState):
        return {"updates": state.updates, "held": len(state.window)}, list(state.window)
    if isinstance(state, StraysState):
        return {"rate": state.rate, "updates": state.updates}, [state.logs, state.sums, state.since, state.counted]
    sides = (state.worse, state.better)
    plain = [[getattr(side, name) for name in _SIDE] for side in sides]
    return {"updates": state.updates, "sides": plain}, [side.law for side in sides]


def _unpacked(name: str, plain: dict[str, Any], arrays: Iterator[Any]) -> ExtraState:
    if name == "ewma":
        return EwmaState(**plain)
    if name == "cvm":
        return CvmState(window=tuple(next(arrays) for _ in range(plain["held"])), updates=plain["updates"])
    if name == "risk-adjusted":
        sides = [RiskSide(**dict(zip(_SIDE, side, strict=True)), law=next(arrays)) for side in plain["sides"]]
        return SelfStartingRiskState(worse=sides[0], better=sides[1], updates=plain["updates"])
    if name == "strays":
        logs, sums, since, counted = (next(arrays) for _ in range(4))
        return StraysState(logs=logs, sums=sums, since=since, counted=counted, **plain)
    raise DegenerateError(f"stream state: no chart {name!r}; fold the stored scores again")
