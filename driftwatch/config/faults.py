"""From pydantic's errors to sentences with a line: what was met, what is needed, the way on."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from driftwatch.config.document import Document, dotted
from driftwatch.config.interpolate import Where
from driftwatch.config.settings import MOST_ENDPOINTS, STORE_FORM, Settings
from driftwatch.domain.errors import Problem

MOST = 100
"""Problems told at once; nobody reads more."""

_KINDS = {
    "string_type": "it must be text; quote it.",
    "int_type": "it must be a whole number, without quotes.",
    "float_type": "it must be a number, without quotes.",
    "tuple_type": "it must be a list: write [one, two], or lines that begin with `- `.",
    "model_type": "it must be a mapping of keys.",
    "mapping_type": "it must be a mapping of keys.",
    "dict_type": "it must be a mapping of keys.",
    "string_pattern_mismatch": "it must have the form that the reference gives.",
    "too_short": "it must have at least one item.",
    "too_long": f"at most {MOST_ENDPOINTS} are possible in one file.",
    "string_too_short": "it must not be empty.",
    "missing": "it has no default; add it.",
}
_FORMS = {
    "name": "use letters, digits and . _ @ : / + -, at most 100 of them.",
    "model": "write it in LiteLLM's naming, as in openai/gpt-4.1-2025-04-14.",
    "store": STORE_FORM,
    "bind": "write an address and a port, as in 127.0.0.1:8710.",
}
_SAMPLING = ("temperature", "seed", "max_tokens", "max_completion_tokens", "top_p", "stop", "reasoning_effort")


def problems_of(error: ValidationError, document: Document, *, failed: set[Where]) -> Iterator[Problem]:
    """Yield one problem for each error, except where a variable has failed already."""
    for details in error.errors(include_url=False, include_input=False)[:MOST]:
        if not any(details["loc"][: len(path)] == path for path in failed) and not _follows(details, document):
            yield _problem(details, document)


def _follows(details: ErrorDetails, document: Document) -> bool:
    """Say whether a list is called too short only because its items were refused, which is told already."""
    return details["type"] == "too_short" and document.written(details["loc"]) != []


def _problem(details: ErrorDetails, document: Document) -> Problem:
    loc, kind = details["loc"], details["type"]
    path = document.known(loc)
    slug = str(details.get("ctx", {}).get("slug", "config-wrong-value"))
    if kind == "extra_forbidden":
        return document.problem(
            path, met=f"the key `{dotted(path)}` is not known", need=_way_on(loc), slug="config-unknown-key"
        )
    if kind == "missing":
        return document.problem(path, met=f"`{dotted(loc)}` is missing", need=_KINDS[kind], slug="config-missing-key")
    if "[key]" in loc:
        return document.problem(
            path, met=f"the name `{dotted(path)}` cannot be read", need=_FORMS["name"], slug="config-wrong-value"
        )
    return document.problem(path, met=_met(loc, kind, path, document), need=_need(details, path), slug=slug)


def _met(loc: Where, kind: str, path: Where, document: Document) -> str:
    if path != loc and loc[-1] == "api_key":
        return f"the key of `{dotted(path)}` in the environment cannot be used"
    if kind == "need" and isinstance(document.written(path), dict):
        return f"`{dotted(path)}` cannot stand as it is"
    return f"`{dotted(path)}` {document.show(path)}" if path else "the file cannot stand as it is"


def _need(details: ErrorDetails, path: Where) -> str:
    context = details.get("ctx", {})
    if details["type"] == "need":
        return str(context["need"])
    if details["type"] == "string_pattern_mismatch" and path and path[-1] in _FORMS:
        return _FORMS[str(path[-1])]
    if details["type"] == "literal_error":
        return f"it must be {context['expected']}."
    if details["type"] in ("model_type", "model_attributes_type") and (names := fields_at(path)):
        keys = f"; its keys: {', '.join(names)}" if len(names) > 1 else ""
        return f"it must be a mapping, as in {{{names[0]}: …}}{keys}."
    return _KINDS.get(
        details["type"], details["msg"].replace("Input should", "it must").replace("Tuple should", "it must") + "."
    )


def _way_on(loc: Where) -> str:
    name, names = str(loc[-1]), fields_at(loc[:-1])
    if name in _SAMPLING and "params" in names:
        return "sampling parameters stand under `params:`."
    if near := nearest(name, names):
        return f"did you mean `{near}`?"
    return f"known here: {', '.join(sorted(names))}." if names else "remove it."


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that was probably meant.

    Examples
    --------
    >>> nearest("endpoint", ["endpoints", "budget"])
    'endpoints'
    """
    found = get_close_matches(name[:60].lower().replace("-", "_"), list(names), n=1, cutoff=0.7)
    return found[0] if found else None


def fields_at(loc: Where) -> list[str]:
    """Return the keys that may stand at a place in the file.

    Examples
    --------
    >>> fields_at(("alerting", "report"))
    ['to', 'weekly', 'timezone']
    """
    model: Any = Settings
    for step in loc:
        if isinstance(model, type) and issubclass(model, BaseModel) and step in model.model_fields:
            model = _model_in(model.model_fields[str(step)].annotation)
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _model_in(annotation: Any) -> Any:
    """Return the settings inside an optional, a tuple or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def read_mapping(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, else an empty one: for checks that run before the types are known."""
    return value if isinstance(value, dict) else {}
