"""promptfoo's `tests:`, `scenarios:` and `defaultTest:`: test cases from the file itself and the files it names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.files import FILE, FileRefusedError, located, matching, static_value
from driftwatch.adapters.probes.interop.losses import Kind
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.promptfoo.assertions import assertions_in, type_of
from driftwatch.adapters.probes.interop.promptfoo.expected import case_of_row
from driftwatch.adapters.probes.interop.promptfoo.names import KNOWN
from driftwatch.adapters.probes.interop.reading import JSON_LINES, TABLES, YAML, read_part
from driftwatch.domain.errors import ConfigError

MOST_COMBINATIONS = 1_000
LOADED = (*YAML, ".json", *JSON_LINES, *TABLES)


class CaseLostError(Exception):
    """The test case cannot be carried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case with what it inherits.

    Parameters
    ----------
    values : mapping
        Its vars over the inherited ones.
    asserted : tuple of Part
        Its own assertions, then the inherited ones.
    """

    part: Part
    values: Mapping[str, Any]
    asserted: tuple[Part, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What every test case inherits."""

    values: Mapping[str, Any] = field(default_factory=dict)
    asserted: tuple[Part, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


def read_defaults(part: Part | None, book: Book) -> Defaults:
    """Return what `defaultTest:` gives every test case."""
    if part is not None and isinstance(part.value, str):
        try:
            path = located(part.value, part.folder, book.root)
            part = read_part(path, book.report, folder=part.folder)
        except (FileRefusedError, ConfigError) as error:
            book.report.dropped(part, Kind.SETTING, "defaultTest", str(error))
            return Defaults()
    if part is None or not isinstance(part.value, Mapping):
        return Defaults()
    register(part.get("assert"), book)
    return inherited(part, Defaults(), book)


def inherited(part: Part, above: Defaults, book: Book) -> Defaults:
    """Return what a part of a test case adds to what it inherits itself."""
    values: dict[str, Any] = {}
    try:
        values = _values(part.get("vars"), book)
    except FileRefusedError as error:
        book.report.dropped(part, Kind.SETTING, "vars", str(error))
    listed = part.get("assert")
    own = tuple(listed.items()) if listed is not None else ()
    return Defaults(
        values={**above.values, **values},
        asserted=(*own, *above.asserted),
        options={**above.options, **_mapping(part, "options")},
        metadata={**above.metadata, **_mapping(part, "metadata")},
    )


def read_cases(listed: Part | None, book: Book) -> Iterator[Part]:
    """Yield the test cases' parts, those of files too; what is none is told to the book's report."""
    if listed is None:
        return
    for item in listed.items() if isinstance(listed.value, list) else [listed]:
        if isinstance(item.value, Mapping) and "path" not in item.value:
            yield item
        elif isinstance(item.value, str):
            yield from _from_files(item, book)
        else:
            generated = isinstance(item.value, Mapping)
            why = "a program makes its test cases, and an import runs none" if generated else "it is no test case"
            book.report.dropped(item, Kind.CASE, str(item.value)[:60], why)


def _from_files(item: Part, book: Book) -> Iterator[Part]:
    named = item.value
    try:
        for path in _loadable(named, item, book):
            shown = str(path.relative_to(book.root.resolve()))
            for case in read_part(path, book.report, shown=shown, folder=item.folder).items():
                yield from _row(case, path.suffix.lower() in TABLES, book)
    except (FileRefusedError, ConfigError) as error:
        book.report.dropped(item, Kind.CASE, named[:60], str(error))


def _loadable(named: str, item: Part, book: Book) -> list[Path]:
    if "://" in named.removeprefix(FILE):
        raise FileRefusedError("it lies on another machine, and an import reads files only")
    paths = matching(named, item.folder, book.root)
    if any(path.suffix.lower() not in LOADED for path in paths):
        raise FileRefusedError(f"`{named}` is a program or a spreadsheet; save its test cases as CSV or YAML")
    return paths


def _row(case: Part, table: bool, book: Book) -> Iterator[Part]:
    if not isinstance(case.value, Mapping):
        book.report.dropped(case, Kind.CASE, str(case.value)[:60], "it is no test case")
    else:
        yield case_of_row(case, KNOWN) if table else case


def read_case(part: Part, defaults: Defaults, book: Book) -> Case:
    """Return a test case with what it inherits.

    Raises
    ------
    CaseLostError
        If it needs code, or asks no model.
    """
    if part.value.get("providerOutput") is not None:
        raise CaseLostError("it has a recorded answer and asks no model")
    options = {**defaults.options, **_mapping(part, "options")}
    if options.get("transformVars") is not None:
        raise CaseLostError("its `transformVars` is code, which an import never runs")
    try:
        values = {**defaults.values, **_values(part.get("vars"), book)}
    except FileRefusedError as error:
        raise CaseLostError(f"its vars: {error}") from None
    own = part.get("assert")
    asserted = tuple(own.items()) if own is not None else ()
    if not options.get("disableDefaultAsserts"):
        asserted = (*asserted, *defaults.asserted)
    return Case(
        part=part,
        values=values,
        asserted=asserted,
        options=options,
        metadata={**defaults.metadata, **_mapping(part, "metadata")},
        description=part.text("description"),
    )


def register(listed: Part | None, book: Book) -> None:
    """Remember every assertion of a list, so that each is accounted for."""
    if listed is not None and not isinstance(listed.value, list):
        book.report.dropped(listed, Kind.ASSERTION, type_of(listed), "`assert:` must be a list")
    for assertion in assertions_in(listed):
        book.report.found(assertion, Kind.ASSERTION, type_of(assertion))


def combinations(case: Case) -> Iterator[dict[str, Any]]:
    """Yield the values of each probe a test case stands for: a list of texts under a name is one probe for each.

    Raises
    ------
    CaseLostError
        If there are more than a thousand.
    """
    # promptfoo unfolds lists of texts only; of anything else (turns of a chat, say) the list itself is the value.
    lists = {
        key: value
        for key, value in case.values.items()
        if isinstance(value, list) and isinstance(next(iter(value), None), str)
    }
    if case.options.get("disableVarExpansion") or not lists:
        yield dict(case.values)
        return
    number = 1
    for value in lists.values():
        number *= len(value)
    if number > MOST_COMBINATIONS:
        raise CaseLostError(f"its vars stand for {number} combinations, and {MOST_COMBINATIONS} are taken")
    for chosen in islice(product(*lists.values()), MOST_COMBINATIONS):
        yield {**case.values, **dict(zip(lists, chosen, strict=True))}


def _mapping(part: Part, key: str) -> Mapping[str, Any]:
    found = part.get(key)
    return found.value if found is not None and isinstance(found.value, Mapping) else {}


def _values(part: Part | None, book: Book) -> dict[str, Any]:
    if part is None:
        return {}
    if isinstance(part.value, str | list):
        names = [part.value] if isinstance(part.value, str) else part.value
        found: dict[str, Any] = {}
        for named in names:
            value = static_value(str(named), part.folder, book.root)
            found |= value if isinstance(value, Mapping) else {}
        return found
    if not isinstance(part.value, Mapping):
        raise FileRefusedError("they are not a mapping")
    return {
        key: static_value(item.value, part.folder, book.root)
        if isinstance(item.value, str) and item.value.startswith(FILE)
        else item.value
        for key, item in part.fields()
    }
