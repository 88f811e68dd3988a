"""The one-file report: what it tells, that it loads nothing, and that what a model said is never more than text."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import html5lib
import pytest

from driftwatch.domain.metric import Metric
from driftwatch.presentation import html_report
from driftwatch.presentation.drawing import can_draw, cleaned, drawn_svg
from driftwatch.presentation.html_report import ANSWER, MOST_BYTES, render_html
from driftwatch.presentation.printable import printable
from driftwatch.presentation.report_charts import report_charts
from driftwatch.presentation.vendored import FOLDER, SCRIPTS
from driftwatch.presentation.words import answer
from driftwatch.services.coverage import Coverage
from driftwatch.services.report import Deliveries, Verdict
from driftwatch.services.standing import EndpointState
from tests.unit.notify.hostile import HOSTILE
from tests.unit.report.handmade import DRIFTED, LEARNING, REPORT

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
PAGE = render_html(REPORT, pictures={})


def document(page: str):
    parser = html5lib.HTMLParser(namespaceHTMLElements=True)
    tree = parser.parse(page)
    assert [error for _, error, _ in parser.errors] == []
    return tree


def text_of(element) -> str:
    return "".join(element.itertext())


def shape(page: str) -> list[str]:
    """Return every element and attribute's name: text may differ between two pages, this may not."""
    return [
        f"{element.tag} {sorted(element.attrib)}" for element in document(page).iter() if isinstance(element.tag, str)
    ]


def saying(*texts: str):
    """Return a report in which a model, a vendor and people say each text wherever they can."""
    reasons = Coverage(done=1, failed=1, reasons=dict.fromkeys(texts, 1))
    spoken = tuple(map(endpoint_saying, texts))
    removed = tuple(one.incidents[0].incident for one in spoken)
    return replace(REPORT, endpoints=(*spoken, LEARNING), coverage=reasons, removed=removed)


def endpoint_saying(text: str):
    told = DRIFTED.incidents[0]
    finding = told.incident.findings[0]
    moved = tuple(replace(m, probe_id=f"{text}{i}") for i, m in enumerate(finding.moved))
    incident = replace(
        told.incident, comment=text, by=text, detail=text, findings=(replace(finding, moved=moved),), endpoint=text
    )
    evidence = replace(told, incident=incident, model=text, answers={moved[0].probe_id: (f"14 {text}", f"30 {text}")})
    stream = DRIFTED.streams[0]
    named = replace(stream, standing=replace(stream.standing, metric=Metric(name=text, kind="binary", severity=stream.standing.metric.severity), distrust=text))  # fmt: skip
    return replace(DRIFTED, name=text, model=text, incidents=(evidence,), streams=(named,), power=text)


@pytest.fixture(scope="module")
def page():
    return document(PAGE)


def test_the_verdict_is_the_first_thing_that_is_read(page):
    body = page.find(f"{HTML}body")
    assert text_of(body).strip().startswith("2 endpoints: 1 drifted, 1 learning; coverage 99.4 %")
    assert text_of(body.find(f".//{HTML}h1")) == REPORT.verdict.words


@pytest.mark.parametrize(
    "words",
    [
        "support-bot",
        "summaries",
        "pass fell 0.91 → 0.78",
        "since Wed 14 Oct 06:00 UTC (between 04:00 and 07:00)",
        "We would have seen: a fall of the pass rate by 4.2 points",
        "179 of 180 slots done; 1 slot missed (1 failed)",
        "timeout: 1",
        "1 sent, 0 waiting, 0 never delivered; half within 2.0 s",
        "3.27 USD",
        "ENDS SOON, until Mon 19 Oct 2026 03:00 UTC, by bob",
        "None was run in the period: nothing proves that a drift would have been told.",
        "driftwatch accept inc-42",
        "length",
        "refusal",
        "latency, ms",
    ],
)
def test_it_tells(page, words):
    assert words in " ".join(text_of(page.find(f"{HTML}body")).split())


def test_old_and_new_answers_stand_side_by_side_with_what_differs_marked(page):
    pair = next(e for e in page.iter(f"{HTML}div") if e.get("class") == "pair")
    old, new = pair.findall(f".//{HTML}pre")
    assert (text_of(old), text_of(new)) == ("14 days", "```\n30 days")
    assert [text_of(e) for e in old.iter(f"{HTML}del")] == ["14"]
    assert [text_of(e) for e in new.iter(f"{HTML}ins")] == ["```\n30"]


def test_a_period_without_news_is_a_full_report():
    calm = replace(DRIFTED, state=EndpointState.UNCHANGED, incidents=())
    report = replace(
        REPORT,
        endpoints=(calm,),
        verdict=Verdict(states={EndpointState.UNCHANGED: 1}, coverage=calm.coverage),
        deliveries=Deliveries(),
        silences=(),
    )
    shown = " ".join(text_of(document(render_html(report, pictures={})).find(f"{HTML}body")).split())
    assert "Nothing moved, and nothing is to be done." in shown
    assert "We would have seen: a fall" in shown
    assert "No message was due." in shown
    assert "None is in force." in shown


def test_nothing_is_loaded_and_only_named_scripts_run(page):
    policy = next(m.get("content") for m in page.iter(f"{HTML}meta") if m.get("http-equiv"))
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))

    def known(element) -> str:
        return b64encode(sha256(text_of(element).encode()).digest()).decode()

    scripts = [s for s in page.iter(f"{HTML}script") if s.get("type") != "application/json"]
    assert {known(e) for e in [*scripts, *page.iter(f"{HTML}style")]} == allowed
    assert len(scripts) == len(SCRIPTS) + 1
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    for element in page.iter():
        assert not {"src", "style", "srcset", "action"} & set(element.attrib)
        assert not [name for name in element.attrib if str(name).startswith("on")]
        assert element.get("href", "#").startswith("#")


def test_without_pictures_and_scripts_every_stream_has_its_course():
    plain = document(render_html(REPORT, pictures={}, interactive=False))
    assert not list(plain.iter(f"{HTML}script"))
    streams = [e for e in plain.iter(f"{HTML}details") if e.get("class") == "stream"]
    assert len(streams) == 5
    assert all(list(stream.iter(f"{SVG}svg")) for stream in streams)


def test_fault_74_whatever_is_said_the_page_has_the_same_elements():
    usual = {*shape(render_html(saying("said"), pictures={}, interactive=False))}
    assert len(set(HOSTILE)) > 500
    for start in range(0, len(HOSTILE), 60):
        texts = HOSTILE[start : start + 60]
        # Texts without a word in common are shown unmarked: then del and ins are missing, and nothing is added.
        assert {*shape(render_html(saying(*texts), pictures={}, interactive=False))} <= usual, texts


@pytest.mark.parametrize("text", HOSTILE[:: len(HOSTILE) // 60])
def test_fault_74_a_hostile_answer_is_shown_as_text(text):
    page = document(render_html(saying(text), pictures={}, interactive=False))
    said = [text_of(pre) for pre in page.iter(f"{HTML}pre")]
    assert said[:2] == [printable(answer(f"{number} {text}", ANSWER)) for number in (14, 30)]


@pytest.mark.parametrize(
    "text", ["</pre><script>alert(1)</script>", "&lt;b&gt; &amp;", "{{ 7 * 7 }} {% x %}", "<!-- -->"]
)
def test_fault_74_markup_in_an_answer_is_read_letter_for_letter(text):
    page = document(render_html(saying(text), pictures={}, interactive=False))
    assert [text_of(pre) for pre in page.iter(f"{HTML}pre")][:2] == [f"14 {text}", f"30 {text}"]


def test_fault_74_names_cannot_end_the_data_of_the_charts():
    page = document(render_html(saying("</script><script>alert(1)</script><!--"), pictures={}))
    scripts = list(page.iter(f"{HTML}script"))
    assert len(scripts) == len(SCRIPTS) + 2
    assert not [s for s in scripts if text_of(s) == "alert(1)"]


def test_an_answer_cannot_take_the_place_of_the_charts_data():
    begins = '<script type="application/json" id="charts">'
    page = render_html(saying(begins, "{charts}"), pictures={})
    (book,) = [s for s in document(page).iter(f"{HTML}script") if s.get("id") == "charts"]
    assert set(json.loads(text_of(book))) == {"looks", "charts"}


def test_a_page_can_be_written_whatever_names_hold():
    assert render_html(saying("\ud800"), pictures={}).encode()


def test_what_alarmed_is_drawn_before_what_came_near():
    near = replace(DRIFTED, name="a", incidents=(), streams=tuple(replace(s, peak=0.9) for s in DRIFTED.streams[1:]))
    charts = list(report_charts(replace(REPORT, endpoints=(near, DRIFTED))).large)
    alarmed = [name for name in charts if name.startswith("e1s0")]
    assert charts[2 : 2 + len(alarmed)] == alarmed != []
    assert any(name.startswith("e0") for name in charts)


def test_a_page_of_many_endpoints_stays_below_the_limit():
    many = tuple(replace(DRIFTED, name=f"endpoint-{i}", streams=DRIFTED.streams * 5) for i in range(40))
    report = replace(REPORT, endpoints=many)
    large = render_html(report, pictures={})
    assert len(large.encode()) < MOST_BYTES
    assert 'id="charts"' in large


def test_charts_beyond_the_limit_are_left_out_the_unmoved_first(monkeypatch):
    charts = report_charts(REPORT)
    everything = [*charts.large.items(), *charts.others.items()]
    kept = html_report._fitting(everything, 30_000)
    assert list(kept) == [name for name, _ in everything][: len(kept)]
    assert 0 < len(kept) < len(everything)
    monkeypatch.setattr(html_report, "MOST_BYTES", 100_000)
    assert "<script" not in render_html(REPORT, pictures={})


def test_the_vendored_scripts_are_what_was_published():
    sums = dict(line.split("  ")[::-1] for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == set(SCRIPTS) == {path.name for path in FOLDER.glob("*.js")}
    for name, digest in sums.items():
        content = (FOLDER / name).read_bytes()
        assert sha256(content).hexdigest() == digest
        assert b"</script" not in content
    for package in ("vega", "vega-lite", "vega-embed", "vega-interpreter"):
        assert "Redistribution" in (FOLDER / f"{package}.LICENSE").read_text()


@pytest.mark.skipif(not can_draw(), reason="the extra `charts` is not installed")
def test_charts_are_drawn_as_pictures_that_fit_into_one_page():
    pictures = drawn_svg(report_charts(REPORT).large)
    assert set(pictures) == set(report_charts(REPORT).large)
    page = document(render_html(REPORT, pictures=pictures))
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    moved = next(f for f in page.iter(f"{HTML}figure") if f.get("data-chart") == "e0s0")
    assert "inc-42" in text_of(moved)


@pytest.mark.skipif(not can_draw(), reason="the extra `charts` is not installed")
def test_a_chart_that_cannot_be_drawn_leaves_the_others_alone():
    good = report_charts(REPORT).large["fleet"]
    assert set(drawn_svg({"bad": {"mark": "nonsense"}, "good": good})) == {"good"}


def test_a_picture_holds_shapes_and_texts_only():
    raw = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x()">'
        '<script>x()</script><a xlink:href="javascript:x()"><text>hi</text></a><text fill="red">a&lt;b</text>'
        '<foreignObject><b/></foreignObject><image xlink:href="https://evil.example/x.png"/></svg>'
    )
    assert cleaned(raw, "p") == '<svg xmlns="http://www.w3.org/2000/svg"><text fill="red">a&lt;b</text></svg>'
    assert cleaned("<svg", "p") == ""
