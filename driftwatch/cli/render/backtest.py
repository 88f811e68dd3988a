"""A backtest for a terminal, and as the JSON that docs/reference promises."""

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.rule import Rule

from driftwatch.cli.render.terminal import plain, table
from driftwatch.domain.legible import one_line
from driftwatch.presentation.as_json import state_data
from driftwatch.presentation.words import chart_name, moment, state

if TYPE_CHECKING:
    from datetime import datetime

    from driftwatch.services.backtest import Alarm, Backtest, Course

PROBES_SHOWN = 3


def backtest_data(found: "Backtest") -> dict[str, Any]:
    """Return one endpoint's backtest as plain JSON data."""
    from driftwatch.services.backtest import ALARM_LEVEL

    return {
        "replays": len(found.slots),
        "baseline_replays": found.baseline_replays,
        "alarms": [_alarm(alarm) for alarm in found.alarms],
        "streams": {
            name: {"statistic": [_finite(s) for s in course.statistics], "threshold": ALARM_LEVEL}
            for name, course in found.streams.items()
        },
    }


def drawn_backtest(found: "Backtest") -> Iterator[RenderableType]:
    """Yield what is to be shown of one endpoint."""
    title = plain(f"{one_line(found.endpoint, 100)}: ")
    title.append(*_verdict(found))
    yield Rule(title, align="left", style="dim", characters="─")
    yield plain(_line(found))
    if found.alarms:
        columns = ("after the replay", "", "streams", "since", "statistic", "attribution", "probes that moved most")
        yield table(columns, [_alarm_row(alarm) for alarm in found.alarms])
        yield from (plain(f"{moment(a.slot.due)}: {state(a.state)}.") for a in found.alarms if a.state)
    if found.streams:
        rows = [_stream_row(name, course) for name, course in found.streams.items()]
        yield table(("stream", "may", "highest share of its threshold", ""), rows)


def _alarm(alarm: "Alarm") -> dict[str, Any]:
    return {
        "replay": alarm.slot.key,
        "severity": alarm.severity.value,
        "streams": list(alarm.streams),
        "onset": _when(alarm.onset),
        "attribution": alarm.attribution,
        "probes": list(alarm.probes),
        "statistic": _finite(alarm.statistic),
        "threshold": _finite(alarm.threshold),
        "state": state_data(alarm.state),
    }


def _when(at: "datetime") -> str:
    return at.isoformat().replace("+00:00", "Z")


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _verdict(found: "Backtest") -> tuple[str, str]:
    if found.alarms:
        pages = sum(alarm.severity.value == "page" for alarm in found.alarms)
        return f"{_many(pages, 'page')} and {_many(len(found.alarms) - pages, 'notice')}", "bold red"
    return ("nobody would have been told", "green") if found.judged else ("too few replays to be judged", "yellow")


def _line(found: "Backtest") -> str:
    learned = f"baseline of {found.baseline_replays}"
    if not found.judged:
        learned = f"baseline {found.baseline_replays} of {found.wanted_baseline}"
        if 0 < found.wanted_baseline <= found.baseline_replays:
            learned = f"baseline of {found.baseline_replays}, and no replay after it"
    line = f"{_many(len(found.slots), 'replay')}, {learned}"
    if found.slots:
        line += f"; {moment(found.slots[0].due)} to {moment(found.slots[-1].due)}"
    return line + (f"; {found.unanswered} brought no answer" if found.unanswered else "")


def _alarm_row(alarm: "Alarm") -> tuple[str, ...]:
    reached = ""
    if alarm.statistic is not None and alarm.threshold is not None:
        reached = f"{chart_name(alarm.chart or '')} {alarm.statistic:.1f} ≥ {alarm.threshold:.1f}"
    return (
        moment(alarm.slot.due),
        alarm.severity.value,
        ", ".join(alarm.streams),
        moment(alarm.onset),
        reached,
        alarm.attribution,
        ", ".join(one_line(probe, 60) for probe in alarm.probes[:PROBES_SHOWN]),
    )


def _stream_row(name: str, course: "Course") -> tuple[str, ...]:
    peak = "learning" if course.peak is None else f"{course.peak:.2f}"
    return (one_line(name, 60), _may(course), peak, f"not trusted: {course.distrust}" if course.distrust else "")


def _may(course: "Course") -> str:
    return {"page": "page", "notice": "notice", "none": "never alarm"}[course.metric.severity.value]


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
