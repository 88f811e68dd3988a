"""The tools of promptfoo's providers: written out, with names to fill in, or in a file, which is taken as it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.files import FILE, FileRefusedError, static_value
from driftwatch.adapters.probes.interop.losses import Kind
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.template import TemplateError, fill_all

_PROGRAM = re.compile(r"\.(?:py|[cm]?[jt]s)(?::\w+)?\Z")
_OTHER_FORM = "each must be a mapping with `type:`, as OpenAI's API takes them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The tool definitions that every test case offers.

    Parameters
    ----------
    templates : bool
        Whether names in them are filled in from a test case's values.
    """

    listed: tuple[Any, ...] = ()
    templates: bool = True

    def filled(self, values: Mapping[str, Any]) -> tuple[list[Any], list[str]]:
        """Return them as one test case offers them, and the names in them that have no value.

        Raises
        ------
        TemplateError
            If they ask for more than names.
        """
        if not self.templates:
            return list(self.listed), []
        try:
            once, missing = fill_all(list(self.listed), values)
            # promptfoo 0.121.20 does it when the test case is made ready, and again when the provider asks.
            tools, missing_again = fill_all(once, values)
        except TemplateError as error:
            raise TemplateError(f"{error}, in the tools") from None
        return tools, [*missing, *missing_again]


def read_tools(top: Part, book: Book) -> Tools:
    """Return the tools of the first provider that has some; those of the others are told as losses."""
    found = Tools()
    for provider in ((listed := top.get("providers") or top.get("targets")) and listed.items()) or ():
        part = _options(provider).at("config", "tools")
        if part is None:
            continue
        try:
            tools = _of(part, book)
        except FileRefusedError as error:
            book.report.dropped(part, Kind.SETTING, "tools", str(error))
            continue
        if not found.listed:
            found = tools
        elif tools != found:
            book.report.dropped(
                part, Kind.SETTING, "tools", "one golden set offers one provider's: the first's are kept"
            )
    return found


def _options(provider: Part) -> Part:
    """Return a provider's options, which may stand under its name: `- openai:gpt-4.1: {config: {…}}`."""
    listed = provider.fields()
    return listed[0][1] if listed and not {"id", "config"} & {key for key, _ in listed} else provider


def _of(part: Part, book: Book) -> Tools:
    named = part.value if isinstance(part.value, str) else None
    if named is not None and _PROGRAM.search(named):
        raise FileRefusedError(f"`{named}` is a program, and an import runs none")
    if named is not None and not named.startswith(FILE):
        raise FileRefusedError(_OTHER_FORM)
    tools = part.value if named is None else static_value(named, part.folder, book.root)
    if not (isinstance(tools, list) and all(isinstance(tool, Mapping) and "type" in tool for tool in tools)):
        raise FileRefusedError(_OTHER_FORM)
    return Tools(listed=tuple(tools), templates=named is None)
