"""Foreign chat messages as ours: text only, roles that the chat API knows."""

import json
from collections.abc import Mapping
from typing import Any

from driftwatch.adapters.probes.probe import MESSAGE_KEYS, ROLES

_ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant", "function": "tool"}


class MessageError(ValueError):
    """A message cannot be carried."""


def read_messages(value: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return chat messages as a golden set writes them, and what was left out of them.

    Raises
    ------
    MessageError
        If one is no message, or holds more than text.

    Examples
    --------
    >>> read_messages([{"role": "human", "content": [{"type": "text", "text": "Hi"}], "id": 7}])
    ([{'role': 'user', 'content': 'Hi'}], ['id'])
    """
    if not isinstance(value, list) or not value:
        raise MessageError("there are no messages")
    lost: dict[str, None] = {}
    return [_message(item, lost) for item in value], list(lost)


def is_messages(value: Any) -> bool:
    """Return whether this looks like a list of chat messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(m, Mapping) and "role" in m and ({"content", "tool_calls"} & set(m)) for m in value)
    )


def chat_in(text: str) -> Any:
    """Return the messages that a text spells out as JSON, None if it does not."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if is_messages(found) else None


def _message(item: Any, lost: dict[str, None]) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise MessageError("a message is not a mapping with role and content")
    role = str(item.get("role") or item.get("type") or "")
    role = _ROLES.get(role, role)
    if role not in ROLES:
        raise MessageError(f"the role `{role[:40]}` is not one of the chat API's")
    message: dict[str, Any] = {"role": role}
    text = content_text(item.get("content"))
    if text or not item.get("tool_calls"):
        message["content"] = text
    for key, value in item.items():
        if key in ("role", "type", "content") or value is None or value == []:
            continue
        if key in MESSAGE_KEYS and key != "wait":
            message[key] = value
        else:
            lost[str(key)] = None
    return message


def content_text(content: Any) -> str:
    """Return a message's content, its text parts put together.

    Raises
    ------
    MessageError
        For images, audio and whatever else is no text.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise MessageError("a message's content is not text")
    pieces = []
    for part in content:
        if isinstance(part, str):
            pieces.append(part)
        elif isinstance(part, Mapping) and isinstance(part.get("text"), str):
            pieces.append(part["text"])
        else:
            kind = part.get("type", "unknown") if isinstance(part, Mapping) else "unknown"
            raise MessageError(f"a message holds a part of type `{str(kind)[:40]}`, and only text is sent")
    return "\n".join(pieces)
