"""XML, whole or somewhere in an answer: well-formed, without a DTD of its own, with the elements asked for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Expat is the parser that defusedxml and lxml's peers wrap. Here it declares nothing and fetches nothing: a
# document type with declarations of its own is refused before any entity can grow.
from xml.parsers import expat

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

MAX_DEPTH = 200
MAX_STEPS = 50
MAX_TAG = 10_000
MAX_BEGINNINGS = 1_000
MAX_READ = 5_000_000
_BEGINNING = re.compile(rb"<(?:\?xml\s|[A-Za-z_\x80-\xff])")
_UNWRITABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Xml:
    """One document that was read: the paths of its elements, and where it ends in the bytes."""

    paths: frozenset[str]
    end: int


@dataclass(slots=True)
class _Reader:
    """Collects paths as expat walks; with `first_only` it stops where the outermost element ends."""

    first_only: bool
    paths: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)

    def begin(self, name: str, _attributes: Mapping[str, str]) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise _RefusedError
        self.open.append(f"{self.open[-1]}.{name}" if self.open else name)
        # A path is as long as its depth: many different deep ones are quadratic in memory.
        if len(self.open) <= MAX_STEPS:
            self.paths.add(self.open[-1])

    def end(self, _name: str) -> None:
        self.open.pop()
        if self.first_only and not self.open:
            raise _CompleteError

    def doctype(self, _name: str, _system: str | None, _public: str | None, internal: bool) -> None:
        if internal:
            raise _RefusedError


class _CompleteError(Exception):
    """The outermost element has ended."""


class _RefusedError(Exception):
    """The document is nested too deeply, or declares a document type of its own."""


def read_xml(document: bytes | memoryview, *, first_only: bool = False) -> tuple[Xml | None, int]:
    """Return the document that the bytes are, or None; and how many bytes it took to know.

    Parameters
    ----------
    first_only : bool
        Whether anything may follow the outermost element.

    Examples
    --------
    >>> found, _ = read_xml(b"<a><b/></a> and more", first_only=True)
    >>> sorted(found.paths), found.end
    (['a', 'a.b'], 11)
    >>> read_xml(b"<a><b/></a> and more")[0] is None
    True
    """
    reader, parser = _Reader(first_only=first_only), expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.StartDoctypeDeclHandler = reader.doctype
    end = len(document)
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        return None, max(parser.ErrorByteIndex, 1)
    except _RefusedError:
        return None, max(parser.CurrentByteIndex, 1)
    except _CompleteError:
        # Expat stands before an end tag, but behind an element that ends itself.
        last = parser.CurrentByteIndex
        tag = bytes(document[last : last + MAX_TAG])
        end = last + (tag.find(b">") + 1 if tag.startswith(b"</") else 0)
    return Xml(frozenset(reader.paths), end), end


def find_xml(text: str) -> Iterator[Xml | Unscored]:
    """Yield each outermost well-formed piece of XML, in order; an `Unscored` ends it."""
    document = _encoded(text)
    # Without copies: a thousand of them would be a gigabyte of a long answer.
    view, read, at = memoryview(document), 0, 0
    for _ in range(MAX_BEGINNINGS):
        begins = _BEGINNING.search(document, at)
        if begins is None:
            return
        found, took = read_xml(view[begins.start() :], first_only=True)
        read += took
        if read > MAX_READ:
            break
        at = begins.end()
        if found is not None:
            yield found
            at = begins.start() + found.end
    yield Unscored("there are too many places where XML might begin")


def _encoded(text: str) -> bytes:
    # Half a surrogate pair is no character of XML; a NUL is none either, and expat says so.
    return _UNWRITABLE.sub("\0", text).encode()


def is_xml(argument: Any) -> Scorer:
    """Build: the whole answer is one well-formed XML document with these elements."""
    required = _required(argument)

    def judge(text: str) -> float:
        document = _encoded(text.strip("\ufeff \t\r\n"))
        found, _ = read_xml(document)
        return float(found is not None and required <= found.paths)

    return of_text(judge)


def contains_xml(argument: Any) -> Scorer:
    """Build: somewhere in the answer is a well-formed piece of XML with these elements."""
    required = _required(argument)

    def judge(text: str) -> Scored:
        for found in find_xml(text):
            if isinstance(found, Unscored):
                return found
            if required <= found.paths:
                return 1.0
        return 0.0

    return of_text(judge)


def _required(argument: Any) -> frozenset[str]:
    given = arg.unwrap(argument)
    if given in (None, ""):
        return frozenset()
    given = arg.options(given, known=("requiredElements",), required=("requiredElements",))
    paths = arg.texts(given["requiredElements"])
    if any(path.count(".") >= MAX_STEPS for path in paths):
        raise ScorerArgumentError(f"a path has more than {MAX_STEPS} steps", "name elements further up.")
    return frozenset(paths)
