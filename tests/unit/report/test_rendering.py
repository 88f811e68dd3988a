"""How a report looks, and that what a model said is never more than text."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from driftwatch.cli.render.markdown import escape, fenced, render_markdown
from driftwatch.cli.render.terminal import render_terminal
from driftwatch.cli.terminal import printable
from driftwatch.domain.incident import IncidentState
from driftwatch.domain.legible import one_line
from driftwatch.domain.metric import Severity
from driftwatch.domain.rules.ending import TRANSIENT
from driftwatch.presentation import words
from driftwatch.presentation.as_json import report_data
from driftwatch.presentation.html_report import render_html
from driftwatch.presentation.report_message import report_payload
from driftwatch.presentation.spark import BLOCKS, GAP, sparkline
from driftwatch.services.report import Report, build_report
from driftwatch.services.report_endpoint import EndpointReport
from driftwatch.services.standing import EndpointState
from tests.unit.report.handmade import DRIFTED, LEARNING, OPENED, REPORT
from tests.unit.report.scripted import HOUR, MONDAY, watched

UNTIL = MONDAY + 60 * HOUR
HOSTILE = (
    "\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07\n"
    "```\n# ALL CLEAR\n| a | b |\n<script>alert(1)</script> <img src=x onerror=alert(1)>\n"
    "[bold red]fine[/] ![x](https://evil.example/x.png) \u202egnorw\x00\ud800"
)
markdown = MarkdownIt("commonmark").enable("table")
# Pieces that mean something to a Markdown reader, so that chance puts whole constructions together.
PIECES = [
    "*",
    "**",
    "_",
    "`",
    "``",
    "```",
    "~~~",
    "~~",
    "|",
    "[a]",
    "(https://e)",
    "![b]",
    "<b>",
    "<script>",
    "&amp;",
    "&lt;",
    "\\",
]
PIECES += [
    "# ",
    "- ",
    "> ",
    "1. ",
    "\n",
    "\n\n",
    "    ",
    "a",
    "b c",
    " ",
    ":x:",
    "www.e.com",
    "https://e.com",
    "\r",
    "\x1b[2J",
    "\u202e",
]
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=60) | st.lists(
    st.sampled_from(PIECES), max_size=25
).map("".join)


@pytest.fixture
def report(drifted):
    return build_report(drifted.store, [watched("support-bot"), watched("summaries")], now=UNTIL)


@pytest.fixture
def hostile(scripted):
    one = watched("support-bot", probe_ids=tuple(f"<b>|`{i}`[x](https://e)\x1b" for i in range(20)))
    scripted.replays(one, 60, drift_at=48, new=HOSTILE)
    return build_report(scripted.store, [one], now=UNTIL)


@pytest.mark.parametrize(("name", "render"), [("week.md", render_markdown), ("week.txt", render_terminal)])
def test_a_report_looks_like_this(name, render):
    """Read tests/unit/report/week.md and week.txt as a person; to renew one, delete it and run this twice."""
    snapshot = Path(__file__).parent / name
    if not snapshot.exists():
        snapshot.write_text(render(REPORT), encoding="utf-8")
        pytest.fail("the snapshot was written; read it")
    assert render(REPORT) == snapshot.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "render",
    [
        render_terminal,
        render_markdown,
        lambda report: render_html(report, pictures={}, interactive=False).partition("<body>")[2],
        lambda report: json.dumps(report_payload(report)["endpoints"]),
    ],
)
def test_what_drifted_is_read_first_and_the_strongest_evidence_before_the_weaker(render):
    def drifted(name: str, peak: float) -> EndpointReport:
        streams = (replace(DRIFTED.streams[0], peak=peak), *DRIFTED.streams[1:])
        return replace(DRIFTED, name=name, streams=streams, incidents=())

    calm = [replace(LEARNING, name=name) for name in ("zebra", "apple")]
    week = replace(REPORT, endpoints=(calm[0], drifted("weak", 1.2), calm[1], drifted("strong", 45.0)))
    shown = render(week)
    places = [shown.index(name) for name in ("strong", "weak", "zebra", "apple")]
    assert places == sorted(places)
    assert [e["name"] for e in report_data(week)["endpoints"]] == ["zebra", "weak", "apple", "strong"]


@pytest.mark.parametrize(("pages", "said"), [(11.6, True), (1.0, True), (0.3, False)])
@pytest.mark.parametrize(
    "render",
    [
        render_terminal,
        render_markdown,
        lambda report: html.unescape(render_html(report, pictures={}, interactive=False)),
        lambda report: " ".join(report_payload(report)["accounts"]),
    ],
)
def test_who_reads_of_drifts_is_told_how_many_of_them_may_be_chance(render, pages, said):
    chance = {Severity.PAGE: pages, Severity.NOTICE: 0.4}
    shown = render(replace(REPORT, endpoints=(replace(DRIFTED, by_chance=chance), LEARNING)))
    assert (
        f"allows chance {pages:.0f} page{'' if pages == 1 else 's'} and 0 notices" in " ".join(shown.split())
    ) is said


def test_a_report_in_which_nothing_drifted_does_not_talk_of_chance():
    chance = {Severity.PAGE: 5.0, Severity.NOTICE: 5.0}
    calm = replace(REPORT, verdict=replace(REPORT.verdict, states={EndpointState.UNCHANGED: 1}))
    assert words.by_chance(replace(calm, endpoints=(replace(DRIFTED, by_chance=chance),))) == ""


def passing() -> Report:
    """Return a week in which one drift was told, and two alarms vanished when the probes were asked again."""
    one = DRIFTED.incidents[0]
    gone = {"attribution": TRANSIENT, "state": IncidentState.RESOLVED, "ended_at": OPENED + HOUR}
    vanished = [replace(one, incident=replace(one.incident, id=number, **gone), deliveries=()) for number in (71, 72)]
    return replace(REPORT, endpoints=(replace(DRIFTED, incidents=(one, *vanished)), LEARNING))


@pytest.mark.parametrize(
    "render", [render_terminal, render_markdown, lambda report: render_html(report, pictures={}, interactive=False)]
)
def test_what_vanished_when_it_was_asked_for_again_is_one_line_and_what_was_told_stands_out(render):
    page = render(passing())
    body = html.unescape(page.partition("<body>")[2] or page)
    shown = " ".join(re.sub("<[^>]+>", " ", body).replace("\\", "").split())
    assert "2 alarms told to nobody, vanished when asked again: inc-71 (pass 0.91 → 0.78, Wed 14 Oct" in shown
    assert (shown.count("inc-71"), shown.count("inc-72")) == (1, 1)
    assert shown.index("inc-42 on support-bot: pass 0.91 → 0.78 since Wed 14 Oct 2026 06:00 UTC") < 400


def test_slack_and_the_picture_leave_out_what_vanished():
    payload = report_payload(passing())
    assert "inc-71" not in json.dumps(payload)
    assert [row["incident"] for row in payload["charts"]["incidents"]["datasets"]["incidents"]] == ["inc-42"]


def test_a_week_of_vanished_alarms_says_so_first():
    week = passing()
    only = replace(week.endpoints[0], incidents=week.endpoints[0].passed, state=EndpointState.UNCHANGED)
    said = render_terminal(replace(week, endpoints=(only,)))
    assert "Nothing moved that was still there when it was asked for again, and nothing is to be done." in said


@pytest.mark.parametrize("width", [20, 60, 80, 100, 160])
def test_the_newest_replay_is_seen_at_every_width(width):
    shown = render_terminal(REPORT, width=width)
    assert "…" not in shown
    row = next(line for line in shown.splitlines() if "pass" in line and "alarm" in line)
    if width >= 80:
        assert row.endswith("▁")


def test_the_verdict_comes_first_in_every_format(report):
    words = "2 endpoints: 1 drifted, 1 learning; coverage 100.0 %; nothing missed"
    assert render_terminal(report).splitlines()[0] == words
    assert render_markdown(report).splitlines()[2] == f"**{words}**"
    assert report_data(report)["verdict"]["words"] == words


def test_the_json_report_survives_a_round_trip_and_holds_no_nan(report):
    data = report_data(report)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert [e["state"] for e in data["endpoints"]] == ["drifted", "learning"]
    assert data["verdict"] | {"words": ""} == {
        "words": "",
        "endpoints": 2,
        "unchanged": 0,
        "drifted": 1,
        "learning": 1,
        "not_trusted": 0,
        "no_data": 0,
        "error": 0,
        "drifted_without_harm": 0,
    }


def test_the_documented_keys_are_the_keys_there_are(report):
    documented = set(re.findall(r"`(\w+)`", (Path(__file__).parents[3] / "docs/reference/report.md").read_text()))

    def keys(value):
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    ours = set(keys(report_data(report))) - {f"dates-{i:02}" for i in range(20)} - {"driver", "probes", "sampling"}
    assert ours <= documented, sorted(ours - documented)


@pytest.mark.parametrize("color", [True, False])
def test_a_hostile_answer_stands_literally_in_the_terminal(hostile, color):
    shown = render_terminal(hostile, color=color)
    ours = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800]", ours)
    assert r"\x1b[2J" in ours
    assert "[bold red]fine[/]" in ours
    assert "<script>" in ours


def test_a_hostile_answer_stays_inside_its_code_in_markdown(hostile):
    page = markdown.render(render_markdown(hostile))
    assert "<script>" not in page
    assert "<img" not in page
    assert "<a " not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<h1>ALL CLEAR</h1>" not in page
    # Title, two headings, and one for each incident: nothing that a model said is a heading.
    assert len(re.findall("<h1>", page)) == 1
    assert page.count("<table>") == 2


@given(texts)
def test_escaped_text_is_shown_literally_by_a_markdown_reader(text):
    paragraph = markdown.render(f"x {escape(text)} x")
    shown = html.unescape(re.sub(r"\A<p>|</p>\n\Z", "", paragraph))
    assert shown == f"x {printable(one_line(text), one_line=True)} x".strip()


@given(texts)
def test_escaped_text_stays_in_its_cell_of_a_table(text):
    page = markdown.render(f"| a | b |\n|---|---|\n| {escape(text)} | end |\n")
    assert page.count("<tr>") == 2
    assert page.count("<td>") == 2
    assert "<td>end</td>" in page


@given(texts)
def test_fenced_text_cannot_leave_its_fence(text):
    page = markdown.render(fenced(text) + "\n\nafter\n")
    assert page.endswith("</code></pre>\n<p>after</p>\n")
    assert page.count("<pre>") == 1


def test_an_endpoint_that_learns_is_called_unchanged_nowhere(report):
    for shown in (render_terminal(report), render_markdown(report)):
        part = shown[shown.index("summaries: learning") :]
        assert "unchanged" not in part
        assert "learning 10/24" in part


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=50))
def test_a_sparkline_has_one_character_for_each_value_and_a_gap_where_there_is_none(values):
    line = sparkline(values)
    assert len(line) == len(values)
    assert [character == GAP for character in line] == [value is None for value in values]
    assert set(line) <= {*BLOCKS, GAP}
