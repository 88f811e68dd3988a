"""Fills in ``{{name}}``: looked up, never evaluated; whatever is more than a name is refused."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_CHARACTERS = 1_000_000
MAX_ROUNDS = 5

# {% raw %}…{% endraw %} is text; {# … #} is a comment; {{ … }} is looked up; {% … %} is a program.
_COMMENT, _LOOKUP, _PROGRAM = "{#", "{{", "{%"
_CLOSES = {_COMMENT: "#}", _LOOKUP: "}}", _PROGRAM: "%}"}
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")
_END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_OPENS = re.compile(rf"(?P<raw>{_RAW.pattern})|\{{[#{{%]")
_NAME = re.compile(r"\s*[A-Za-z_$][\w$-]*(?:\.[\w$-]+|\[\d{1,6}\]|\['[^'\]]*'\]|\[\"[^\"\]]*\"\])*\s*\Z")
_TEXT = re.compile(r"\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")\s*\Z")
_HAS_TEXT = re.compile(r"\{\{-?\s*['\"]")
_STEP = re.compile(r"[\w$-]+|'[^'\]]*'|\"[^\"\]]*\"")


class TemplateError(ValueError):
    """The template asks for more than names."""


def fill(template: str, values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the text with every name filled in, and the names that have no value (they become empty).

    Parameters
    ----------
    values : mapping
        Texts, numbers, lists and mappings; ``{{city.name}}`` and ``{{cities[0]}}`` look into them.

    Raises
    ------
    TemplateError
        For filters, conditions, loops, calls and the environment.

    Examples
    --------
    >>> fill("Hello {{ who.name }}{{ missing }}!", {"who": {"name": "Ada"}})
    ('Hello Ada!', ['missing'])
    >>> fill("{{ '{' }}{who}}", {"who": "Ada"})
    ('{{who}}', [])
    >>> fill("{{ who | upper }}", {"who": "Ada"})
    Traceback (most recent call last):
    driftwatch.adapters.probes.interop.template.TemplateError: {{ who | upper }} is more than a name
    """
    pieces: list[str] = []
    missing: list[str] = []
    end = length = 0
    for token in _tokens(template):
        pieces += (template[end : token.start], _filled(token, values, missing))
        end = token.end
        # Checked as it grows: values that name themselves multiply in every round.
        length += len(pieces[-2]) + len(pieces[-1])
        if length > MAX_CHARACTERS:
            raise TemplateError("the text becomes longer than 1 MB")
    filled = "".join((*pieces, template[end:]))
    if len(filled) > MAX_CHARACTERS:
        raise TemplateError("the text becomes longer than 1 MB")
    return filled, missing


def fill_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the names in them filled in from each other, as deep as five rounds."""
    current = dict(values)
    for _ in range(MAX_ROUNDS):
        filled = {key: fill(value, current)[0] if _open(value) else value for key, value in current.items()}
        if filled == current:
            break
        current = filled
    # What is marked as raw, or written as a text, is unwrapped once, and last: it may look like a template.
    return {key: fill(value, current)[0] if _is_raw(value) else value for key, value in current.items()}


def _open(value: Any) -> bool:
    return isinstance(value, str) and "{" in value and not _is_raw(value)


def _is_raw(value: Any) -> bool:
    return isinstance(value, str) and (_RAW.search(value) or _HAS_TEXT.search(value)) is not None


def fill_all(value: Any, values: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """Return a value with every text in it filled in, and the names that have no value."""
    if isinstance(value, str):
        return fill(value, values)
    missing: list[str] = []
    if isinstance(value, dict):
        filled = {key: fill_all(item, values) for key, item in value.items()}
        for _, names in filled.values():
            missing.extend(names)
        return {key: item for key, (item, _) in filled.items()}, missing
    if isinstance(value, list):
        parts = [fill_all(item, values) for item in value]
        return [item for item, _ in parts], [name for _, names in parts for name in names]
    return value, missing


def as_text(value: Any) -> str:
    """Return a value as a template shows it: texts as they are, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Token:
    opens: str  # its two characters; "raw" for text that was marked as such
    inside: str
    start: int
    end: int

    def __str__(self) -> str:
        return _short(f"{self.opens}{self.inside}{_CLOSES[self.opens]}")


def _tokens(template: str) -> Iterator[_Token]:
    """Yield what is closed; an opening without its end is text."""
    # What is nowhere further on is not looked for again: 500,000 openings would each be read to the end.
    absent: set[str] = set()
    at = 0
    while opening := _OPENS.search(template, at):
        token = (_raw(template, opening, absent) if opening["raw"] else None) or _closed(template, opening, absent)
        if token:
            yield token
        at = token.end if token else opening.start() + 1


def _raw(template: str, opening: re.Match[str], absent: set[str]) -> _Token | None:
    ended = None if "raw" in absent else _END_RAW.search(template, opening.end())
    if ended is None:
        absent.add("raw")
        return None
    return _Token("raw", template[opening.end() : ended.start()], opening.start(), ended.end())


def _closed(template: str, opening: re.Match[str], absent: set[str]) -> _Token | None:
    start, opens = opening.start(), opening[0][:2]
    end = -1 if opens in absent else template.find(_CLOSES[opens], start + 2)
    if end < 0:
        absent.add(opens)
        return None
    return _Token(opens, template[start + 2 : end], start, end + 2)


def _filled(token: _Token, values: Mapping[str, Any], missing: list[str]) -> str:
    if token.opens == "raw":
        return token.inside
    if token.opens == _PROGRAM:
        raise TemplateError(f"{token} is a program")
    if token.opens == _COMMENT:
        return ""
    name = token.inside.removeprefix("-").removesuffix("-")
    if text := _TEXT.match(name):
        return text[1] if text[1] is not None else text[2]
    if not _NAME.match(name) or name.strip().partition(".")[0] == "env":
        raise TemplateError(f"{token} is more than a name")
    found: Any = values
    for step in (step.strip("'\"") for step in _STEP.findall(name)):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            missing.append(name.strip())
            return ""
    return as_text(found)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
