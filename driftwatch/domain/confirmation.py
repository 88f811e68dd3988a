"""A confirmation burst: the immediate rerun that comes between an alarm and its page, and what it says.

It can only keep a page back. What the stream's own alarm does not say, it cannot add, so the false-alarm budget holds
whatever it measures; what it measures is never folded into a stream.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from driftwatch.domain.answer import Answer
from driftwatch.domain.decision import Decision, Tell, listeners
from driftwatch.domain.incident import Finding, Incident, IncidentState, Reason, Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.situation import kept_back, silence_over

FRESH_REPLAYS = 2
"""Replays since the onset up to which a burst is asked for: older evidence has confirmed itself."""
IMPLICATED = 8
"""Probes that moved most, asked again."""
OTHERS = 4
"""Probes that are not named, asked beside them; more where fewer are named."""
LONGEST_S = 120.0
"""Real seconds a burst may take: the most that it delays a page."""
TOO_LATE = timedelta(minutes=10)
"""An alarm that waited for so long, because its process died, is told without a burst."""


class Confirmation(StrEnum):
    """What a burst says; only ``vanished`` keeps a page back."""

    CHANGED = "changed"
    VANISHED = "vanished"
    UNDECIDED = "undecided"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """The rerun after the replay `seq`, kept with its answers.

    Parameters
    ----------
    values : mapping
        metric -> probe key -> scored samples. Unscored ones are absent.
    said : str
        Why it was not run; empty if it was.
    """

    endpoint: str
    seq: int
    incident: int
    started_at: datetime
    finished_at: datetime
    verdict: Confirmation
    answers: Sequence[Answer] = ()
    values: Mapping[str, Mapping[str, tuple[float, ...]]]
    cost_usd: float = 0.0
    said: str = ""

    @property
    def words(self) -> str:
        """What it says, for people.

        Examples
        --------
        >>> from datetime import UTC
        >>> now = datetime(2026, 10, 14, tzinfo=UTC)
        >>> Burst(
        ...     endpoint="a", seq=3, incident=1, started_at=now, finished_at=now, values={}, said="budget",
        ...     verdict=Confirmation.NOT_RUN,
        ... ).words
        'not confirmed by a rerun (budget)'
        """
        probes = len({probe for scored in self.values.values() for probe in scored})
        rerun = f"an immediate rerun of {probes} probes"
        return {
            Confirmation.CHANGED: f"confirmed by {rerun}",
            Confirmation.VANISHED: f"vanished in {rerun}",
            Confirmation.UNDECIDED: f"{rerun} does not decide",
            Confirmation.NOT_RUN: f"not confirmed by a rerun ({self.said})",
        }[self.verdict]


def decide_confirmed(incident: Incident, burst: Burst, *, silences: Sequence[Silence], now: datetime) -> Decision:
    """Decide what a burst means for the incident that waits for it: it pages unless the change has vanished.

    A vanished change stays pending as a transient: the next replay that shows it still pages at once.
    """
    waited = replace(incident, updated_at=now, detail=burst.words)
    if burst.verdict is Confirmation.VANISHED:
        return Decision(reason=Reason.TRANSIENT, incident=replace(waited, reason=Reason.TRANSIENT))
    firing = replace(waited, state=IncidentState.FIRING)
    silence = silence_over(incident.endpoint, silences, now)
    if silence is not None:
        return kept_back(firing, silence)
    reason = Reason.FIRST if burst.verdict is Confirmation.NOT_RUN else Reason.CONFIRMED
    told = replace(firing, reason=reason, told=firing.severity, told_at=now)
    return Decision(
        reason=reason,
        incident=told,
        tell=tuple(Tell(audience=audience, severity=told.severity) for audience in listeners(told)),
    )


def probes_to_ask(
    findings: Sequence[Finding], probes: Sequence[str], *, order: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of the implicated probes and of the others to ask.

    Parameters
    ----------
    findings : sequence of Finding
        Worst first.
    probes : sequence of str
        Every probe's id.
    order : mapping
        Id to a hash that differs from burst to burst: which others are asked is chance, and the same chance again.

    Examples
    --------
    >>> fall = Finding(
    ...     metric="pass", severity=Severity.PAGE, chart="cusum", statistic=6.0, threshold=4.8, arl=370.0, direction=-1
    ... )
    >>> probes_to_ask([fall], ["a", "b"], order={"a": "7", "b": "3"})
    ((), ('b', 'a'))
    """
    paging = [f for f in findings if f.severity is Severity.PAGE]
    moved = dict.fromkeys(m.probe_id for f in paging for m in f.moved)
    known = set(probes)
    implicated = tuple(probe for probe in moved if probe in known)[:IMPLICATED]
    rest = sorted(known - set(implicated), key=lambda probe: (order[probe], probe))
    # Where few are named, as many are asked as there would have been: one replay cannot prove a single probe.
    return implicated, tuple(rest[: IMPLICATED + OTHERS - len(implicated)])
