"""One row of another tool's data set as a probe: its input, its reference answer, its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driftwatch.adapters.probes.interop.book import Book, as_probe, slug
from driftwatch.adapters.probes.interop.losses import Fate, Kind
from driftwatch.adapters.probes.interop.messages import MessageError, content_text, is_messages, read_messages
from driftwatch.adapters.probes.interop.part import Part, on_line
from driftwatch.adapters.probes.interop.reference import Compared, compare
from driftwatch.adapters.probes.interop.template import TemplateError, as_text, fill

INPUT_KEYS = ("input", "question", "query", "prompt", "text", "user_input", "instruction", "user", "message", "content")
SHORTEST_SLUG = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a reader found in a row.

    Parameters
    ----------
    asked : Any
        A text, chat messages, or a mapping of values.
    answered : Any
        The reference answer; None if there is none.
    named : str, optional
        What the source calls it, if people chose that.
    compared : sequence of Compared
        How the source compares answers, where it says so; otherwise the book's reference scorer is taken.
    lost : sequence of str
        Keys of the row that have no place here.
    restored : mapping, optional
        What an export of ours has put into the metadata: the whole probe.
    """

    part: Part
    asked: Any
    answered: Any = None
    named: str | None = None
    tags: Sequence[str] = ()
    tools: Sequence[Any] = ()
    count: int = 1
    compared: Sequence[Compared] | None = None
    lost: Sequence[str] = ()
    changes: Sequence[str] = ()
    restored: Any = None


class SampleLostError(ValueError):
    """The row cannot be carried."""


def take(sample: Sample, book: Book) -> None:
    """Put a sample into the book, and tell its report what became of it and of its reference."""
    part, what = sample.part, (sample.named or as_text(sample.asked))[:60]
    book.report.found(part, Kind.CASE, what)
    if isinstance(sample.restored, Mapping) and _restored(part, sample.restored, book):
        return
    try:
        content, changes = _content(sample.asked, book)
    except (SampleLostError, MessageError, TemplateError) as error:
        book.report.dropped(part, Kind.CASE, what, str(error))
        _reference_lost(sample, book)
        return
    probe = as_probe(content, tags=sample.tags, count=sample.count)
    if sample.tools:
        probe["tools"] = list(sample.tools)
    refused = book.refusal(probe)
    if refused is not None:
        book.report.dropped(part, Kind.CASE, what, refused)
        _reference_lost(sample, book)
        return
    scorers = compare(part, sample.answered, sample.compared, book)
    if scorers:
        probe["scorers"] = scorers
    probe_id = book.add(probe, wanted=sample.named or _name(content))
    changes = [*changes, *sample.changes, *(f"`{key}` is dropped" for key in sample.lost)]
    fate = Fate.CHANGED if changes else Fate.KEPT
    book.report.note(part, Kind.CASE, what, fate, became=probe_id, why="; ".join(changes) or None)


def _restored(part: Part, kept: Mapping[str, Any], book: Book) -> bool:
    """Take a probe as an export of ours has written it; return False if it is none."""
    probe = {key: value for key, value in kept.items() if key not in ("id", "scorers")}
    named, listed = kept.get("id"), kept.get("scorers", [])
    if not isinstance(named, str) or not isinstance(listed, list) or book.refusal(probe) is not None:
        return False
    scorers = []
    for number, item in enumerate(listed):
        place = Part(
            file=part.file, folder=part.folder, node=on_line(item, part.line), steps=(*part.steps, "scorers", number)
        )
        refused, what = book.scorer_refusal(item, kept.get("tools") or ()), as_text(item)
        if refused is None:
            scorers.append(item)
            book.report.note(place, Kind.ASSERTION, what, Fate.KEPT, became=what)
        else:
            book.report.dropped(place, Kind.ASSERTION, what, refused)
    if scorers:
        probe["scorers"] = scorers
    book.report.note(part, Kind.CASE, named[:60], Fate.KEPT, became=book.add(probe, wanted=named))
    return True


def _reference_lost(sample: Sample, book: Book) -> None:
    for compared in sample.compared if sample.compared is not None else ():
        book.report.dropped(compared.part, Kind.ASSERTION, compared.what, "its test case cannot be carried")
    if sample.compared is None and sample.answered is not None:
        book.report.dropped(sample.part.stand_in(None), Kind.ASSERTION, "reference", "its test case cannot be carried")


def _name(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return slug(content)
    asked = [str(message.get("content", "")) for message in content if message["role"] == "user"]
    return slug(asked[-1]) if asked else ""


def _content(asked: Any, book: Book) -> tuple[str | list[dict[str, Any]], list[str]]:
    """Return what is sent, and what was changed for that."""
    if book.prompt is not None:
        values = {**asked, "input": asked} if isinstance(asked, Mapping) else {"input": asked}
        filled, missing = fill(book.prompt, values)
        return filled, [f"`{name}` has no value and became empty" for name in missing]
    if isinstance(asked, Mapping):
        return _of_mapping(asked)
    if is_messages(asked) or (isinstance(asked, list) and asked and isinstance(asked[0], Mapping)):
        messages, lost = read_messages(_flat(asked))
        return messages, [f"`{key}` of a message is dropped" for key in lost]
    if isinstance(asked, str) and asked.strip():
        return asked, []
    if isinstance(asked, list) and asked and all(isinstance(item, str) for item in asked):
        return "\n".join(asked), ["its texts are put together"]
    raise SampleLostError(
        "it has no input" if asked in (None, "", [], {}) else "its input is neither text nor messages"
    )


def _of_mapping(asked: Mapping[str, Any]) -> tuple[str | list[dict[str, Any]], list[str]]:
    listed = asked.get("messages")
    if listed is None and isinstance(asked.get("input"), list):
        listed = asked["input"]
    if isinstance(listed, list):
        messages, lost = read_messages(_flat(listed))
        others = [key for key in asked if asked[key] is not listed]
        return messages, [f"`{key}` of the input is dropped" for key in (*others, *lost)]
    texts = {key: value for key, value in asked.items() if isinstance(value, str) and value.strip()}
    key = next((key for key in INPUT_KEYS if key in texts), next(iter(texts)) if len(asked) == 1 and texts else None)
    if key is None:
        names = ", ".join(f"{{{{{name}}}}}" for name in asked)
        raise SampleLostError(f"its input has several values and no prompt; give one with `--prompt`: {names[:80]}")
    return texts[key], [f"`{other}` of the input is dropped" for other in asked if other != key]


def _flat(messages: list[Any]) -> list[Any]:
    """Return messages as the chat API writes them: LangChain puts a message's content into `data` or `kwargs`."""
    flat = []
    for message in messages:
        inner = next((message[k] for k in ("data", "kwargs", "message") if isinstance(message, Mapping)
                      and isinstance(message.get(k), Mapping)), None)  # fmt: skip
        flat.append(
            {**inner, "role": message.get("role") or inner.get("role") or message.get("type")} if inner else message
        )
    return flat


def split_chat(messages: Any) -> tuple[Any, Any]:
    """Return a chat without the model's last answer, and that answer."""
    if not isinstance(messages, list) or len(messages) < 2 or not isinstance(messages[-1], Mapping):
        return messages, None
    last = messages[-1]
    if last.get("role") not in ("assistant", "model", "ai"):
        return messages, None
    try:
        text = content_text(last.get("content"))
    except MessageError:
        text = ""
    return messages[:-1], text or {"tool_calls": last.get("tool_calls")}


def rows(top: Part, *under: str) -> list[Part]:
    """Return the rows of a data set: a list, or a list under one of these keys."""
    if isinstance(top.value, list):
        return top.items()
    for key in under:
        found = top.at(*key.split("."))
        if found is not None and isinstance(found.value, list):
            return found.items()
    return [top]


def usable(row: Part, book: Book) -> bool:
    """Return whether a row is a mapping; tell the report if not."""
    if isinstance(row.value, Mapping):
        return True
    book.report.dropped(row, Kind.LINE, as_text(row.value)[:60] or "empty", "a row is a mapping")
    return False


def tags_of(metadata: Any, tags: Any = None) -> list[str]:
    """Return tags, and short texts of metadata as ``key:value``."""
    found = [str(tag) for tag in tags if isinstance(tag, str) and tag.strip()] if isinstance(tags, list) else []
    for key, value in metadata.items() if isinstance(metadata, Mapping) else ():
        if key == "tags" and isinstance(value, list):
            found += [str(tag) for tag in value if isinstance(tag, str) and tag.strip()]
        elif isinstance(value, str) and value.strip() and len(value) <= 60:
            found.append(f"{key}:{value}")
    return found
