"""What a gate found, for a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from driftwatch.cli.render.terminal import plain, table
from driftwatch.presentation.gate import chance, moved_named, sees
from driftwatch.presentation.words import number

if TYPE_CHECKING:
    from driftwatch.services.gate_found import EndpointGate, Gate, MetricGate

COLUMNS = ("metric", "", "before", "now", "change, 95 %", "p", "would be seen")
_STYLE = {"drift": "bold red", "unknown": "bold yellow", "unchanged": "bold green"}


def drawn_gate(found: "Gate") -> Iterator[RenderableType]:
    """Yield the verdict, then every endpoint with its metrics."""
    rules = found.rules
    odds = f"1 in {1 / rules.alpha:,.7g}"
    over = "over all metrics and endpoints"
    fails = "what harms users" if rules.harm_only else "any movement"
    yield plain(_verdict(found), _STYLE[found.verdict.value])
    yield plain(f"Fails on {fails}; an unchanged model does so {odds} times, {over}. Replays: {rules.replays}.", "dim")
    for one in found.endpoints:
        yield plain("")
        yield plain(f"{one.name}: {one.verdict.value}{f': {one.why}' if one.why else ''}", _STYLE[one.verdict.value])
        if one.asked:
            cost = "at a price that is not known" if one.cost_usd is None else f"{one.cost_usd:.4f} USD"
            yield plain(f"{one.answered} of {one.asked} questions answered, {cost}.")
        if one.why:
            yield plain("See: driftwatch explain gate-unknown", "dim")
        for note in one.notes:
            yield plain(f"Note: {note}.")
        yield from _metrics(one)


def _verdict(found: "Gate") -> str:
    count = {word: sum(one.verdict.value == word for one in found.endpoints) for word in _STYLE}
    said = ", ".join(f"{n} {word}" for word, n in count.items() if n)
    return f"{found.verdict.value}: {said}"


def _metrics(one: "EndpointGate") -> Iterator[RenderableType]:
    looked = sorted((row for row in one.metrics if row.look), key=lambda row: (not row.fails, row.p or 0.0))
    if looked:
        yield table(COLUMNS, [_row(row) for row in looked])
    for row in looked:
        if row.verdict.value != "unchanged" and (moved := moved_named(row)):
            yield plain(f"{row.metric.name}, moved most: {'; '.join(moved)}")
    without: dict[str, list[str]] = {}
    for row in one.metrics:
        if row.look is None:
            without.setdefault(f"{row.verdict.value}: {row.why}", []).append(row.metric.name)
    for why, names in without.items():
        yield plain(f"{', '.join(names)} {why}", "dim")


def _row(row: "MetricGate") -> tuple[str, ...]:
    effect = row.look.effect if row.look else None
    change = f"{effect.interval[0]:+.2g} to {effect.interval[1]:+.2g}" if effect else "-"
    before, after = (effect.before, effect.after) if effect else (None, None)
    name = row.metric.name if row.fails else f"({row.metric.name})"
    return name, row.verdict.value, number(before), number(after), change, chance(row.p), sees(row)
