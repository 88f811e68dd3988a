"""Fault 73 and its kin: whatever a model, a vendor or a name says, nobody is pinged and nothing is linked."""

import json
import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from driftwatch.adapters.notify.render import LEVELS, render, render_text
from driftwatch.adapters.notify.slack_body import slack_body as _body
from driftwatch.adapters.notify.webhook import _body as webhook_body
from driftwatch.cli.render import markdown
from driftwatch.daemon.logs import OfLibraries, Redact, _as_json, _as_line
from driftwatch.domain.delivery import DETAILS
from driftwatch.domain.incident import Reason

from .examples import INCIDENT, delivery, payload
from .hostile import AROUND, HOSTILE, everywhere
from .slack_model import acts, shown

REASONS = [reason.value for reason in Reason]


def test_there_are_more_than_500_hostile_strings() -> None:
    assert len(set(HOSTILE)) > 500


@pytest.mark.parametrize("level", range(LEVELS))
def test_fault_73_no_hostile_string_pings_or_links_in_slack(level: int) -> None:
    for text in HOSTILE:
        for part in ({}, {"part": DETAILS}):
            body = _body(render(everywhere(text, **part), possible_repeat=True, level=level))
            assert acts(body) == [], text
            json.dumps(body).encode("utf-8")


@pytest.mark.parametrize("reason", REASONS)
def test_fault_73_whatever_the_news_no_hostile_string_pings_or_links(reason: str) -> None:
    for text in HOSTILE[:: len(AROUND)]:
        body = _body(render(everywhere(text, reason=reason)))
        assert acts(body) == [], text


@pytest.mark.parametrize("text", ["<!channel> & <@U1>", "&lt;!channel&gt;", "```\n<http://evil.example|Ack>\n```"])
def test_fault_73_hostile_text_is_shown_literally(text: str) -> None:
    body = _body(render(payload(excerpts={"dates-07": (text, text)})))
    assert text in shown(body)
    named = _body(render(payload(replace(INCIDENT, comment=text.replace("\n", " "), by="ada"))))
    assert text.replace("\n", " ") in shown(named)


def test_fault_73_a_text_alone_neither_pings_nor_links() -> None:
    """What stands in push notifications, and in a message that has lost its blocks."""
    for text in HOSTILE:
        message = render(everywhere(text), level=LEVELS - 1)
        assert not message.blocks
        assert acts(_body(message)) == [], text


def test_fault_75_no_hostile_string_moves_the_cursor_or_adds_a_line() -> None:
    lines = len(render_text(everywhere("harmless")).splitlines())
    for text in HOSTILE:
        said = render_text(everywhere(text))
        assert len(said.splitlines()) == lines, text
        assert not [c for c in said if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160]
        assert "\u202e" not in said
        said.encode("utf-8")


@given(st.text(st.characters(codec=None), max_size=600), st.integers(0, LEVELS - 1))
def test_no_string_at_all_pings_or_links(text: str, level: int) -> None:
    body = _body(render(everywhere(text), level=level))
    assert acts(body) == []
    json.dumps(body).encode("utf-8")


def test_the_model_of_slack_sees_what_an_unescaped_message_would_do() -> None:
    """The proof above is worth something only if the model can fail."""
    assert [a.what for a in acts({"text": "<!channel> http://evil.example"})][:1] == ["control sequence"]
    assert acts({"text": "see http://evil.example"})
    assert not acts({"text": "see http://evil.example", "parse": "none"})
    assert acts({"text": "", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "&lt;b&g"}}]})
    assert acts(
        {"text": "", "blocks": [{"type": "rich_text", "elements": [{"type": "broadcast", "range": "channel"}]}]}
    )
    assert acts({"text": "@here", "link_names": True})


@pytest.mark.parametrize("render_event", [_as_line, _as_json])
def test_fault_75_no_hostile_string_leaves_its_line_of_the_log(render_event) -> None:
    for text in HOSTILE:
        event = {"timestamp": "t", "level": "info", "event": text, "endpoint": text, text: text, "deep": [{text: text}]}
        line = render_event(None, "info", Redact(())(None, "info", event))
        assert line.isascii()
        assert line.isprintable()


def test_fault_75_nor_the_line_of_a_librarys_log_and_fault_81_nothing_in_it_is_evaluated() -> None:
    formatter = OfLibraries(Redact(()))
    for text in HOSTILE:
        record = logging.LogRecord("lib", logging.ERROR, "f.py", 1, "said %s", (text,), None)
        line = formatter.format(record)
        assert line.isascii()
        assert line.isprintable()


def test_no_hostile_string_is_more_than_text_in_markdown() -> None:
    """The weekly report as Markdown: parsed by a CommonMark parser, a name stays text and an answer stays code."""
    parser = MarkdownIt("commonmark").enable("table")
    for text in HOSTILE:
        tokens = parser.parse(f"seen: {markdown.escape(text)}")
        inline = [child.type for token in tokens for child in token.children or ()]
        assert [t.type for t in tokens] == ["paragraph_open", "inline", "paragraph_close"], text
        assert set(inline) <= {"text", "text_special", "softbreak"}, (text, inline)
        assert [t.type for t in parser.parse(markdown.fenced(text))] == ["fence"], text


def test_no_hostile_string_breaks_a_webhooks_json() -> None:
    for text in HOSTILE:
        told = json.loads(webhook_body(delivery(everywhere(text))))
        assert told["delivery"] == delivery().key


LITERAL = ["{{ 7 * 7 }}", "%s %n", "{0.__class__}", "${7*7}", "%(levelname)s"]


@pytest.mark.parametrize("text", LITERAL)
def test_fault_81_format_strings_are_shown_as_they_are(text: str) -> None:
    said = everywhere(text)
    assert text in shown(_body(render(said)))
    assert render_text(said).count(text) >= 5
    assert text in _as_line(None, "info", {"timestamp": "t", "level": "info", "event": text})
