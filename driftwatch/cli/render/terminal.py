"""The report for a terminal, or as plain text. Nothing in it is ever read as markup."""

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from driftwatch.cli.terminal import printable
from driftwatch.domain.legible import one_line
from driftwatch.presentation import words
from driftwatch.presentation.diff import Side, side_by_side
from driftwatch.presentation.order import in_order
from driftwatch.services.standing import EndpointState

if TYPE_CHECKING:  # the engine is not imported to show an incident
    from driftwatch.services.report import Report
    from driftwatch.services.report_endpoint import EndpointReport, StreamReport
    from driftwatch.services.report_incident import IncidentReport

WIDTH = 110
NARROWEST = 60
BESIDE_COURSE = 86
"""Characters of a stream's row beside its course."""
LEAST_COURSE = 8
PROBES_SHOWN = 3
_STYLE = {
    EndpointState.UNCHANGED: "green",
    EndpointState.DRIFTED: "bold red",
    EndpointState.LEARNING: "cyan",
    EndpointState.NOT_TRUSTED: "yellow",
    EndpointState.NO_DATA: "yellow",
    EndpointState.ERROR: "red",
}


def render_terminal(report: "Report", *, width: int = WIDTH, color: bool = False) -> str:
    """Return the report as text, with ANSI colours if asked."""
    return drawn(_report(in_order(report), max(width, NARROWEST)), width=width, color=color)


def drawn(parts: Iterator[RenderableType], *, width: int = WIDTH, color: bool = False) -> str:
    """Return rich renderables as text."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(width, NARROWEST),
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose cells are literal."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for column in columns:
        # A course that is cut would lose its newest replay.
        made.add_column(column, overflow="fold", no_wrap=column == "course")
    for row in rows:
        made.add_row(*(Text(printable(cell, one_line=True)) for cell in row))
    return made


def moved_probes(report: "IncidentReport", most: int | None = None) -> Iterator[RenderableType]:
    """Yield the probes that moved, old and new answers side by side."""
    moved = report.moved
    for metric, probe in moved[:most]:
        old, new = report.answers.get(probe.probe_id, (None, None))
        yield plain(f"{one_line(probe.probe_id, 100)}  {words.moved_line(metric, probe)}", "bold")
        pair = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim", expand=True)
        pair.add_column("before", ratio=1, overflow="fold")
        pair.add_column("now", ratio=1, overflow="fold")
        before, now = side_by_side(words.answer(old), words.answer(new))
        pair.add_row(_marked(before, "red strike"), _marked(now, "green underline"))
        yield pair
    if most is not None and len(moved) > most:
        yield plain(f"and {words.more_probes(len(moved) - most)}: driftwatch show {report.incident.name}", "dim")


def endpoint_title(name: str, state: EndpointState, model: str) -> RenderableType:
    """Return the line above an endpoint."""
    title = plain(f"{one_line(name, 100)}: ")
    title.append(state.value, _STYLE[state])
    title.append(printable(f"  {one_line(model, 100)}"), "dim")
    return Rule(title, align="left", style="dim", characters="─")


def plain(text: str, style: str = "") -> Text:
    """Return literal text."""
    return Text(printable(text), style=style)


def _marked(side: Side, style: str) -> Text:
    return Text.assemble(*((printable(piece.text), style if piece.changed else "") for piece in side))


def _report(report: "Report", width: int) -> Iterator[RenderableType]:
    drifted = EndpointState.DRIFTED in report.verdict.states
    yield plain(report.verdict.words, "bold red" if drifted else "bold")
    yield plain(words.period(report), "dim")
    if told := words.by_chance(report):
        yield plain(told, "dim")
    yield Text()
    yield from _todo(report)
    for endpoint in report.endpoints:
        yield Text()
        yield from _endpoint(report, endpoint, width)
    yield Text()
    yield Rule("accounts", align="left", style="dim", characters="─")
    yield from _accounts(report)


def _todo(report: "Report") -> Iterator[RenderableType]:
    """Yield what is open with the commands that end it, or that nothing is."""
    waiting = words.todo(report)
    for incident in waiting:
        yield plain(words.todo_line(incident), "bold")
        yield Padding(plain(words.way_on(incident)), (0, 0, 0, 2))
    if not waiting:
        yield plain(words.quiet(report))


def _endpoint(report: "Report", endpoint: "EndpointReport", width: int) -> Iterator[RenderableType]:
    yield endpoint_title(endpoint.name, endpoint.state, endpoint.model)
    yield plain(words.endpoint_line(endpoint))
    if told := words.caveat(endpoint):
        yield plain(told, "yellow")
    yield plain(words.seen(endpoint))
    if passed := words.passed(endpoint):
        yield plain(passed, "dim")
    for incident in endpoint.told:
        yield Text()
        yield plain(words.incident_title(incident.incident), "bold")
        body = [plain(line) for line in words.incident_lines(incident, report.at)]
        body += [plain(f"also {line}") for line in map(words.finding_line, incident.incident.findings[1:])]
        if incident.incident.state.open:
            body.append(plain(words.way_on(incident.incident), "bold"))
        yield Padding(Group(*body, *moved_probes(incident, PROBES_SHOWN)), (0, 0, 0, 2))
    yield from _streams(endpoint.streams, width)
    yield from _shown(endpoint.shown, width)


def _streams(streams: "Sequence[StreamReport]", width: int) -> Iterator[RenderableType]:
    """Yield the table of what moved, newest replay at the right, and the names of what did not."""
    course = max(width - BESIDE_COURSE, LEAST_COURSE)
    rows = [words.stream_row(stream, course=course) for stream in streams if not words.never_moved(stream)]
    if rows:
        yield table(words.STREAM_COLUMNS, rows)
    at_rest = [one_line(stream.standing.metric.name, 60) for stream in streams if words.never_moved(stream)]
    if at_rest:
        yield plain(f"watched, and never moved: {', '.join(at_rest)}")


def _shown(streams: "Sequence[StreamReport]", width: int) -> Iterator[RenderableType]:
    if streams:
        course = max(width - BESIDE_COURSE, LEAST_COURSE)
        yield plain("\nmeasured, never alarming", "dim")
        yield table(words.SHOWN_COLUMNS, [words.shown_row(stream, course=course) for stream in streams])


def _accounts(report: "Report") -> Iterator[RenderableType]:
    covered = report.coverage
    yield plain(f"slots: {covered.done} of {covered.due} done; {covered.missed_words}")
    for reason, count in covered.reasons.items():
        yield plain(f"  {one_line(reason, 200)}: {count}")
    for incident in report.removed:
        yield plain(f"watched no more: {words.removed_line(incident)}")
    yield plain(f"messages: {words.deliveries_line(report.deliveries)}")
    for dead in report.deliveries.dead:
        yield plain(f"  never delivered on {dead.route}: {one_line(dead.error or 'no reason given', 200)}", "red")
    yield plain(f"self-tests: {words.selftests_line(report.selftests)}")
    yield plain(f"cost: {words.number(report.cost_usd)} USD")
    for silence in report.silences:
        yield plain(f"silence: {words.silence_line(silence, soon=report.ends_soon(silence))}")
