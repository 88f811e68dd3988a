"""Hash of everything on our side that could move a score."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from driftwatch.domain.probe import content_hash


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The parts of our side, each hashed or named, and one hash over them.

    Parameters
    ----------
    parts : mapping of str to str
        ``probes``, ``sampling``, ``driver``, ``scorers``, ``prices``, ``code``.

    Examples
    --------
    >>> before = Fingerprint(parts={"driver": "direct 0.1.0", "sampling": "3f2a"})
    >>> after = Fingerprint(parts={"driver": "direct 0.2.0", "sampling": "3f2a"})
    >>> before.changed(after)
    ('driver',)
    """

    parts: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """One short hash over all parts."""
        return content_hash(dict(self.parts))

    def changed(self, other: "Fingerprint") -> tuple[str, ...]:
        """Return the names of the parts that differ, sorted."""
        names = set(self.parts) | set(other.parts)
        return tuple(sorted(n for n in names if self.parts.get(n) != other.parts.get(n)))
