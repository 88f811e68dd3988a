"""What a fake Slack keeps and answers: channels, messages, threads, metadata, files, scopes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_TOTAL = 13_200
_LIMITS = {"header": 150, "section": 3_000}
YEAR_2096 = 4_000_000_000
"""Its messages are newer than anything a test promises."""
SCOPES = frozenset({"chat:write", "channels:history", "channels:read", "files:write"})


@dataclass(kw_only=True)
class Message:
    """One message as it stands; `edits` counts its updates."""

    channel: str
    ts: str
    body: dict[str, Any]
    thread_ts: str | None = None
    edits: int = 0

    @property
    def shown(self) -> dict[str, Any]:
        """As conversations.history gives it."""
        kept = {name: self.body[name] for name in ("text", "blocks", "metadata") if name in self.body}
        return {"type": "message", "ts": self.ts, **kept, **({"thread_ts": self.thread_ts} if self.thread_ts else {})}


@dataclass(kw_only=True)
class Workspace:
    """The part of Slack that remembers.

    Parameters
    ----------
    scopes : set of str
        What the token may do.
    groups : dict of str to list of str
        User groups by id, with their members.
    """

    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    messages: list[Message] = field(default_factory=list)
    files: list[Mapping[str, Any]] = field(default_factory=list)
    ephemeral: list[Mapping[str, Any]] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    page_size: int = 200
    _channels: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def id_of(self, channel: str) -> str:
        """Return a channel's id; a name gets one when it is first used."""
        if channel.startswith("C0"):
            return channel
        return self._channels.setdefault(channel.lstrip("#"), f"C0{len(self._channels):07d}")

    def post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """chat.postMessage."""
        if "chat:write" not in self.scopes:
            return _refused("missing_scope")
        if not body.get("channel"):
            return _refused("channel_not_found")
        if trouble := trouble_with(body):
            return _refused(trouble)
        message = Message(
            channel=self.id_of(str(body["channel"])), ts=self._ts(), body=dict(body), thread_ts=body.get("thread_ts")
        )
        self.messages.append(message)
        return {"ok": True, "channel": message.channel, "ts": message.ts}

    def whisper(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """chat.postEphemeral: one person sees it."""
        self.ephemeral.append(body)
        return {"ok": True, "message_ts": self._ts()}

    def update(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """chat.update."""
        message = next((m for m in self.messages if (m.channel, m.ts) == (body.get("channel"), body.get("ts"))), None)
        if message is None:
            return _refused("message_not_found")
        if trouble := trouble_with(body):
            return _refused(trouble)
        message.body = {**message.body, "blocks": [], **body}
        message.edits += 1
        return {"ok": True, "channel": message.channel, "ts": message.ts}

    def history(self, query: Mapping[str, str], *, thread: bool) -> dict[str, Any]:
        """conversations.history, newest first, or conversations.replies, oldest first."""
        if not {"channels:history", "groups:history"} & self.scopes:
            return _refused("missing_scope")
        if query.get("channel") not in {*self._channels.values(), *(m.channel for m in self.messages)}:
            return _refused("channel_not_found")
        found = [m for m in self.messages if m.channel == query["channel"] and m.ts > query.get("oldest", "0")]
        if thread:
            found = [m for m in found if query["ts"] in (m.ts, m.thread_ts)]
            if not found:
                return _refused("thread_not_found")
        else:
            found = [m for m in reversed(found) if not m.thread_ts or m.body.get("reply_broadcast")]
        shown = [m.shown for m in found]
        if query.get("include_all_metadata") != "true":
            shown = [{k: v for k, v in one.items() if k != "metadata"} for one in shown]
        return _page(shown, "messages", query, self.page_size)

    def channels(self, query: Mapping[str, str]) -> dict[str, Any]:
        """conversations.list."""
        if "channels:read" not in self.scopes:
            return _refused("missing_scope")
        listed = [{"id": number, "name": name} for name, number in self._channels.items()]
        return _page(listed, "channels", query, self.page_size)

    def group(self, query: Mapping[str, str]) -> dict[str, Any]:
        """usergroups.users.list."""
        if "usergroups:read" not in self.scopes:
            return _refused("missing_scope")
        found = self.groups.get(query.get("usergroup", ""))
        return _refused("no_such_subteam") if found is None else {"ok": True, "users": list(found)}

    def upload_url(self, query: Mapping[str, str], origin: str) -> dict[str, Any]:
        """files.getUploadURLExternal."""
        if "files:write" not in self.scopes:
            return _refused("missing_scope")
        number = f"F{len(self.files)}"
        self.files.append({"id": number, "name": query.get("filename")})
        return {"ok": True, "file_id": number, "upload_url": f"{origin}/upload/{number}"}

    def uploaded(self, number: str, content: bytes) -> None:
        """Keep the bytes of a file."""
        self.files[int(number[1:])] = {**self.files[int(number[1:])], "content": content}

    def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """files.completeUploadExternal."""
        listed = body["files"] if isinstance(body["files"], list) else json.loads(body["files"])
        for one in listed:
            index = int(one["id"][1:])
            self.files[index] = {**self.files[index], "channel": body.get("channel_id"), "ts": body.get("thread_ts")}
        return {"ok": True, "files": [{"id": one["id"]} for one in listed]}

    def _ts(self) -> str:
        self._count += 1
        return f"{YEAR_2096}.{self._count:06d}"


def trouble_with(body: Mapping[str, Any]) -> str | None:
    """Return Slack's name for what is wrong with a message's size."""
    blocks = body.get("blocks", [])
    if not body.get("text") and not blocks:
        return "no_text"
    if len(blocks) > 50 or sum(map(_length, blocks)) > MAX_TOTAL:
        return "invalid_blocks"
    for block in blocks:
        text = block.get("text") or {}
        if len(text.get("text", "")) > _LIMITS.get(block["type"], MAX_TOTAL):
            return "invalid_blocks"
        fields = block.get("fields", [])
        if len(fields) > 10 or any(len(f["text"]) > 2_000 for f in fields):
            return "invalid_blocks"
    return "msg_too_long" if len(str(body.get("text", ""))) > 40_000 else None


def _refused(code: str) -> dict[str, Any]:
    return {"ok": False, "error": code}


def _page(rows: Sequence[Any], name: str, query: Mapping[str, str], size: int) -> dict[str, Any]:
    begin, size = int(query.get("cursor") or 0), min(size, int(query.get("limit") or size))
    end = begin + size
    more = {"next_cursor": str(end) if end < len(rows) else ""}
    return {"ok": True, name: list(rows[begin:end]), "has_more": end < len(rows), "response_metadata": more}


def _length(part: Any) -> int:
    """Return how many characters of text a part of a message holds."""
    if isinstance(part, dict):
        own = part["text"] if isinstance(part.get("text"), str) else ""
        return len(own) + sum(_length(v) for v in part.values() if not isinstance(v, str))
    return sum(map(_length, part)) if isinstance(part, list) else 0
