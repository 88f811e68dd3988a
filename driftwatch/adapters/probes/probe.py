"""Reads one probe of a golden set."""

import re
from datetime import timedelta
from typing import Any

from driftwatch.adapters.probes.given import tool_results, with_context
from driftwatch.adapters.probes.place import Place, shown
from driftwatch.adapters.probes.scorers import read_scorers
from driftwatch.domain.probe import Message, Probe, Sensor

KEYS = (
    *("id", "prompt", "messages", "system", "context", "tools", "tool_results", "samples", "tags", "scorers", "sensor"),
)
MESSAGE_KEYS = ("role", "content", "wait", "name", "tool_calls", "tool_call_id")
ROLES = ("system", "developer", "user", "assistant", "tool")
MAX_SAMPLES = 100
MAX_WAIT = timedelta(days=1)
SENSORS: tuple[Sensor, ...] = ("logprob", "border")
BORDER_BLOCK = 10
"""First tokens that make one score of a border input where they must be counted."""

_ID = re.compile(r"\w[\w./:-]{0,99}\Z")
WAIT = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s?(ms|s|m|h)\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_probe(place: Place) -> Probe | None:
    """Return the probe that stands here; None, noted, if something is wrong with it."""
    before = len(place.problems)
    if not place.mapping(KEYS):
        return None
    probe_id = _id(place)
    sensor = _sensor(place)
    messages = with_context(place, _messages(place))
    tools = _tools(place)
    probe = Probe(
        id=probe_id,
        messages=messages,
        samples=_samples(place, usual=BORDER_BLOCK if sensor == "border" else 1),
        tags=_tags(place),
        scorers=read_scorers(place),
        tools=tools,
        tool_results=tool_results(place, tools),
        sensor=sensor,
    )
    if len(place.problems) > before:
        return None
    try:
        probe.content_hash  # noqa: B018 -- canonical JSON refuses what it cannot write
    except ValueError as error:
        place.note(f"a value of this probe cannot be hashed ({error})", "write numbers beyond 2^53 as text.")
        return None
    return probe


def _id(place: Place) -> str:
    probe_id = place.value.get("id")
    if isinstance(probe_id, str) and _ID.match(probe_id):
        return probe_id
    if probe_id is None:
        need = "add `id:`, a name that stays when the prompt is edited."
        place.note("this probe has no id", need, "probe-without-id")
    else:
        need = "it must be a text of letters, digits and . _ - / : up to 100 characters."
        place.at("id").note(f"the id is {shown(probe_id)}", need, "probe-without-id")
    return "?"


def _messages(place: Place) -> tuple[Message, ...]:
    given = [key for key in ("prompt", "messages") if key in place.value]
    if len(given) != 1:
        met = "both `prompt` and `messages` stand here" if given else "there is neither `prompt` nor `messages`"
        (place.at("messages") if given else place).note(met, "give one of the two.")
        return ()
    system = [place.text("system")] if "system" in place.value else []
    before = [Message(role="system", content=text) for text in system if text]
    if given == ["prompt"]:
        text = place.text("prompt")
        return (*before, Message(role="user", content=text or ""))
    turns = _turns(place)
    if before and any(turn.role == "system" for turn in turns):
        place.at("system").note("there are a `system` and a message with that role", "keep one of the two.")
    return (*before, *turns)


def _turns(place: Place) -> list[Message]:
    listed = place.list("messages")
    if listed is None or not listed.value:
        if listed is not None or place.value["messages"] is None:
            place.at("messages").note("`messages` is empty", "it must have at least one message.")
        return []
    turns = [turn for item in listed.items() if (turn := _turn(item)) is not None]
    if turns and turns[-1].role not in ("user", "tool"):
        listed.at(len(listed.value) - 1).note(
            f"the last message is from `{turns[-1].role}`", "it must be from `user` or `tool`: it is what is answered."
        )
    return turns


def _turn(place: Place) -> Message | None:
    if not place.mapping(MESSAGE_KEYS):
        return None
    role = place.value.get("role")
    if role not in ROLES:
        place.note(f"the role is {shown(role)}", f"it must be one of {', '.join(ROLES)}.")
        return None
    calls = place.value.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, dict) for call in calls)):
        place.at("tool_calls").note(f"`tool_calls` is {shown(calls)}", "it must be a list of mappings.")
    if "content" not in place.value and not calls:
        place.note("this message has no content", "add `content:`.")
        return None
    content = place.text("content") if "content" in place.value and not calls else place.value.get("content")
    extra = {key: place.value[key] for key in ("name", "tool_calls", "tool_call_id") if key in place.value}
    return Message(role=role, content=content if isinstance(content, str) else "", wait_s=_wait(place), extra=extra)


def _wait(place: Place) -> float:
    written = place.value.get("wait", "0s")
    match = WAIT.match(written) if isinstance(written, str) else None
    seconds = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if 0 <= seconds <= MAX_WAIT.total_seconds():
        return seconds
    place.at("wait").note(f"`wait` is {shown(written)}", "write how long: 500ms, 2s, 10m or 1h, at most 24h.")
    return 0.0


def _sensor(place: Place) -> Sensor:
    written = place.value.get("sensor")
    if written is None:
        return ""
    sensor = next((known for known in SENSORS if known == written), None)
    if sensor is None:
        place.at("sensor").note(f"`sensor` is {shown(written)}", f"it must be {' or '.join(SENSORS)}.")
        return ""
    if place.value.get("scorers"):
        place.at("scorers").note(
            "a sensor has scorers", "remove them: it is asked for one token, and only that is read."
        )
    return sensor


def _samples(place: Place, *, usual: int) -> int:
    samples = place.value.get("samples", usual)
    if isinstance(samples, int) and not isinstance(samples, bool) and 1 <= samples <= MAX_SAMPLES:
        return samples
    place.at("samples").note(f"`samples` is {shown(samples)}", f"it must be a whole number from 1 to {MAX_SAMPLES}.")
    return 1


def _tags(place: Place) -> tuple[str, ...]:
    listed = place.list("tags")
    if listed is None:
        return ()
    for item in listed.items():
        if not isinstance(item.value, str) or not item.value.strip():
            item.note(f"a tag is {shown(item.value)}", "it must be a text; quote it.")
    return tuple(tag for tag in listed.value if isinstance(tag, str))


def _tools(place: Place) -> tuple[dict[str, Any], ...]:
    listed = place.list("tools")
    if listed is None:
        return ()
    for item in listed.items():
        if not isinstance(item.value, dict) or "type" not in item.value:
            item.note(
                f"a tool is {shown(item.value)}", "write it as the API takes it: `type: function`, `function: …`."
            )
    return tuple(tool for tool in listed.value if isinstance(tool, dict))
