"""A small model of how Slack reads a message: what is a mention, a link, a command; written from Slack's reference.

``mrkdwn`` text: everything between ``<`` and ``>`` is a control sequence; bare addresses become links unless
``verbatim`` (blocks) or ``parse: none`` (text); exactly ``&amp; &lt; &gt;`` are decoded for display.
``plain_text`` and the elements of ``rich_text`` have no markup; only typed elements (user, link, ...) act.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CONTROL = re.compile(r"<([^<>]*)>")
_ADDRESS = re.compile(r"\b(?:https?://|mailto:|www\.)\S+|\b[\w.+-]+@[\w-]+\.\w+\b")
_BARE_MENTION = re.compile(r"(?<!\w)@(?:channel|here|everyone)\b")
_PASSIVE = {"rich_text", "rich_text_section", "rich_text_preformatted", "text"}


@dataclass(frozen=True)
class Acts:
    """Something in a message that does more than be read."""

    what: str
    text: str


def acts(body: Mapping[str, Any]) -> list[Acts]:
    """Return everything in a message that pings, links or runs."""
    found = list(_mrkdwn(body.get("text", ""), linking=body.get("parse") != "none"))
    if body.get("link_names"):
        found += [Acts("mention", m.group()) for m in _BARE_MENTION.finditer(body["text"])]
    for block in body.get("blocks", []):
        found += _walk(block)
    return found


def shown(body: Mapping[str, Any]) -> str:
    """Return what people read."""
    return "\n".join(
        [_decoded(body.get("text", "")), *(s for block in body.get("blocks", []) for s in _strings(block))]
    )


def _walk(part: Any) -> Iterator[Acts]:
    if isinstance(part, list):
        for each in part:
            yield from _walk(each)
    elif isinstance(part, dict):
        kind = part.get("type")
        if kind == "mrkdwn":
            yield from _mrkdwn(part["text"], linking=not part.get("verbatim"))
            return
        if kind == "plain_text":
            return
        if part.get("url") or part.get("action_id") or kind in ("user", "channel", "broadcast", "usergroup", "link"):
            yield Acts(str(kind), str(part))
        elif kind is not None and kind not in _PASSIVE | {"header", "section", "context"}:
            yield Acts("unknown element", str(kind))
        for value in part.values():
            yield from _walk(value)


def _mrkdwn(text: str, *, linking: bool) -> Iterator[Acts]:
    yield from (Acts("control sequence", m.group()) for m in _CONTROL.finditer(text))
    if "<" in text or ">" in text:
        yield Acts("unescaped bracket", text)
    if re.search(r"&(?!amp;|lt;|gt;)", text):
        yield Acts("unescaped or cut entity", text)
    if linking:
        yield from (Acts("link", m.group()) for m in _ADDRESS.finditer(text))


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _strings(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _strings(each)
    elif isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield _decoded(part["text"]) if part.get("type") == "mrkdwn" else part["text"]
        for value in part.values():
            if not isinstance(value, str):
                yield from _strings(value)
