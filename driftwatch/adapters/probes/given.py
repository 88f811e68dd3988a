"""What a probe brings along so that nothing around the model can move: retrieved passages, results of tools."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from driftwatch.adapters.probes.place import Place, shown
from driftwatch.domain.probe import Message

PLACEHOLDER = "{{context}}"


def passages(place: Place) -> tuple[str, ...]:
    """Return the texts under `context:`: one, or a list of them; none, noted, where something else stands."""
    given = place.value.get("context")
    listed = given if isinstance(given, list) else [] if given is None else [given]
    if all(isinstance(text, str) and text.strip() for text in listed):
        return tuple(listed)
    place.at("context").note(f"`context` is {shown(given)}", "it must be a text, or a list of texts.")
    return ()


def with_context(place: Place, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the messages with the passages in place of ``{{context}}``, or else before the last question.

    Put in here, once: nothing that a model answers is ever taken for a template.
    """
    texts = passages(place)
    if not texts or not messages:
        return messages
    told = texts[0] if len(texts) == 1 else "\n\n".join(f"[{number}] {text}" for number, text in enumerate(texts, 1))
    if any(PLACEHOLDER in message.content for message in messages):
        return tuple(replace(m, content=m.content.replace(PLACEHOLDER, told)) for m in messages)
    last = messages[-1]
    return (*messages[:-1], replace(last, content=f"Context:\n{told}\n\nQuestion:\n{last.content}"))


def tool_results(place: Place, tools: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the fixed result of each tool: a text as it is, anything else as JSON."""
    given = place.value.get("tool_results")
    if given is None:
        return {}
    if not isinstance(given, dict):
        place.at("tool_results").note(f"`tool_results` is {shown(given)}", "it must be a mapping: `tool: result`.")
        return {}
    offered = [tool.get("function", {}).get("name") for tool in tools if isinstance(tool.get("function"), dict)]
    for name in given:
        if name not in offered:
            known = ", ".join(map(str, offered)) or "none"
            place.at("tool_results").at(name).note(f"no tool is called `{name}`", f"`tools:` offers: {known}.")
    return {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
