"""How an answer is compared with a reference: as the source says, as the user says, or as its shape suggests."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.losses import Fate, Kind
from driftwatch.adapters.probes.interop.messages import MessageError, content_text
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.template import as_text
from driftwatch.scorers.registry import SCORERS

AUTO = "auto"
NONE = "none"
SHORT = 80
OUTPUT_KEYS = (
    "answer",
    "output",
    "expected",
    "text",
    "content",
    "response",
    "result",
    "label",
    "completion",
    "generation",
)
MEANING = ("same-meaning", "same-answer", "factuality")
"""Scorers that compare a long reference, tried in this order where the registry has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One comparison that the source itself asks for.

    Parameters
    ----------
    items : sequence
        Items of `scorers:`; the first that the loader takes stands for it. None where it is lost.
    why : str, optional
        What is different, or why it is lost.
    """

    part: Part
    what: str
    items: Sequence[Any] = ()
    why: str | None = None


def compare(part: Part, answered: Any, compared: Sequence[Compared] | None, book: Book) -> list[Any]:
    """Return the scorers of one probe; the report is told of each."""
    if compared is None:
        if answered is None:
            return []
        place = part.stand_in(answered)
        compared = [Compared(part=place, what="reference", **_suggested(answered, book))]
    return [item for one in compared for item in _taken(one, book)]


def _taken(compared: Compared, book: Book) -> list[Any]:
    refused = None
    for item in compared.items:
        refused = book.scorer_refusal(item)
        if refused is None:
            fate = Fate.CHANGED if compared.why else Fate.KEPT
            became = item if isinstance(item, str) else as_text(item)[1:-1]
            book.report.note(compared.part, Kind.ASSERTION, compared.what, fate, became=became, why=compared.why)
            return [item]
    book.report.dropped(
        compared.part, Kind.ASSERTION, compared.what, refused or compared.why or "it has no scorer here"
    )
    return []


def _suggested(answered: Any, book: Book) -> dict[str, Any]:
    if book.reference == NONE:
        return {"why": "`--reference none` leaves reference answers out"}
    plain = plain_reference(answered)
    if book.reference != AUTO:
        return {"items": [{book.reference: plain}], "why": None}
    return _by_shape(plain)


def _by_shape(plain: Any) -> dict[str, Any]:
    if isinstance(plain, Mapping):
        if "tool_calls" in plain:
            return {"why": "the reference is a call of tools; write a scorer for it"}
        return {"items": [{"equals": {"value": plain}}], "why": "the source does not say how; compared as JSON"}
    if isinstance(plain, list):
        return {"items": [{"icontains-any": plain}], "why": "the source does not say how; one of them must occur"}
    if len(plain) <= SHORT and "\n" not in plain:
        return {"items": [{"icontains": plain}], "why": "the source does not say how; it must occur, in any case"}
    known = [name for name in MEANING if name in SCORERS]
    if known:
        return {"items": [{name: plain} for name in known], "why": "the source does not say how; compared by meaning"}
    return {"why": "it is long, and the source does not say how it is compared; choose with `--reference`"}


def plain_reference(answered: Any) -> Any:
    """Return a reference as a text, a list of texts or a mapping.

    Examples
    --------
    >>> plain_reference({"answer": "Paris"}), plain_reference(["Paris", "paris"]), plain_reference(4)
    ('Paris', ['Paris', 'paris'], '4')
    """
    if isinstance(answered, Mapping):
        return _of_mapping(answered)
    if isinstance(answered, list):
        if answered and all(isinstance(item, str) and item for item in answered):
            return answered[0] if len(answered) == 1 else answered
        if answered and isinstance(answered[-1], Mapping):
            return plain_reference(answered[-1])
        return as_text(answered)
    return as_text(answered).strip()


def _of_mapping(answered: Mapping[str, Any]) -> Any:
    if answered.get("tool_calls"):
        return {"tool_calls": answered["tool_calls"]}
    if "content" in answered or "messages" in answered:
        try:
            listed = answered.get("messages")
            return plain_reference(listed) if listed else content_text(answered["content"])
        except MessageError:
            return dict(answered)
    inner = next(
        (answered[key] for key in ("data", "kwargs", "message") if isinstance(answered.get(key), Mapping)), None
    )
    if inner is not None:
        return plain_reference(inner)
    if len(answered) == 1 or set(answered) & set(OUTPUT_KEYS):
        key = next((key for key in OUTPUT_KEYS if key in answered), next(iter(answered)))
        if len(answered) == 1 and isinstance(answered[key], str | list | Mapping):
            return plain_reference(answered[key])
    return dict(answered)


def begins(texts: Sequence[str]) -> dict[str, Any]:
    """Return the scorer for: the answer begins with one of these."""
    if len(texts) == 1:
        return {"starts-with": texts[0]}
    return {"regex": rf"\A\s*(?:{'|'.join(re.escape(text) for text in texts)})"}


def ends(texts: Sequence[str]) -> dict[str, Any]:
    """Return the scorer for: the answer ends with one of these, upper and lower case alike."""
    return {"regex": rf"(?i)(?:{'|'.join(re.escape(text) for text in texts)})\W*\Z"}
