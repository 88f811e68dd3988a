"""The report in Markdown. What comes from outside is escaped, or stands in code that it cannot leave."""

import re
from collections.abc import Iterator, Sequence

from driftwatch.cli.terminal import printable
from driftwatch.domain.legible import one_line
from driftwatch.presentation import words
from driftwatch.presentation.order import in_order
from driftwatch.services.report import Report
from driftwatch.services.report_endpoint import EndpointReport, StreamReport
from driftwatch.services.report_incident import IncidentReport

PROBES_SHOWN = 3
_ENTITY = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Emphasis, code, links, images, tables, strike-through, math, and the starts of automatic links.
_ACTIVE = re.compile(r"[\\`*_{}\[\]#+!|~$@]|:(?=//|[\w+-]+:)|(?<=www)\.")
_TICKS = re.compile("`+")


def escape(text: str) -> str:
    r"""Return foreign text as Markdown that shows it literally, on one line.

    Examples
    --------
    >>> escape("<b>[x](https://evil) | `a`")
    '&lt;b&gt;\\[x\\](https\\://evil) \\| \\`a\\`'
    """
    shown = printable(one_line(text), one_line=True)
    shown = _ACTIVE.sub(lambda match: "\\" + match[0], shown)
    return re.sub("[&<>]", lambda match: _ENTITY[match[0]], shown)


def fenced(text: str) -> str:
    r"""Return an answer in a fence that is longer than any in it.

    Examples
    --------
    >>> print(fenced("a\n```\n# not a heading"))
    ````text
    a
    ```
    # not a heading
    ````
    """
    shown = printable(text)
    ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    return f"{ticks}text\n{shown}\n{ticks}"


def render_markdown(report: Report) -> str:
    """Return the report in Markdown."""
    return "\n".join(_report(in_order(report))).rstrip() + "\n"


def _report(report: Report) -> Iterator[str]:
    yield from ("# driftwatch report", "", f"**{report.verdict.words}**", "", words.period(report), "")
    if told := words.by_chance(report):
        yield from (told, "")
    for open_one in words.todo(report):
        yield from (f"- {escape(words.todo_line(open_one))}: `{words.way_on(open_one).replace('`', ' ')}`", "")
    if not words.todo(report):
        yield from (words.quiet(report), "")
    yield from _table(
        ("endpoint", "state", "incidents", "coverage", "cost, USD"),
        [
            (
                escape(e.name),
                e.state.value,
                ", ".join(i.incident.name for i in e.told) or "none",
                e.coverage.words,
                words.number(e.cost_usd),
            )
            for e in report.endpoints
        ],
    )
    for endpoint in report.endpoints:
        yield from _endpoint(report, endpoint)
    yield from ("## Accounts", "")
    yield from _accounts(report)


def _endpoint(report: Report, endpoint: EndpointReport) -> Iterator[str]:
    yield from (f"## {escape(endpoint.name)}: {endpoint.state.value}", "", f"Model {escape(endpoint.model)}.", "")
    for line in (words.endpoint_line(endpoint), words.caveat(endpoint), words.seen(endpoint), words.passed(endpoint)):
        if line:
            yield from (escape(line), "")
    for incident in endpoint.told:
        yield from _incident(report, incident)
    yield from _table(words.STREAM_COLUMNS, [_row(stream) for stream in endpoint.streams])
    if endpoint.shown:
        yield from ("Measured, never alarming:", "")
        rows = [tuple(map(escape, words.shown_row(metric))) for metric in endpoint.shown]
        yield from _table(words.SHOWN_COLUMNS, rows)


def _incident(report: Report, incident: IncidentReport) -> Iterator[str]:
    yield from (f"### {escape(words.incident_title(incident.incident))}", "")
    for line in words.incident_lines(incident, report.at):
        yield from (escape(line), "")
    for finding in incident.incident.findings[1:]:
        yield from (f"Also {escape(words.finding_line(finding))}", "")
    if incident.incident.state.open:
        yield from (f"To do: `{words.way_on(incident.incident).replace('`', ' ')}`", "")
    moved = incident.moved
    for metric, probe in moved[:PROBES_SHOWN]:
        old, new = incident.answers.get(probe.probe_id, (None, None))
        yield from (f"Probe **{escape(probe.probe_id)}**, {escape(words.moved_line(metric, probe))}; before:", "")
        yield from (fenced(words.answer(old)), "", "now:", "", fenced(words.answer(new)), "")
    if len(moved) > PROBES_SHOWN:
        yield from (
            f"And {words.more_probes(len(moved) - PROBES_SHOWN)}: `driftwatch show {incident.incident.name}`",
            "",
        )


def _row(stream: StreamReport) -> tuple[str, ...]:
    return tuple(escape(cell) for cell in words.stream_row(stream))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _accounts(report: Report) -> Iterator[str]:
    covered = report.coverage
    yield f"- Slots: {covered.done} of {covered.due} done; {covered.missed_words}"
    for reason, count in covered.reasons.items():
        yield f"  - {escape(reason[:200])}: {count}"
    for incident in report.removed:
        yield f"- Watched no more: {escape(words.removed_line(incident))}"
    yield f"- Messages: {words.deliveries_line(report.deliveries)}"
    for dead in report.deliveries.dead:
        yield f"  - never delivered on {escape(dead.route)}: {escape((dead.error or 'no reason given')[:200])}"
    yield f"- Self-tests: {escape(words.selftests_line(report.selftests))}"
    yield f"- Cost: {words.number(report.cost_usd)} USD"
    for silence in report.silences:
        yield f"- Silence: {escape(words.silence_line(silence, soon=report.ends_soon(silence)))}"
