"""Fault 73 and its kin: whatever a model, a vendor or a name says, nobody is pinged and nothing is linked."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.notify.render import LEVELS, render, render_text
from driftwatch.adapters.notify.slack_body import slack_body as _body

from .examples import FALL, INCIDENT, payload
from .slack_model import acts, shown

SEEDS = [
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S123|@oncall>", "<@U012AB3CD>", "<#C012AB3CD|general>",
    "<http://evil.example|Ack>", "<mailto:a@evil.example|write>", "<!date^1392734382^{date}^http://evil.example|x>",
    "http://evil.example/ack?inc=42", "https://evil.example", "www.evil.example", "a@evil.example", "@channel", "@here",
    "&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", "&#60;!channel&#62;", "&lt", "&", "<", ">", "<<!channel>>", "<!chan\u200bnel>",
    "```", "```\n<!channel>\n```", "`<!here>`", "*bold* _it_ ~no~", "> quoted", "&gt; quoted", ":rotating_light:",
    "\x1b[31mred\x1b[0m", "\x1b]8;;http://evil.example\x07Ack\x1b]8;;\x07", "\x1b]52;c;ZXZpbA==\x07", "\x9b2J", "\x07", "\x00",
    "ok\rEVIL", "\u202egnihtemos", "\u2066x\u2069", "\u200f", "\ud800", "\udfff<!channel>", "\ud83d", "\ufeff<!here>",
    "a" * 2_990 + "<!channel>", "&" * 3_000, "<" * 3_000, "é" * 3_000, "a\u0301" * 300, "x" * 20_000, "\n" * 500,
    '{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}', '"}]}', "{{ 7 * 7 }}", "%s %n", "{0.__class__}",
    "</script><script>alert(1)</script>", "javascript:alert(1)", "data:text/html,<b>x</b>", "slack://open", "file:///etc/passwd",
]  # fmt: skip
AROUND = ["{}", "before {} after", "{}{}"]
HOSTILE = [pattern.replace("{}", seed) for seed in SEEDS for pattern in AROUND]


def everywhere(text: str) -> dict[str, Any]:
    """Put a string into every place that somebody else can write to."""
    moved = replace(FALL.moved[0], probe_id=text)
    incident = replace(
        INCIDENT,
        endpoint=text,
        attribution="announced change",
        detail=text,
        by=text,
        comment=text,
        findings=(replace(FALL, metric=text, chart=text, moved=(moved,)),),
    )
    return payload(incident, excerpts={text: (text, text)}, model=text, changed=())


def test_there_are_more_than_a_hundred_hostile_strings() -> None:
    assert len(set(HOSTILE)) >= 100


@pytest.mark.parametrize("level", range(LEVELS))
def test_fault_73_no_hostile_string_pings_or_links_in_slack(level: int) -> None:
    for text in HOSTILE:
        body = _body(render(everywhere(text), possible_repeat=True, level=level))
        assert acts(body) == [], text
        json.dumps(body).encode("utf-8")


@pytest.mark.parametrize("text", ["<!channel> & <@U1>", "&lt;!channel&gt;", "```\n<http://evil.example|Ack>\n```"])
def test_fault_73_hostile_text_is_shown_literally(text: str) -> None:
    body = _body(render(payload(excerpts={"dates-07": (text, text)})))
    assert text in shown(body)
    named = _body(render(payload(replace(INCIDENT, comment=text.replace("\n", " "), by="ada"))))
    assert text.replace("\n", " ") in shown(named)


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
