"""Chat JSON lines as fine-tuning takes them: the last answer is the reference."""

from collections.abc import Mapping
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.sample import Sample, rows, split_chat, take, usable

KEYS = (
    "messages",
    "tools",
    "prompt",
    "completion",
    "input",
    "preferred_output",
    "non_preferred_output",
    "conversations",
)


def is_chat(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a chat, a prompt with its completion, or a pair of preferences."""
    return (
        isinstance(row.get("messages"), list)
        or isinstance(row.get("conversations"), list)
        or {"prompt", "completion"} <= set(row)
        or "preferred_output" in row
    )


def read_chat(top: Part, book: Book) -> None:
    """Put the chats of a file into the book."""
    for row in rows(top):
        if usable(row, book):
            asked, answered = _exchange(row.value)
            tools = row.value.get("tools")
            take(
                Sample(
                    part=row,
                    asked=asked,
                    answered=answered,
                    tools=tools if isinstance(tools, list) else (),
                    lost=[key for key in row.value if key not in KEYS],
                ),
                book,
            )


def _exchange(row: Mapping[str, Any]) -> tuple[Any, Any]:
    if isinstance(row.get("messages"), list):
        return split_chat(row["messages"])
    if isinstance(row.get("conversations"), list):
        # ShareGPT: {"from": "human", "value": "..."}.
        turns = [
            {
                "role": {"gpt": "assistant", "human": "user"}.get(str(turn.get("from")), turn.get("from")),
                "content": turn.get("value"),
            }
            for turn in row["conversations"]
            if isinstance(turn, Mapping)
        ]
        return split_chat(turns)
    if "preferred_output" in row:
        return row.get("input"), row["preferred_output"]
    return row.get("prompt"), row.get("completion")
