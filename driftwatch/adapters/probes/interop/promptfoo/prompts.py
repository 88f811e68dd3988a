"""promptfoo's `prompts:`: texts, chats, files of them; programs and prompt registries are losses."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.files import FILE, FileRefusedError, matching, text_of
from driftwatch.adapters.probes.interop.losses import Fate, Kind, LossReport
from driftwatch.adapters.probes.interop.messages import MessageError, chat_in, is_messages, read_messages
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.reading import part_of
from driftwatch.adapters.probes.interop.template import TemplateError, fill, fill_all
from driftwatch.adapters.yaml_strict import parse
from driftwatch.domain.errors import ConfigError

FILES = (".txt", ".md", ".j2", ".json", ".jsonl", ".yaml", ".yml", ".csv")
PROGRAMS = (".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".sh", ".bash", ".rb", ".pl", ".php", ".lua", ".ps1")
REGISTRIES = ("langfuse://", "portkey://", "helicone://", "http://", "https://", "google-docs://")
_PATH = re.compile(r"[\w./* -]{1,300}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt before its names are filled in.

    Parameters
    ----------
    content : str or list of mapping
        A text, or chat messages.
    """

    part: Part
    content: Any
    label: str | None = None

    @property
    def what(self) -> str:
        """What a report calls it."""
        return self.label or (self.content if isinstance(self.content, str) else "chat")[:60]


class PromptLostError(Exception):
    """The prompt cannot be carried."""


def read_prompts(listed: Part | None, book: Book, default: Part) -> list[Prompt]:
    """Return every prompt that can be carried; the others are told to the book's report."""
    if listed is None:
        return [Prompt(part=default.stand_in("{{prompt}}"), content="{{prompt}}")]
    parts = listed.items() if isinstance(listed.value, list) else [listed]
    if isinstance(listed.value, Mapping) and not ({"id", "raw", "label"} & set(listed.value)):
        # The older form: file -> label.
        parts = [part.stand_in({"id": key, "label": part.value}) for key, part in listed.fields()]
    found: list[Prompt] = []
    for part in parts:
        book.report.found(part, Kind.PROMPT, str(part.value)[:60])
        try:
            found += _read(part, book)
        except (PromptLostError, FileRefusedError) as error:
            book.report.dropped(part, Kind.PROMPT, str(part.value)[:60], str(error))
    return found


def _read(part: Part, book: Book) -> list[Prompt]:
    written, label = part.value, None
    if isinstance(written, Mapping):
        label = part.text("label")
        written = part.text("raw") or part.text("id")
        lost = [key for key in part.value if key not in ("raw", "id", "label")]
        if lost:
            book.report.note(
                part, Kind.SETTING, lost[0], Fate.DROPPED, why="sampling is set at the endpoint, not at a prompt"
            )
    if is_messages(written):
        return [Prompt(part=part, content=written, label=label)]
    if not isinstance(written, str) or not written.strip():
        raise PromptLostError("a prompt is a text, or a mapping with `id:` or `raw:`")
    path = written.removeprefix(FILE)
    if written.startswith("exec:") or (_suffix(path.split(":")[0]) in PROGRAMS and (FILE in written or _is_path(path))):
        raise PromptLostError("it is a program, which an import never runs")
    if written.startswith(REGISTRIES):
        raise PromptLostError("it lies in a prompt registry, and an import reads files only")
    if written.startswith(FILE) or (_is_path(path) and _suffix(path) in FILES):
        return [
            Prompt(part=part, content=content, label=label or own)
            for file in matching(written, part.folder, book.root)
            for content, own in _in_file(file, written, book)
        ]
    return [Prompt(part=part, content=chat_of(written), label=label)]


def _is_path(text: str) -> bool:
    return "\n" not in text and "{{" not in text and _PATH.match(text) is not None


def _suffix(path: str) -> str:
    return Path(path).suffix.lower() if len(path) < 300 else ""


def _in_file(file: Path, named: str, book: Book) -> Iterator[tuple[Any, str | None]]:
    text, suffix = text_of(file, named), file.suffix.lower()
    if suffix in (".csv", ".jsonl"):
        rows = part_of(text, suffix, book.report, file=named, folder=file.parent).items()
        for row in rows:
            value = row.value
            if isinstance(value, Mapping) and isinstance(value.get("prompt"), str):
                yield chat_of(value["prompt"]), row.text("label")
            elif suffix == ".jsonl":
                yield (value if is_messages(value) else json.dumps(value)), None
        return
    pieces = re.split(r"\r?\n---\r?\n", text) if suffix == ".txt" else [text]
    for number, piece in enumerate((p.strip() for p in pieces if p.strip()), 1):
        yield chat_of(piece), file.stem if len(pieces) == 1 else f"{file.stem}-{number}"


def chat_of(text: str) -> Any:
    """Return the chat messages that a text spells out as JSON or YAML, else the text.

    Examples
    --------
    >>> chat_of('[{"role": "user", "content": "Hi {{name}}"}]')
    [{'role': 'user', 'content': 'Hi {{name}}'}]
    """
    found = chat_in(text)
    if found is None and text.lstrip().startswith("- role:"):
        try:
            value = parse(text, file="prompt").value
        except ConfigError:
            return text
        found = value if is_messages(value) else None
    return text if found is None else found


def rendered(prompt: Prompt, values: Mapping[str, Any], before: str, after: str) -> tuple[Any, list[str]]:
    """Return the prompt with its names filled in, and what was lost in that.

    Raises
    ------
    PromptLostError
        If it asks for more than names, or does not become text or chat messages.
    """
    try:
        content, missing = fill_all(prompt.content, values)
        if isinstance(content, str):
            edges = [fill(edge, values)[0] for edge in (before, after)]
            content = chat_of(f"{edges[0]}{content}{edges[1]}")
        changes = [f"`{name}` has no value and became empty" for name in dict.fromkeys(missing)]
        if isinstance(content, str):
            return content, changes
        messages, lost = read_messages(content)
    except (TemplateError, MessageError) as error:
        raise PromptLostError(str(error)) from None
    return messages, [*changes, *(f"`{key}` of a message is dropped" for key in lost)]


def chosen(prompts: Sequence[Prompt], wanted: Any, report: LossReport) -> Sequence[Prompt]:
    """Return the prompts that a test case names by label; all of them where it names none."""
    del report
    if not isinstance(wanted, list) or not wanted:
        return prompts
    labels = [str(label).removesuffix("*").removesuffix(":") for label in wanted]
    return [
        p for p in prompts if p.label and any(p.label == label or p.label.startswith(f"{label}:") for label in labels)
    ]
