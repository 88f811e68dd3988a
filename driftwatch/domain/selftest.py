"""What a self-test found: for each known drift what had to be told, and what was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftwatch.domain.metric import Severity

KIND = "selftest"
"""The `kind` of its payload; by it the weekly report finds the results in the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One known drift.

    Parameters
    ----------
    expected, told : str
        ``page``, ``notice``, ``no data`` or ``silence``; `told` also ``a false alarm``, before anything changed.
    replays : int
        After the change.
    """

    name: str
    expected: str
    told: str
    replays: int

    @property
    def as_expected(self) -> bool:
        """Whether it was told as it must be."""
        return self.told == self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """One run."""

    at: datetime
    took_s: float
    drifts: Sequence[Caught]
    trouble: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything was told as it must be."""
        return bool(self.drifts) and not self.trouble and all(drift.as_expected for drift in self.drifts)

    @property
    def words(self) -> str:
        """The result in one sentence.

        Examples
        --------
        >>> from datetime import UTC
        >>> one = Caught(name="nothing changes", expected="silence", told="page", replays=3)
        >>> SelfTest(at=datetime(2026, 10, 14, 6, tzinfo=UTC), took_s=12.3, drifts=(one,)).words
        '0 of 1 known drifts were told as they must be; nothing changes: page instead of silence'
        """
        if self.trouble:
            return f"it could not be run: {self.trouble}"
        good = sum(drift.as_expected for drift in self.drifts)
        wrong = [f"{d.name}: {d.told} instead of {d.expected}" for d in self.drifts if not d.as_expected]
        return "; ".join([f"{good} of {len(self.drifts)} known drifts were told as they must be", *wrong])


def selftest_payload(result: SelfTest) -> dict[str, Any]:
    """Return the payload of the message about a run."""
    return {
        "version": 1,
        "kind": KIND,
        "reason": "NONE",
        "severity": (Severity.NOTICE if result.passed else Severity.PAGE).value,
        "endpoint": "driftwatch",
        "at": result.at.isoformat(),
        "passed": result.passed,
        "took_s": round(result.took_s, 1),
        "detail": result.words,
        "drifts": [
            {"name": d.name, "expected": d.expected, "told": d.told, "replays": d.replays} for d in result.drifts
        ],
    }


def selftest_of(payload: Mapping[str, Any]) -> SelfTest:
    """Return the run that a payload tells of."""
    drifts = tuple(
        Caught(**{name: d[name] for name in ("name", "expected", "told", "replays")}) for d in payload["drifts"]
    )
    trouble = "" if drifts else str(payload.get("detail", "")).removeprefix("it could not be run: ")
    return SelfTest(
        at=datetime.fromisoformat(payload["at"]), took_s=float(payload["took_s"]), drifts=drifts, trouble=trouble
    )
