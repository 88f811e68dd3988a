"""The golden set as it grows: probes checked by the strict loader's own readers, ids that stay, limits."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.interop.losses import LossReport
from driftwatch.adapters.probes.place import Place
from driftwatch.adapters.probes.probe import MAX_SAMPLES, read_probe
from driftwatch.adapters.probes.scorers import WITH_SCHEMA, read_scorers
from driftwatch.adapters.yaml_strict import Node, Parsed
from driftwatch.domain.errors import Problem
from driftwatch.domain.probe import content_hash
from driftwatch.scorers.registry import split_name
from driftwatch.scorers.structure import schema_path

MOST_PROBES = 10_000
LONGEST_ID = 60

_ID = re.compile(r"\w[\w./:-]{0,99}\Z")
_BROKEN = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True, kw_only=True)
class Book:
    """Takes probes and says no in words; nothing gets in that the loader would refuse.

    Parameters
    ----------
    root : Path
        Folder that no path of the source leads out of.
    reference : str
        How reference answers are compared where the source does not say: a scorer's name, ``auto`` or ``none``.
    prompt : str, optional
        The prompt for data sets that hold only values: a template with their names.
    """

    root: Path
    report: LossReport
    reference: str = "auto"
    prompt: str | None = None
    name: str = "imported"
    probes: list[dict[str, Any]] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _loaded: dict[str, Any] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether no more probes are taken."""
        return len(self.probes) >= MOST_PROBES

    def refusal(self, probe: dict[str, Any]) -> str | None:
        """Return why the loader would refuse this probe, None if it would take it."""
        if self.full:
            return f"a golden set takes {MOST_PROBES} probes at most"
        if _broken(probe):
            return "a text contains NUL or half of a surrogate pair"
        problems: list[Problem] = []
        read_probe(self._place({**probe, "id": "x"}, problems))
        return f"{problems[0].met}; {problems[0].need}" if problems else None

    def scorer_refusal(self, item: str | dict[str, Any], tools: Sequence[Any] = ()) -> str | None:
        """Return why the loader would refuse this item of `scorers:` on a probe with these tools, None if not."""
        if _broken(item):
            return "a text contains NUL or half of a surrogate pair"
        if (reason := _reaches_out(item)) is not None:
            return reason
        problems: list[Problem] = []
        # A copy: an item that is tried and not taken must not fix the kind of its metric.
        loaded = dict(self._loaded)
        specs = read_scorers(self._place({"scorers": [item], "tools": list(tools) or None}, problems, loaded))
        if problems:
            return f"{problems[0].met}; {problems[0].need}"
        try:
            content_hash([[spec.name, spec.argument] for spec in specs])
        except (ValueError, RecursionError) as error:
            return f"its value cannot be hashed ({str(error)[:80]})"
        self._loaded.update(loaded)
        return None

    def add(self, probe: dict[str, Any], *, wanted: str) -> str:
        """Take a probe that was not refused, under the wanted id or one made from it; return the id."""
        probe_id = self._free(wanted if _ID.match(wanted) else slug(wanted) or fallback(probe))
        self._ids.add(probe_id)
        self.probes.append({"id": probe_id, **probe})
        return probe_id

    def _free(self, probe_id: str) -> str:
        number, free = 1, probe_id
        while free in self._ids:
            number += 1
            free = f"{probe_id[:95]}-{number}"
        return free

    def _place(self, value: Any, problems: list[Problem], loaded: dict[str, Any] | None = None) -> Place:
        parsed = Parsed(file="-", value=value, root=Node(value, 1))
        return Place(
            parsed=parsed,
            folder=self.root,
            problems=problems,
            value=value,
            loaded=dict(self._loaded) if loaded is None else loaded,
        )


def slug(text: str, longest: int = LONGEST_ID) -> str:
    """Return a name made from a text: its letters and digits, cut at a word.

    Examples
    --------
    >>> slug("Says 'Hello, Wörld!' politely")
    'says-hello-wörld-politely'
    """
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text[:1000]).lower())
    made = ""
    for word in words:
        longer = f"{made}-{word}" if made else word[:longest]
        if len(longer) > longest:
            break
        made = longer
    return made


def fallback(probe: dict[str, Any]) -> str:
    """Return a name for a probe without words: from its content, so that it stays when others come and go."""
    return f"probe-{sha256(repr(probe).encode('utf-8', 'replace')).hexdigest()[:8]}"


def samples(count: Any) -> int:
    """Return a number of samples that the loader takes."""
    whole = isinstance(count, int) and not isinstance(count, bool)
    return min(max(count, 1), MAX_SAMPLES) if whole else 1


def as_probe(
    content: str | Sequence[dict[str, Any]], *, tags: Sequence[str] = (), scorers: Sequence[Any] = (), count: int = 1
) -> dict[str, Any]:
    """Return a probe as the golden set writes it, without its id."""
    probe: dict[str, Any] = {"prompt": content} if isinstance(content, str) else {"messages": list(content)}
    if count > 1:
        probe["samples"] = count
    if tags:
        probe["tags"] = list(dict.fromkeys(tags))
    if scorers:
        probe["scorers"] = list(scorers)
    return probe


def _reaches_out(item: str | dict[str, Any]) -> str | None:
    """Return why an item must not even be tried: the loader runs functions and reads schemas' files."""
    for key, argument in item.items() if isinstance(item, dict) else [(item, None)]:
        name = split_name(str(key))[0]
        if name == "python":
            return "an import runs no code; add the function by hand"
        if name in WITH_SCHEMA and schema_path(argument):
            return "the schema lies in another file; write it out, or name its file by hand"
    return None


def _broken(value: Any) -> bool:
    if isinstance(value, str):
        return _BROKEN.search(value) is not None
    if isinstance(value, dict):
        return any(_broken(key) or _broken(item) for key, item in value.items())
    return isinstance(value, list) and any(_broken(item) for item in value)
