"""What became of everything in a foreign file: kept, changed or dropped, each with its reason."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from driftwatch.adapters.probes.interop.part import Part
from driftwatch.domain.legible import one_line

MAX_SHOWN = 160


class Fate(StrEnum):
    """What became of one thing; the last one is the worst."""

    KEPT = "kept"
    CHANGED = "changed"
    DROPPED = "dropped"


class Kind(StrEnum):
    """What kind of thing it was."""

    ASSERTION = "assertion"
    CASE = "test case"
    PROMPT = "prompt"
    SETTING = "setting"
    LINE = "line"


_WORST = {fate: rank for rank, fate in enumerate(Fate)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing of the source, what became of it, and why.

    Parameters
    ----------
    where : str
        Its way in the file: ``tests[3].assert[0]``; with `file` it names one thing.
    what : str
        The assertion's type, the setting's key, the beginning of the line.
    became : str, optional
        What stands for it now; None where it was dropped.
    why : str, optional
        Why it is not as it was; None where it was kept.
    """

    file: str
    line: int
    where: str
    kind: Kind
    what: str
    fate: Fate
    became: str | None = None
    why: str | None = None

    def __str__(self) -> str:
        """Return the entry as one line."""
        place = f"{self.file}:{self.line}" + (f" {self.where}" if self.where not in ("", self.what) else "")
        if self.fate is Fate.DROPPED:
            return f"{place} {self.what}: dropped, because {self.why}"
        if self.fate is Fate.CHANGED:
            return f"{place} {self.what}: changed into {self.became}, because {self.why}"
        return f"{place} {self.what}: kept as {self.became}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many things of one kind there were; ``kept + changed + dropped == found``."""

    found: int = 0
    kept: int = 0
    changed: int = 0
    dropped: int = 0


@dataclass(slots=True)
class LossReport:
    """Collects entries; equal ones (of one assertion in many probes, say) are told once, with their number."""

    entries: Counter[Entry] = field(default_factory=Counter)
    _found: dict[tuple[str, str], tuple[Kind, int, str]] = field(default_factory=dict)

    def found(self, part: Part, kind: Kind, what: str) -> None:
        """Remember that this thing must be accounted for."""
        self._found.setdefault((part.file, part.path), (kind, part.line, one_line(what, MAX_SHOWN)))

    def note(
        self, part: Part, kind: Kind, what: str, fate: Fate, *, became: str | None = None, why: str | None = None
    ) -> None:
        """Write down what became of a thing."""
        entry = Entry(
            file=part.file,
            line=part.line,
            where=part.path,
            kind=kind,
            what=one_line(what, MAX_SHOWN),
            fate=fate,
            became=None if became is None else one_line(became, MAX_SHOWN),
            why=None if why is None else one_line(why, 2 * MAX_SHOWN),
        )
        self.entries[entry] += 1

    def dropped(self, part: Part, kind: Kind, what: str, why: str) -> None:
        """Write down that a thing was dropped."""
        self.note(part, kind, what, Fate.DROPPED, why=why)

    def close(self, why: str) -> None:
        """Write down everything found of which nothing became, so that the sums hold."""
        told = {(entry.file, entry.where, entry.kind) for entry in self.entries}
        for (file, where), (kind, line, what) in self._found.items():
            if (file, where, kind) not in told:
                entry = Entry(file=file, line=line, where=where, kind=kind, what=what, fate=Fate.DROPPED, why=why)
                self.entries[entry] += 1

    def count(self, kind: Kind) -> Count:
        """Return the sums of a kind; what was carried into some probes and not into others counts as dropped."""
        worst: dict[tuple[str, str], Fate] = {}
        for entry in self.entries:
            if entry.kind is kind:
                key = (entry.file, entry.where)
                worst[key] = max(worst.get(key, Fate.KEPT), entry.fate, key=_WORST.__getitem__)
        fates = Counter(worst.values())
        return Count(
            found=len(worst),
            kept=fates[Fate.KEPT],
            changed=fates[Fate.CHANGED],
            dropped=fates[Fate.DROPPED],
        )

    def losses(self) -> list[tuple[Entry, int]]:
        """Return what was changed or dropped, in the order of the files, with how often."""
        found = [(entry, times) for entry, times in self.entries.items() if entry.fate is not Fate.KEPT]
        return sorted(found, key=lambda item: (item[0].file, item[0].line))
