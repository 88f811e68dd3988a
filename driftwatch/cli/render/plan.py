"""A plan as JSON, and in one sentence."""

from math import isfinite
from typing import TYPE_CHECKING, Any

from driftwatch.stats.power_simulated import HORIZON, RUNS, SEED

if TYPE_CHECKING:
    from driftwatch.services.plan import EndpointPlan, Taken
    from driftwatch.services.plan_power import Found, StreamPower

DAYS = {"replay": None, "day": 1.0, "month": 365 / 12, "year": 365.0}
HEADLINE = 0.03
"""The fall of a rate that the statement is about: 3 points."""
UNFOUND = RUNS * HORIZON / 3
"""Replays that a change takes at least, on average, which no simulated run found."""


def plan_data(plan: "EndpointPlan") -> dict[str, Any]:
    """Return one endpoint's plan as plain JSON data."""
    taken = plan.taken
    return {
        "model": plan.model,
        "probes": plan.probes,
        "replays_per_day": plan.replays_per_day,
        "baseline_replays": plan.baseline_replays,
        "basis": {"measured_replays": taken.replays},
        "per": {name: _taken_data(taken, times) for name, times in periods(plan)},
        "grading_per": plan.grading and {name: _taken_data(plan.grading, times) for name, times in periods(plan)},
        "sensors_per": plan.sensors and {name: _taken_data(plan.sensors, times) for name, times in periods(plan)},
        "false_alarms": [
            {
                "stream": s.metric,
                "severity": s.severity.value,
                "share": s.share,
                "arl_replays": s.arl,
                "per_year": s.per_year,
            }
            for s in plan.shares
        ],
        "power": [_power(power, plan.replays_per_day) for power in plan.powers],
        "statement": statement(plan),
    }


def _taken_data(taken: "Taken", times: float) -> dict[str, float | None]:
    return {
        "calls": taken.calls * times,
        "input_tokens": _times(taken.input_tokens, times),
        "output_tokens": _times(taken.output_tokens, times),
        "usd": _times(taken.usd, times),
    }


def statement(plan: "EndpointPlan") -> str | None:
    """Return what silence is worth, in one sentence; None where no rate is watched."""
    power = next((p for p in plan.powers if p.unit == "rate" and p.severity.value == "page"), None)
    if power is None:
        return None
    found = next(f for f in power.delays if f.effect == HEADLINE)
    usd = plan.taken.usd
    price = "at a price that is not known" if usd is None else f"for {usd * plan.replays_per_day:.2f} USD a day"
    least = found.told if isfinite(found.told) else UNFOUND
    late = least / plan.replays_per_day > 365
    if late or not isfinite(found.told):
        within = "a year" if late else days(least, plan.replays_per_day)
        return f"A fall of {power.metric} by {100 * HEADLINE:.0f} points would not be seen within {within}, {price}."
    basis = "its baseline" if power.basis == "baseline" else "an assumed rate of 90 %"
    return (
        f"A fall of {power.metric} by {100 * HEADLINE:.0f} points would be seen within "
        f"{days(found.told, plan.replays_per_day)} on average ({basis}), {price}."
    )


def periods(plan: "EndpointPlan") -> list[tuple[str, float]]:
    """Return each span that money is told for, and its replays."""
    return [(name, 1.0 if long is None else long * plan.replays_per_day) for name, long in DAYS.items()]


def days(replays: float, per_day: float) -> str:
    """Return how long so many replays take."""
    taken = replays / per_day
    if taken > 3650:  # ten years
        return "never"
    return f"{taken:,.1f} days" if taken >= 2 else f"{max(taken * 24, 0.1):.1f} h"


def _power(power: "StreamPower", per_day: float) -> dict[str, Any]:
    return {
        "stream": power.metric,
        "severity": power.severity.value,
        "basis": power.basis,
        "unit": power.unit,
        "probes": power.probes,
        "delays": [_delay(found, per_day) for found in power.delays],
        "detectable": {f"{days}d": effect for days, effect in power.detectable.items()},
        "simulation": {"runs": RUNS, "seed": SEED, "horizon": HORIZON},
    }


def _delay(found: "Found", per_day: float) -> dict[str, Any]:
    return {
        "effect": found.effect,
        "replays": found.replays,
        "days": found.replays / per_day,
        "early_replays": found.early,
        "mixture": _mixture(found, per_day),
        "oracle_replays": _finite(found.oracle),
    }


def _mixture(found: "Found", per_day: float) -> dict[str, float | None] | None:
    if found.mixture is None:
        return None
    return {
        "replays": _finite(found.mixture.replays),
        "days": _finite(found.mixture.replays / per_day),
        "standard_error": _finite(found.mixture.standard_error),
        "found": found.mixture.found,
        "early_replays": found.mixture_early,
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _times(value: float | None, times: float) -> float | None:
    return None if value is None else value * times
