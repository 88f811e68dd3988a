"""A plan for a terminal, and as JSON."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.rule import Rule

from driftwatch.cli.render.terminal import plain, table
from driftwatch.domain.legible import one_line
from driftwatch.stats.power_simulated import HORIZON, RUNS, SEED

if TYPE_CHECKING:
    from driftwatch.services.plan import EndpointPlan, Taken
    from driftwatch.services.plan_power import Found, StreamPower

DAYS = {"replay": None, "day": 1.0, "month": 365 / 12, "year": 365.0}
HEADLINE = 0.03
"""The fall of a rate that the statement is about: 3 points."""


def plan_data(plan: "EndpointPlan") -> dict[str, Any]:
    """Return one endpoint's plan as plain JSON data."""
    taken = plan.taken
    return {
        "model": plan.model,
        "probes": plan.probes,
        "replays_per_day": plan.replays_per_day,
        "baseline_replays": plan.baseline_replays,
        "basis": {"measured_replays": taken.replays},
        "per": {name: _taken_data(taken, times) for name, times in _periods(plan)},
        "grading_per": plan.grading and {name: _taken_data(plan.grading, times) for name, times in _periods(plan)},
        "sensors_per": plan.sensors and {name: _taken_data(plan.sensors, times) for name, times in _periods(plan)},
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
    if found.told / plan.replays_per_day > 365:  # a year
        return f"A fall of {power.metric} by {100 * HEADLINE:.0f} points would not be seen within a year, {price}."
    basis = "its baseline" if power.basis == "baseline" else "an assumed rate of 90 %"
    return (
        f"A fall of {power.metric} by {100 * HEADLINE:.0f} points would be seen within "
        f"{_days(found.told, plan.replays_per_day)} on average ({basis}), {price}."
    )


def drawn_plan(plan: "EndpointPlan") -> Iterator[RenderableType]:
    """Yield what is to be shown of one endpoint."""
    title = plain(f"{one_line(plan.name, 100)}  {one_line(plan.model, 100)}")
    yield Rule(title, align="left", style="dim", characters="─")
    if said := statement(plan):
        yield plain(said, "bold")
    yield plain(_line(plan))
    rows = [_row(plan.taken, n, t) for n, t in _periods(plan)]
    if plan.sensors:
        rows += [_row(plan.sensors, f"{n}, of these sensors", t) for n, t in _periods(plan)[1::2]]
    graded = [_row(plan.grading, f"{n}, judges", t) for n, t in _periods(plan)] if plan.grading else []
    yield table(("per", "calls", "tokens in", "tokens out", "USD"), [*rows, *graded])
    columns = ("stream", "may", "share of the budget", "a false alarm in", "a year")
    yield table(
        columns,
        [
            (s.metric, s.severity.value, f"{100 * s.share:.1f} %", f"{s.arl:,.0f} replays", f"{s.per_year:.2f}")
            for s in plan.shares
        ],
    )
    if plan.powers:
        found = ("found after", "(after the baseline; oracle)")
        yield table(("stream", "probes", *found, "smallest in 1, 7, 30 days"), _found(plan))
    yield plain(
        f"Delays: of the mixture that pages, simulated (its location channel, {RUNS} runs, seed {SEED}); of the drawn "
        "CUSUM, by its Markov chain, where another chart pages, and for the smallest. In brackets: right after the "
        "baseline; of the oracle, a CUSUM that knows the change beforehand. sd: of a probe's own answers.",
        "dim",
    )


def _periods(plan: "EndpointPlan") -> list[tuple[str, float]]:
    return [(name, 1.0 if days is None else days * plan.replays_per_day) for name, days in DAYS.items()]


def _line(plan: "EndpointPlan") -> str:
    rate = f"{plan.probes} probes, {plan.replays_per_day:.4g} replays a day, baseline of {plan.baseline_replays}"
    if plan.taken.replays:
        return f"{rate}; tokens and money as in the last {plan.taken.replays} replays"
    return f"{rate}; tokens and money at most: 3 characters a token, the whole of max_tokens, no retries"


def _row(taken: "Taken", name: str, times: float) -> tuple[str, ...]:
    counts = (taken.calls, taken.input_tokens, taken.output_tokens)
    usd = "not known" if taken.usd is None else f"{taken.usd * times:,.4g}"
    return (name, *("not known" if c is None else f"{c * times:,.0f}" for c in counts), usd)


def _found(plan: "EndpointPlan") -> Sequence[tuple[str, ...]]:
    return [
        (
            power.metric,
            f"{power.probes}, {power.basis}",
            *(_after(power, power.delays[position], plan.replays_per_day) for position in (1, -1)),
            ", ".join(_effect(power, effect) for effect in power.detectable.values()),
        )
        for power in plan.powers
    ]


def _after(power: "StreamPower", found: "Found", per_day: float) -> str:
    soon = found.early if found.mixture is None else found.mixture_early
    early = "not found" if soon is None else _days(soon, per_day)
    return f"{_effect(power, found.effect)}: {_days(found.told, per_day)} ({early}; {_days(found.oracle, per_day)})"


def _effect(power: "StreamPower", effect: float) -> str:
    return f"{100 * effect:.3g} points" if power.unit == "rate" else f"{effect:.2g} sd"


def _days(replays: float, per_day: float) -> str:
    days = replays / per_day
    if days > 3650:  # ten years
        return "never"
    return f"{days:,.1f} days" if days >= 2 else f"{max(days * 24, 0.1):.1f} h"


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
