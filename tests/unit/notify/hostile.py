"""More than 500 strings that want to ping, link, run, hide, forge or break something; each is tried everywhere."""

from dataclasses import replace
from typing import Any

from .examples import FALL, INCIDENT, payload

MENTIONS = [
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S123|@oncall>", "<@U012AB3CD>", "<#C012AB3CD|general>", "@channel",
    "@here", "@everyone", "<!channel|channel>", "<!CHANNEL>", "< !channel>", "<\n!channel>", "<!chan\u200bnel>", "<<!channel>>",
    "&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", "&#60;!channel&#62;", "&#x3c;!here&#x3e;", "\uff1c!channel\uff1e", "\\<!channel\\>",
]  # fmt: skip
LINKS = [
    "<http://evil.example|Ack>", "<mailto:a@evil.example|write>", "<!date^1392734382^{date}^http://evil.example|x>",
    "http://evil.example/ack?inc=42", "https://evil.example", "www.evil.example", "a@evil.example", "javascript:alert(1)",
    "data:text/html,<b>x</b>", "slack://open", "file:///etc/passwd", "[ack](http://evil.example)", "![x](http://evil.example/p.png)",
    "[a]: http://evil.example", "<https://evil.example>", "tel:+491234567", "//evil.example", "xn--evil-example.example",
]  # fmt: skip
MARKUP = [
    "```", "```\n<!channel>\n```", "`<!here>`", "*bold* _it_ ~no~", "> quoted", "&gt; quoted", ":rotating_light:", "# head", "---",
    "| a | b |\n|---|---|", "- [ ] done", "1. one", "~~~\nx\n~~~", "    indented", "<details>", "&", "<", ">", "&lt", "&amp", "&;",
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<!-- -->", "]]>", "<b>bold</b>",
    '"><script>alert(1)</script>', "' onmouseover='alert(1)", "<style>*{display:none}</style>", "<iframe src=//evil.example>",
]  # fmt: skip
TERMINAL = [
    "\x1b[31mred\x1b[0m", "\x1b]8;;http://evil.example\x07Ack\x1b]8;;\x07", "\x1b]52;c;ZXZpbA==\x07", "\x1b]0;title\x07", "\x9b2J",
    "\x07", "\x00", "\x08\x08\x08ok", "ok\rEVIL", "a\vb\fc", "\x7f", "\x85next", "\u2028line\u2029paragraph", "\x1b[2J\x1b[H", "\x1bc",
    "\u202egnihtemos", "\u2066x\u2069", "\u200f", "\u061c", "\u200e", "\x1b[8m hidden", "\x1b[?1049h", "\x1bP$q\x1b\\",
]  # fmt: skip
FORMATS = [
    "{{ 7 * 7 }}", "{% for x in y %}", "${7*7}", "#{7*7}", "%s %n", "%(levelname)s", "{0.__class__}", "{payload}", "{endpoint!r:>99}",
    "%d%d%d", "$HOME", "`id`", "$(id)", "; rm -rf /", "| cat", "=1+1", "+1", "-1", "@SUM(1)", '=HYPERLINK("http://evil.example")',
    "\tx", '{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}', '"}]}', "'; DROP TABLE outbox; --",
]  # fmt: skip
UNICODE = [
    "\ud800", "\udfff<!channel>", "\ud83d", "\ufeff<!here>", "a\u0301" * 300, "\u0000\u0001\u0002", "e\u0301" * 50, "\u1160\u3164",
    "\U000e0001\U000e0041", "\ufffe\uffff", "👩‍👩‍👧‍👦" * 50, "\u200b" * 40, "zalgo\u0336\u0337\u0338" * 40, "аdmin", "\u00a0\u3000",
]  # fmt: skip
LONG = [
    "a" * 2_990 + "<!channel>", "&" * 3_000, "<" * 3_000, "é" * 3_000, "x" * 20_000, "\n" * 500, "<!channel>" * 400, "&amp;" * 700,
    "`" * 3_000, "\x1b[31m" * 400, "{{" * 1_000, "a " * 6_000, "|" * 2_000, "[" * 2_000, "*" * 2_000,
]  # fmt: skip
SEEDS = MENTIONS + LINKS + MARKUP + TERMINAL + FORMATS + UNICODE + LONG
AROUND = ["{}", "before {} after", "{}{}", "x\n{}\ny"]
HOSTILE = [pattern.replace("{}", seed) for seed in SEEDS for pattern in AROUND]


def everywhere(text: str, **more: Any) -> dict[str, Any]:
    """Put a string into every place of a message that somebody else can write to."""
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
    return payload(incident, excerpts={text: (text, text)}, model=text, changed=()) | more
