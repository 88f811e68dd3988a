"""Fills in ``{{name}}``: looked up, never evaluated; whatever is more than a name is refused."""

import json
import re
from collections.abc import Mapping
from typing import Any

MAX_CHARACTERS = 1_000_000
MAX_ROUNDS = 5

# {% raw %}…{% endraw %} is text; {# … #} is a comment; {{ … }} is looked up; {% … %} is a program.
_TOKEN = re.compile(
    r"\{%-?\s*raw\s*-?%\}(?P<raw>.*?)\{%-?\s*endraw\s*-?%\}|\{#.*?#\}|\{\{-?(?P<name>.*?)-?\}\}|(?P<program>\{%.*?%\})",
    re.DOTALL,
)
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")
_NAME = re.compile(r"\s*[A-Za-z_$][\w$-]*(?:\.[\w$-]+|\[\d{1,6}\]|\['[^'\]]*'\]|\[\"[^\"\]]*\"\])*\s*\Z")
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
    >>> fill("{{ who | upper }}", {"who": "Ada"})
    Traceback (most recent call last):
    driftwatch.adapters.probes.interop.template.TemplateError: {{ who | upper }} is more than a name
    """
    pieces: list[str] = []
    missing: list[str] = []
    end = length = 0
    for match in _TOKEN.finditer(template):
        pieces += (template[end : match.start()], _filled(match, values, missing))
        end = match.end()
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
    # What is marked as raw is unwrapped once, and last: its text may look like a template.
    return {key: fill(value, current)[0] if _is_raw(value) else value for key, value in current.items()}


def _open(value: Any) -> bool:
    return isinstance(value, str) and "{" in value and not _is_raw(value)


def _is_raw(value: Any) -> bool:
    return isinstance(value, str) and _RAW.search(value) is not None


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


def _filled(match: re.Match[str], values: Mapping[str, Any], missing: list[str]) -> str:
    if match["raw"] is not None:
        return match["raw"]
    if match["program"] is not None:
        raise TemplateError(f"{_short(match[0])} is a program")
    if match["name"] is None:
        return ""
    name = match["name"]
    if not _NAME.match(name) or name.strip().partition(".")[0] == "env":
        raise TemplateError(f"{_short(match[0])} is more than a name")
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
