"""The weekly report as Slack's blocks. Pure, from the frozen payload."""

from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
    SectionBlock,
)

from driftwatch.adapters.notify.escaping import escape
from driftwatch.adapters.notify.report_words import Payload, line_of, more
from driftwatch.domain.legible import legible

MAX_SECTION = 3_000
MAX_HEADER = 150
FEWER = 8
"""Endpoints of the shorter form; those that drifted stand first."""
_Text = RichTextElementParts.Text


def report_levels(payload: Payload, *, remark: str = "") -> list[list[dict[str, Any]]]:
    """Return the blocks, in full and with fewer endpoints."""
    full, fewer = len(payload["endpoints"]), min(FEWER, len(payload["endpoints"]))
    return [[b.to_dict() for b in _blocks(payload, n, remark=remark)] for n in (full, fewer)]


def _blocks(payload: Payload, endpoints: int, *, remark: str) -> Iterator[Block]:
    yield HeaderBlock(text=PlainTextObject(text=legible(payload["verdict"], MAX_HEADER), emoji=False))
    named = f"Week {payload['week']}, {payload['period']}" if "week" in payload else payload["period"]
    yield _section("\n".join(line for line in (named, payload.get("quiet", "")) if line))
    for todo in payload["todo"]:
        yield _section(f"{todo['incident']} {todo['said']}")
        command = _Text(text=todo["command"], style={"code": True})
        yield RichTextBlock(elements=[RichTextSectionElement(elements=[command])])
    if payload.get("more_todo"):
        yield _section(f"and {payload['more_todo']} more open incidents: driftwatch incidents")
    lines = [*map(line_of, payload["endpoints"][:endpoints]), more(payload, endpoints)]
    for part in _parts([line for line in lines if line]):
        yield _section(part)
    # First, because a limit cuts what stands last: that a message may have come before must be read.
    accounts = [remark, *payload["accounts"]]
    yield ContextBlock(elements=[_mrkdwn("\n".join(line for line in accounts if line), 2_000)])


def _parts(lines: list[str]) -> Iterator[str]:
    """Join lines to as few sections as Slack's limit allows; escaped, a line is at most five times as long."""
    part: list[str] = []
    for line in lines:
        if part and len(escape("\n".join([*part, line]), 10 * MAX_SECTION)) > MAX_SECTION:
            yield "\n".join(part)
            part = []
        part.append(line)
    if part:
        yield "\n".join(part)


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=_mrkdwn(text, MAX_SECTION))


def _mrkdwn(text: str, limit: int) -> MarkdownTextObject:
    return MarkdownTextObject(text=escape(text, limit), verbatim=True)
