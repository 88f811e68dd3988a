"""YAML 1.2 read strictly, with the line of every value: for what people write by hand."""

import math
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from driftwatch.domain.errors import ConfigError, Problem

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_ALIASED_NODES = 10_000

Where = tuple[str | int, ...]
"""Way from the top of the document to a value: ``("probes", 3, "prompt")``."""

# https://yaml.org/spec/1.2.2/#103-core-schema; dates, `on`, `yes` and 12:30 are text there.
_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_UNBOUNDED = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_OF_WORDS = frozenset("abcdeghijklmopqrsuvwxyzABCDEGHIJKLMOPQRSUVWXYZ^")
"""What no null, boolean or number begins with: most values are such text, and six patterns for each take time."""
# Characters that YAML refuses; NUL and lone surrogates among them.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the document, where it stands, and what is in it."""

    value: Any
    line: int
    size: int = 1
    children: Mapping[str | int, "Node"] = field(default_factory=dict)
    key_lines: Mapping[str | int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    r"""A document and the line of everything in it.

    Parameters
    ----------
    file : str
        As it is to be shown in messages.
    value : Any
        dict (keys are always text), list, str, int, float, bool or None.
    root : Node
        The same with lines.

    Examples
    --------
    >>> parsed = parse("on: 12:30\nretries:\n  - 1e-3\n", file="a.yaml")
    >>> parsed.value
    {'on': '12:30', 'retries': [0.001]}
    >>> parsed.line_of(("retries", 0)), parsed.line_of(("retries", "nowhere"))
    (3, 2)
    """

    file: str
    value: Any
    root: Node

    def line_of(self, path: Where) -> int:
        """Return the 1-based line of the key or item at `path`, or of the nearest thing around it."""
        node, line = self.root, self.root.line
        for step in path:
            line = node.key_lines.get(step, line)
            if step not in node.children:
                break
            node = node.children[step]
        return line

    def problem(self, path: Where, *, met: str, need: str, slug: str) -> Problem:
        """Return a problem at `path`, in this file."""
        return Problem(file=self.file, line=self.line_of(path), met=met, need=need, slug=slug)


def parse_file(path: Path, *, shown: str | None = None) -> Parsed:
    """Read and parse one file; see `parse`. `shown` is its name in messages."""
    name = shown or str(path)
    return parse(read_text(path, shown=name), file=name)


def read_text(path: Path, *, shown: str, max_bytes: int = MAX_BYTES) -> str:
    """Return a file's text, whatever it begins with.

    Raises
    ------
    ConfigError
        Missing, not a file, larger than `max_bytes`, or not UTF-8.
    """
    try:
        # Asked before it is opened: opening a FIFO would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise _refusal(shown, None, "this is not a regular file", "name a file.", "unreadable-file")
        with path.open("rb") as stream:
            raw = stream.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        met = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        need = _meant(path) or "the file must exist and be readable by you."
        raise _refusal(shown, None, met, need, "unreadable-file") from None
    if len(raw) > max_bytes:
        need = f"keep it below {max_bytes / 1e6:.3g} MB, or split it."
        raise _refusal(shown, None, "the file is too large to be written by hand", need, "unreadable-file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refusal(shown, line, "this is not UTF-8", "save the file as UTF-8.", "unreadable-file") from None


def _meant(path: Path) -> str | None:
    """Return a question after the file beside a missing one whose name is nearest."""
    from difflib import get_close_matches

    with suppress(OSError, ValueError):
        if not path.exists():
            near = get_close_matches(path.name, [found.name for found in path.parent.iterdir()], n=1, cutoff=0.8)
            return f"did you mean `{near[0]}`?" if near else None
    return None


def parse(text: str, *, file: str, noted: list[Problem] | None = None, merge: bool = False) -> Parsed:
    """Parse one YAML 1.2 document strictly.

    Differs from ``yaml.safe_load``: `on`, `yes`, dates and 12:30 are text and 1e-3 is a number
    (YAML 1.2); keys are text; equal keys, unknown tags, merge keys, a second document, control
    characters, nesting over 64 and aliases that unfold to more than 10,000 values are refused.

    Parameters
    ----------
    file : str
        Name for messages.
    noted : list of Problem, optional
        Takes the problems that leave the rest readable (repeated keys, say), so that the caller can
        tell them together with its own; without it they are raised.
    merge : bool
        Follow YAML 1.1's `<<`, for what others have written.

    Raises
    ------
    ConfigError
        With every problem found, up to the first error of syntax.
    """
    if len(text) > MAX_BYTES:
        need = f"keep it below {MAX_BYTES / 1e6:.3g} MB, or split it."
        raise _refusal(file, None, "the text is too large to be written by hand", need, "unreadable-file")
    text = text.removeprefix("\ufeff")
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        met = f"the character U+{ord(found[0]):04X} cannot stand in YAML"
        raise _refusal(file, line, met, 'remove it, or write it as an escape: "\\x07".', "invalid-yaml")
    composer = _Composer(file, merge=merge)
    parsed = composer.compose(text)
    if noted is None and composer.problems:
        raise ConfigError(tuple(composer.problems))
    if noted is not None:
        noted.extend(composer.problems)
    return parsed


def _refusal(file: str, line: int | None, met: str, need: str, slug: str) -> ConfigError:
    return ConfigError((Problem(file=file, line=line, met=met, need=need, slug=slug),))


class _Composer:
    """Builds nodes from libyaml's events; keeps every problem that does not end the reading."""

    def __init__(self, file: str, *, merge: bool = False) -> None:
        self.file = file
        self.merge = merge
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node] = {}
        self.nodes = 0
        self.aliased = 0

    def compose(self, text: str) -> Parsed:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            root = self._document(yaml.parse(text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else None
            met = f"this is not YAML ({' '.join(filter(None, (error.context, error.problem)))})"
            self._note(line, met, "look at indentation, quotes and colons here and one line above.")
            raise ConfigError(tuple(self.problems)) from None
        except (yaml.YAMLError, UnicodeError, ValueError, OverflowError) as error:
            self._note(None, f"this is not YAML ({error})", "look at escapes and special characters.")
            raise ConfigError(tuple(self.problems)) from None
        except _StopError:
            raise ConfigError(tuple(self.problems)) from None
        return Parsed(file=self.file, value=root.value, root=root)

    def _note(self, line: int | None, met: str, need: str, slug: str = "invalid-yaml") -> None:
        self.problems.append(Problem(file=self.file, line=line, met=met, need=need, slug=slug))

    def _stop(self, line: int, met: str, need: str) -> "_StopError":
        self._note(line, met, need)
        return _StopError()

    def _document(self, events: Iterator[Any]) -> Node:
        root, documents = Node(None, 1), 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    need = "keep one document in a file: remove the line `---`."
                    raise self._stop(_line(event), "a second document begins here", need)
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 0)
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line = _line(event)
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            met = f"values are nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else "too many values"
            raise self._stop(line, met, "make it flatter, or split the file.")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, line)
        self._check_tag(event, line)
        if isinstance(event, yaml.ScalarEvent):
            node = Node(self._scalar(event, line), line)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(events, line, depth)
        else:
            node = self._mapping(events, line, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, line: int) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            met = f"*{event.anchor} refers to nothing that stands above it"
            raise self._stop(line, met, f"define it before with &{event.anchor}, outside of itself.")
        self.aliased += node.size
        if self.aliased > MAX_ALIASED_NODES:
            need = f"keep it below {MAX_ALIASED_NODES}: write the values out."
            raise self._stop(line, "aliases unfold to too many values", need)
        return node

    def _sequence(self, events: Iterator[Any], line: int, depth: int) -> Node:
        children: dict[str | int, Node] = {}
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            children[len(children)] = self._node(event, events, depth + 1)
        value = [child.value for child in children.values()]
        lines = {index: child.line for index, child in children.items()}
        return Node(value, line, 1 + sum(c.size for c in children.values()), children, lines)

    def _mapping(self, events: Iterator[Any], line: int, depth: int) -> Node:
        children: dict[str | int, Node] = {}
        lines: dict[str | int, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key, key_line = self._key(event), _line(event)
            child = self._node(next(events), events, depth + 1)
            if key in lines:
                met = f"the key `{key}` stands here for the second time, first on line {lines[key]}"
                self._note(key_line, met, "keep one of the two.", "duplicate-key")
                continue
            children[key], lines[key] = child, key_line
        if self.merge and MERGE in children:
            self._merge(children, lines)
        value = {key: child.value for key, child in children.items()}
        return Node(value, line, 1 + sum(c.size for c in children.values()), children, lines)

    def _merge(self, children: dict[str | int, Node], lines: dict[str | int, int]) -> None:
        """Put what `<<` refers to in place of it; keys that are written out win, and the first of several."""
        merged, line = children.pop(MERGE), lines.pop(MERGE)
        for source in merged.children.values() if isinstance(merged.value, list) else (merged,):
            if not isinstance(source.value, Mapping):
                raise self._stop(line, "`<<` refers to something that is no mapping", "write the keys out.")
            for key, child in source.children.items():
                if key not in children:
                    children[key], lines[key] = child, source.key_lines.get(key, line)

    def _key(self, event: Any) -> str:
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop(
                line, "a list or mapping stands where a key is needed", "quote text that begins with [ or {."
            )
        if event.value == MERGE and not event.style and not self.merge:
            raise self._stop(line, "`<<` (merge) is not part of YAML 1.2", "write the keys out.")
        if event.anchor is not None:
            self.anchors[event.anchor] = Node(event.value, line)
        return str(event.value)

    def _check_tag(self, event: Any, line: int) -> None:
        if event.tag is None:
            return
        kind = {yaml.SequenceStartEvent: ("seq",), yaml.MappingStartEvent: ("map",)}.get(type(event), ("str",))
        if event.tag not in ("!", *(_TAG + name for name in kind)):
            raise self._stop(line, f"the tag {event.tag} is not known", "only !!str, !!seq and !!map are; remove it.")

    def _scalar(self, event: Any, line: int) -> Any:
        if "\0" in event.value:
            self._note(line, "the text contains NUL", "remove the escape \\0: PostgreSQL cannot store it.")
        if event.style or event.tag is not None or event.value[:1] in _OF_WORDS:
            return event.value
        try:
            return resolve(event.value)
        except ValueError as error:
            self._note(line, f"{event.value[:40]} cannot be read as a number ({error})", "quote it to make it text.")
            return None


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def resolve(text: str) -> Any:
    """Return what an unquoted YAML 1.2 scalar means.

    Examples
    --------
    >>> [resolve(t) for t in ("yes", "true", "0x1f", "1e-3", "2026-07-20", "1_000", "~")]
    ['yes', True, 31, 0.001, '2026-07-20', '1_000', None]
    """
    if _NULL.match(text):
        return None
    if _TRUE.match(text) or _FALSE.match(text):
        return text[0] in "tT"
    if _INT.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        if math.isinf(number := float(text)):
            raise ValueError("it is larger than any number here")
        return number
    if _UNBOUNDED.match(text):
        raise ValueError("infinity and not-a-number are refused")
    return text


class _StopError(Exception):
    """Reading cannot go on; the problem has been noted."""
