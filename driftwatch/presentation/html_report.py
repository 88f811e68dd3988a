"""The report as one HTML file: it loads nothing, runs only scripts named by their hash, and is read on paper too."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from driftwatch.domain.metric import Severity
from driftwatch.presentation import words
from driftwatch.presentation.charts.palette import DARK
from driftwatch.presentation.charts.parts import Spec
from driftwatch.presentation.diff import side_by_side
from driftwatch.presentation.drawing import drawn_svg
from driftwatch.presentation.order import in_order
from driftwatch.presentation.printable import printable
from driftwatch.presentation.report_charts import (
    FLEET,
    INCIDENTS,
    ReportCharts,
    highest,
    moved,
    report_charts,
    shown_since,
)
from driftwatch.presentation.small_course import small_course
from driftwatch.presentation.vendored import OURS, SCRIPTS, script, source_hash
from driftwatch.services.report import Report
from driftwatch.services.report_endpoint import EndpointReport, StreamReport

MOST_BYTES = 2_800_000
"""A page larger than 3 MB is no attachment any more."""
MOST_PICTURES = 24
"""Charts drawn as still pictures, each about 20 kB and a tenth of a second: what moved, and then what came near."""
PROBES_SHOWN = 6
ANSWER = 2_000
"""Characters of an answer that are shown."""
_BOOK = '<script type="application/json" id="charts">'
"""Begins the charts' data; nobody can say it: in a text its quotes are escaped."""
_NEVER = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
"""What could end an element, or a script's line, or is no UTF-8: it stands in JSON as an escape."""
_TEMPLATES = Path(__file__).parent / "templates"


def render_html(report: Report, *, pictures: Mapping[str, str] | None = None, interactive: bool = True) -> str:
    """Return the whole page.

    Parameters
    ----------
    pictures : mapping, optional
        Chart -> SVG, where they were drawn already; by default those that matter are drawn now, if they can be.
    interactive : bool
        With charts that answer to the pointer, as far as the page stays below `MOST_BYTES`.
    """
    report = in_order(report)
    charts = report_charts(report)
    if pictures is None:
        pictures = drawn_svg(dict(list(charts.large.items())[:MOST_PICTURES]))
    if not interactive:
        return _page(report, charts, pictures, alive=False)
    # What is drawn depends on the room that the rest leaves: the page is made once, and its charts are put in then.
    page = _page(report, charts, pictures, alive=True)
    alive = _fitting([*charts.large.items(), *charts.others.items()], MOST_BYTES - len(page.encode()))
    if not alive:
        return _page(report, charts, pictures, alive=False)
    looks = next(spec for spec in (*charts.large.values(), *charts.others.values()))["config"]
    return page.replace(_BOOK, _BOOK + _json({"looks": looks, "charts": alive}), 1)


def _fitting(charts: Iterable[tuple[str, Spec]], room: int) -> dict[str, Spec]:
    """Return as many charts as there is room for; their common looks are written once."""
    kept: dict[str, Spec] = {}
    for name, spec in charts:
        kept[name] = {key: value for key, value in spec.items() if key != "config"}
        # A figure around it, and characters that are escaped inside a page.
        room -= len(_json(kept[name])) + 100
        if room < 20_000:
            del kept[name]
            break
    return kept


def _page(report: Report, charts: ReportCharts, pictures: Mapping[str, str], *, alive: bool) -> str:
    house = _house()
    style = house.get_template("report.css.j2").render(dark_colours=DARK)
    scripts = [*map(script, SCRIPTS), OURS.read_text(encoding="utf-8")] if alive else []
    return house.get_template("report.html.j2").render(
        report=report,
        charts=charts,
        pictures={name: Markup(svg) for name, svg in pictures.items()},  # noqa: S704  # `drawing.cleaned`: shapes and texts
        alive={*charts.large, *charts.others} if alive else (),
        book=Markup(_BOOK),  # noqa: S704  # ours
        style=Markup(style),  # noqa: S704  # ours
        scripts=[Markup(text) for text in scripts],  # noqa: S704  # ours, and the vendored ones
        policy=policy(style, scripts),
        fleet=FLEET,
        incidents=INCIDENTS,
        small=lambda stream: Markup(  # noqa: S704  # numbers only
            small_course(stream.bands, since=shown_since(report), until=report.until, normal=stream.normal)
        ),
    )


def policy(style: str, scripts: Iterable[str]) -> str:
    """Return the Content-Security-Policy: what is named by its hash may run, and nothing may be loaded."""
    known = " ".join(map(source_hash, scripts)) or "'none'"
    return (
        f"default-src 'none'; script-src {known}; style-src {source_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _house() -> Environment:
    house = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # What an answer or a name says is text: visible, whatever it is made of.
        finalize=lambda value: value if isinstance(value, Markup) else printable(str(value)),
    )
    house.globals |= {
        "words": words,
        "probes_shown": PROBES_SHOWN,
        "highest": highest,
        "moved": moved,
        "pair": _pair,
        "loudest_first": _loudest_first,
    }
    return house


def _pair(old: str | None, new: str | None) -> Any:
    """Return both answers in pieces; what is not there is said."""
    return side_by_side(words.answer(old, ANSWER), words.answer(new, ANSWER))


def _loudest_first(endpoint: EndpointReport) -> list[StreamReport]:
    def place(stream: StreamReport) -> tuple[bool, bool, float]:
        metric = stream.standing.metric
        return (not moved(endpoint, stream), metric.severity is not Severity.PAGE, -(stream.peak or 0.0))

    return sorted(endpoint.streams, key=place)


def _json(value: object) -> str:
    """Return JSON that cannot end the element it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return _NEVER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
