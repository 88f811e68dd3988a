"""A plan for a terminal: one sentence, then what it costs, where the false alarms go, what is found how soon."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table

from driftwatch.cli.render.plan import UNFOUND, periods, statement
from driftwatch.cli.render.terminal import plain, table
from driftwatch.domain.legible import one_line
from driftwatch.domain.listing import listed
from driftwatch.stats.power_simulated import RUNS, SEED

if TYPE_CHECKING:
    from driftwatch.services.plan import EndpointPlan, Taken
    from driftwatch.services.plan_power import StreamPower

YEAR = 365.0
WITHIN = {1: "a day", 7: "a week", 30: "a month"}
NAMED = 24
"""Streams with the same share that are named; there may be hundreds."""


def drawn_plan(plan: "EndpointPlan") -> Iterator[RenderableType]:
    """Yield what is to be shown of one endpoint."""
    title = plain(f"{one_line(plan.name, 100)}  {one_line(plan.model, 100)}")
    yield Rule(title, align="left", style="dim", characters="─")
    if said := statement(plan):
        yield plain(said, "bold")
    yield plain(f"{plan.probes} probes, {plan.replays_per_day:.4g} replays a day, baseline of {plan.baseline_replays}.")
    yield plain("\nWhat it costs", "bold")
    yield plain(_basis(plan), "dim")
    yield _costs(plan)
    yield plain("Where the false alarms you allow go", "bold")
    yield _budget(plan)
    if plan.powers:
        yield plain("What is found, and after how long on average", "bold")
        for unit, times, what in (("rate", 100.0, "points"), ("sd", 1.0, "sd")):
            if powers := [power for power in plan.powers if power.unit == unit]:
                yield from _found(plan, powers, times, what)
        yield plain(_how(plan), "dim")
    if left := _left_out(plan):
        yield plain(left, "dim")


def span(replays: float | None, per_day: float) -> str:
    """Return how long so many replays take, as short as a table wants it.

    Infinitely many stand for what no simulated run found: the bound is by the rule of three, at 95 %.

    Examples
    --------
    >>> from math import inf
    >>> [span(replays, 24.0) for replays in (1.3, 34.5, 70, 350, 4600, 26500, inf, None)]
    ['1.3 h', '34 h', '2.9 days', '15 days', '192 days', '3 years', '> 15 years', '-']
    """
    if replays is None:
        return "-"
    if not isfinite(replays):
        return f"> {span(UNFOUND, per_day)}"
    days = replays / per_day
    if days >= 2 * YEAR:
        return f"{days / YEAR:,.0f} years"
    if days >= 2:
        return f"{days:.0f} days" if days >= 10 else f"{days:.1f} days"
    return f"{days * 24:.0f} h" if days * 24 >= 10 else f"{max(days * 24, 0.1):.1f} h"


def _basis(plan: "EndpointPlan") -> str:
    if plan.taken.replays:
        count = plan.taken.replays
        return f"Tokens and money as in the last {'replay' if count == 1 else f'{count} replays'}."
    return "At most: 3 characters a token, the whole of max_tokens, no retries."


def _costs(plan: "EndpointPlan") -> Table:
    rows = [_row(plan.taken, name, times) for name, times in periods(plan)]
    if plan.sensors:
        rows += [_row(plan.sensors, f"{name}, of these sensors", times) for name, times in periods(plan)[1::2]]
    if plan.grading:
        rows += [_row(plan.grading, f"{name}, judges", times) for name, times in periods(plan)]
    return _figures(table(("per", "calls", "tokens in", "tokens out", "USD"), rows), since=1)


def _row(taken: "Taken", name: str, times: float) -> tuple[str, ...]:
    counts = (taken.calls, taken.input_tokens, taken.output_tokens)
    usd = "not known" if taken.usd is None else f"{taken.usd * times:,.4g}"
    return (name, *("not known" if c is None else f"{c * times:,.0f}" for c in counts), usd)


def _budget(plan: "EndpointPlan") -> Table:
    """Return the shares; streams with the same one stand in one row."""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for s in plan.shares:
        told = f"{100 * s.share:.1f} %", f"{s.per_year:.2f}", span(s.arl, plan.replays_per_day)
        alike.setdefault((s.severity.value, *told), []).append(s.metric)
    rows = [(may, listed(names, NAMED), *told) for (may, *told), names in alike.items()]
    columns = ("may", "each of these streams", "share", "a year", "one in")
    return _figures(table(columns, rows), since=2)


def _found(plan: "EndpointPlan", powers: Sequence["StreamPower"], times: float, what: str) -> Iterator[RenderableType]:
    """Yield what streams find whose changes are told in the same unit."""
    small, large = (f"{times * powers[0].delays[place].effect:.3g} {what}" for place in (1, -1))
    rows = [
        (
            power.metric,
            str(power.probes),
            *(span(power.delays[place].told, plan.replays_per_day) for place in (1, -1)),
            span(_early(power), plan.replays_per_day),
            *(f"{times * power.detectable[days]:.2g}" if days in power.detectable else "none" for days in WITHIN),
        )
        for power in powers
    ]
    yield plain(
        f"At first: {large} just after the baseline. The last three: the smallest change found so soon, in {what}.",
        "dim",
    )
    made = table(("stream", "probes", small, large, "at first", *WITHIN.values()), rows)
    made.collapse_padding = True
    for column in made.columns[1:]:
        column.no_wrap = True
    yield _figures(made, since=1)


def _early(power: "StreamPower") -> float | None:
    large = power.delays[-1]
    return large.early if large.mixture is None else large.mixture_early


def _figures(made: Table, *, since: int) -> Table:
    for column in made.columns[since:]:
        column.justify = "right"
    return made


def _how(plan: "EndpointPlan") -> str:
    assumed = any(power.basis == "assumed" for power in plan.powers)
    lacking = any(days not in power.detectable for power in plan.powers for days in WITHIN)
    return (
        f"Delays are simulated ({RUNS} runs, seed {SEED}) where the mixture pages; the smallest are by the drawn "
        "CUSUM's Markov chain. points: of a rate in per cent; sd: standard deviations of a probe's own answers. "
        + ("Spreads are assumed until there is a baseline. " if assumed else "")
        + "-: not found, the growing baseline takes it in. "
        + ("none: too few replays by then, or so many that chance alone alarms. " if lacking else "")
        + "What an oracle would need: --json, docs/reference/plan.md."
    )


def _left_out(plan: "EndpointPlan") -> str | None:
    """Say which streams have no row: answers that never varied have no spread to measure a change in."""
    planned = {power.metric for power in plan.powers}
    left = [share.metric for share in plan.shares if share.metric not in planned]
    if not left:
        return None
    return (
        f"Not planned for: {listed(left, NAMED)}. Of these no spread is known: nothing of theirs varied in the "
        "baseline, or there is none yet. Where nothing varied, any other answer is evidence."
    )
