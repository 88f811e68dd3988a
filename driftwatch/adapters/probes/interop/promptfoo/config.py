"""promptfoo's configuration as a golden set: each prompt with each test case's values is one probe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driftwatch.adapters.probes.interop.book import Book, as_probe, samples, slug
from driftwatch.adapters.probes.interop.losses import Fate, Kind
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.promptfoo.assertions import Context, carry
from driftwatch.adapters.probes.interop.promptfoo.cases import (
    Case,
    CaseLostError,
    Defaults,
    combinations,
    inherited,
    read_case,
    read_cases,
    read_defaults,
    register,
)
from driftwatch.adapters.probes.interop.promptfoo.prompts import Prompt, PromptLostError, chosen, read_prompts, rendered
from driftwatch.adapters.probes.interop.promptfoo.tools import Tools, read_tools
from driftwatch.adapters.probes.interop.template import TemplateError, as_text, fill_values

READ = ("prompts", "tests", "defaultTest", "scenarios", "assertionTemplates", "description", "$schema", "metadata")
ENDPOINT = ("providers", "targets", "env", "provider")
_WHY = dict.fromkeys(ENDPOINT, "models are configured as endpoints in config/driftwatch.yaml")
_CASE_LOST = {
    "provider": "a golden set asks the endpoint it is configured for",
    "providers": "a golden set asks the endpoint it is configured for",
    "threshold": "a probe passes when every scorer does",
    "assertScoringFunction": "it is code; a probe passes when every scorer does",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suite:
    """What every test case of a configuration goes together with."""

    top: Part
    prompts: Sequence[Prompt]
    tools: Tools
    book: Book


def read_promptfoo(top: Part, book: Book) -> None:
    """Put the probes of a configuration, or of a list of test cases, into the book."""
    if isinstance(top.value, list):
        top = Part(file=top.file, folder=top.folder, node=top.node)
        suite = _Suite(top=top, prompts=read_prompts(None, book, top), tools=Tools(), book=book)
        _cases(read_cases(top, book), Defaults(), suite)
        return
    tools = read_tools(top, book)
    _settings(top, tools, book)
    default = top.get("defaultTest")
    if default is not None and isinstance(default.value, Mapping):
        _tell_lost(default, book)
    suite = _Suite(top=top, prompts=read_prompts(top.get("prompts"), book, top), tools=tools, book=book)
    defaults = read_defaults(default, book)
    _cases(read_cases(top.get("tests"), book), defaults, suite)
    for scenario in ((found := top.get("scenarios")) and found.items()) or ():
        for config in ((listed := scenario.get("config")) and listed.items()) or ():
            register(config.get("assert"), book)
            _cases(read_cases(scenario.get("tests"), book), inherited(config, defaults, book), suite)
    if top.get("tests") is None and top.get("scenarios") is None:
        _cases([top.stand_in({})], defaults, suite)


def _settings(top: Part, tools: Tools, book: Book) -> None:
    for key, part in top.fields():
        if key not in READ and key != "evaluateOptions" and part.value is not None:
            why = _WHY.get(key, "a golden set holds prompts and scorers only")
            if key in ("providers", "targets") and tools.listed:
                why = "models are configured as endpoints; the tools of the first one that has some are kept"
                book.report.note(part, Kind.SETTING, key, Fate.CHANGED, became="`tools:` of each probe", why=why)
            else:
                book.report.dropped(part, Kind.SETTING, key, why)
    for key, part in ((found := top.get("evaluateOptions")) and found.fields()) or ():
        if key == "repeat":
            became = f"samples: {samples(part.value)}"
            book.report.note(part, Kind.SETTING, key, Fate.CHANGED, became=became, why="it is called so here")
        else:
            book.report.dropped(part, Kind.SETTING, key, "how replays run is set in config/driftwatch.yaml")


def _cases(parts: Iterator[Part] | Sequence[Part], defaults: Defaults, suite: _Suite) -> None:
    book = suite.book
    for part in parts:
        book.report.found(part, Kind.CASE, _named(part))
        register(part.get("assert"), book)
        _tell_lost(part, book)
        try:
            case = read_case(part, defaults, book)
            for values in map(fill_values, combinations(case)):
                offered = suite.tools.filled(values)
                for prompt in chosen(suite.prompts, part.value.get("prompts"), book.report):
                    _probe(case, prompt, values, offered, suite)
        except (CaseLostError, TemplateError) as error:
            book.report.dropped(part, Kind.CASE, _named(part), str(error))


def _named(part: Part) -> str:
    found = part.text("description") or next(iter((_mapped(part.value.get("vars"))).values()), "")
    return as_text(found)[:60] or "test case"


def _mapped(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tell_lost(part: Part, book: Book) -> None:
    for key, why in _CASE_LOST.items():
        found = part.get(key)
        if found is not None:
            book.report.dropped(found, Kind.SETTING, key, why)


def _probe(
    case: Case, prompt: Prompt, values: Mapping[str, Any], offered: tuple[list[Any], list[str]], suite: _Suite
) -> None:
    book, report = suite.book, suite.book.report
    before, after = (str(case.options.get(key) or "") for key in ("prefix", "suffix"))
    try:
        content, changes = rendered(prompt, values, before, after)
    except PromptLostError as error:
        report.dropped(prompt.part, Kind.PROMPT, prompt.what, str(error))
        return
    probe = as_probe(content, tags=_tags(case.metadata), count=samples(suite.top.value_at("evaluateOptions", "repeat")))
    tools, missing = offered
    if tools:
        probe["tools"] = tools
    changes = [*changes, *(f"`{name}` in the tools has no value and became empty" for name in dict.fromkeys(missing))]
    refused = book.refusal(probe)
    if refused is not None:
        report.dropped(case.part, Kind.CASE, _named(case.part), refused)
        return
    transformed = case.options.get("transform") is not None
    context = Context(book=book, values=values, top=suite.top, transformed=transformed, tools=tools)
    scorers = [item for assertion in case.asserted for item in carry(assertion, context)]
    if scorers:
        probe["scorers"] = scorers
    probe_id = book.add(probe, wanted=_id(case, prompt, values, several=len(suite.prompts) > 1))
    fate = Fate.CHANGED if changes else Fate.KEPT
    report.note(case.part, Kind.CASE, _named(case.part), fate, became=probe_id, why="; ".join(changes) or None)
    report.note(prompt.part, Kind.PROMPT, prompt.what, Fate.KEPT, became="a probe for each test case")


def _id(case: Case, prompt: Prompt, values: Mapping[str, Any], *, several: bool) -> str:
    """Return the name a probe should have: what the case says of itself, else its first short value."""
    given = case.description
    if given is None:
        texts = [as_text(value) for value in values.values() if not isinstance(value, Mapping | list)]
        given = next((text for text in texts if slug(text)), "") if texts else prompt.what
    if several and prompt.label:
        return slug(f"{slug(given, 40)} {slug(prompt.label, 18)}")
    return given if case.description is not None else slug(given)


def _tags(metadata: Mapping[str, Any]) -> list[str]:
    tags: list[str] = []
    for key, value in metadata.items():
        if key == "tags" and isinstance(value, list):
            tags += [str(tag) for tag in value if isinstance(tag, str | int) and str(tag).strip()]
        elif isinstance(value, str) and value.strip() and len(value) <= 60:
            tags.append(value if key == "tags" else f"{key}:{value}")
    return tags
