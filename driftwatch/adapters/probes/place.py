"""One spot in a golden set's file, with what stands there, and the problems found so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from driftwatch.adapters.yaml_strict import Parsed, Where
from driftwatch.domain.errors import Problem

MAX_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A value in a file; readers walk down from the top and note what is wrong where they are.

    Parameters
    ----------
    folder : Path
        The folder of the file: paths in it are relative to this one.
    problems : list of Problem
        Shared by every place of all files.
    """

    parsed: Parsed
    folder: Path
    problems: list[Problem]
    value: Any
    where: Where = ()
    loaded: dict[str, Any] = field(default_factory=dict)

    def at(self, step: str | int) -> "Place":
        """Return the place one step down."""
        return self.seen(self.value[step], step)

    def seen(self, value: Any, *steps: str | int) -> "Place":
        """Return the place further down, or the same one with another value."""
        return Place(
            parsed=self.parsed,
            folder=self.folder,
            problems=self.problems,
            value=value,
            where=(*self.where, *steps),
            loaded=self.loaded,
        )

    def note(self, met: str, need: str, slug: str = "bad-probe") -> None:
        """Remember that something is wrong here."""
        self.problems.append(self.parsed.problem(self.where, met=met, need=need, slug=slug))

    def items(self) -> Iterator["Place"]:
        """Yield the places of a list's items."""
        return (self.at(index) for index in range(len(self.value)))

    def mapping(self, known: Sequence[str]) -> bool:
        """Return whether a mapping stands here; note each key that is not known."""
        if not isinstance(self.value, Mapping):
            self.note(f"{shown(self.value)} stands here", f"a mapping with {', '.join(known)} must stand here.")
            return False
        for key in self.value:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                need = f"did you mean `{near[0]}`?" if near else f"known here are: {', '.join(known)}."
                self.at(key).note(f"the key `{key}` is not known", need, "unknown-key")
        return True

    def text(self, key: str) -> str | None:
        """Return the text under `key`; None, noted, if something else stands there."""
        value = self.value[key]
        if isinstance(value, str) and value.strip():
            return value
        need = "it must not be empty." if isinstance(value, str) or value is None else "it must be a text; quote it."
        self.at(key).note(f"`{key}` is {shown(value)}", need)
        return None

    def list(self, key: str) -> "Place | None":
        """Return the place of the list under `key`; None if there is none, noted if it is no list."""
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.at(key).note(f"`{key}` is {shown(value)}", "it must be a list: one `- …` a line.")
            return None
        return self.at(key)


def shown(value: Any) -> str:
    """Return a value as a message quotes it: in YAML's words, shortened.

    Examples
    --------
    >>> shown(None), shown(True), shown("a")
    ('empty', 'true', '"a"')
    """
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    words = f'"{value}"' if isinstance(value, str) else str(value)
    return words if len(words) <= MAX_SHOWN else f"{words[:MAX_SHOWN]}…"
