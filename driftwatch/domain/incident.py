"""What a person owns: one drift of one endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from driftwatch.domain.legible import one_line
from driftwatch.domain.metric import Severity
from driftwatch.domain.probe import content_hash


class IncidentState(StrEnum):
    """Where an incident stands; the last two are its ends. While it is pending nobody has been woken by it."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ACCEPTED = "accepted"

    @property
    def open(self) -> bool:
        """Whether somebody still owns it."""
        return self in (IncidentState.PENDING, IncidentState.FIRING, IncidentState.ACKNOWLEDGED)


class Reason(StrEnum):
    """Why a decision fell as it did; stored with every notification."""

    FIRST = "FIRST"
    WORSE = "WORSE"
    CONFIRMED = "CONFIRMED"
    TRANSIENT = "TRANSIENT"
    RECURRED = "RECURRED"
    FLAPPING = "FLAPPING"
    REPEAT_DUE = "REPEAT_DUE"
    RESOLVED = "RESOLVED"
    ACCEPTED = "ACCEPTED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    LOCAL_CHANGE = "LOCAL_CHANGE"
    JUDGE_DRIFT = "JUDGE_DRIFT"
    SILENCED = "SILENCED"
    MAINTENANCE = "MAINTENANCE"
    ENDPOINT_REMOVED = "ENDPOINT_REMOVED"
    SILENCE_ENDED = "SILENCE_ENDED"
    NO_DATA = "NO_DATA"
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED"
    OWN_NETWORK = "OWN_NETWORK"
    NONE = "NONE"


class IncidentKind(StrEnum):
    """What is wrong: the model's behaviour, or that it cannot be measured.

    ``no_data`` is for what may pass: a vendor that is down, slow, or answers too little. ``error`` is for what somebody
    has to put right: a key that is refused, a model that is gone, a request that the vendor does not understand.
    """

    DRIFT = "drift"
    NO_DATA = "no_data"
    ERROR = "error"

    @property
    def unmeasured(self) -> bool:
        """Whether it says nothing about behaviour: there was none to be seen."""
        return self is not IncidentKind.DRIFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A probe that moved: means of the metric before and since the onset, and how sure (BH-adjusted)."""

    probe_id: str
    before: float | None
    after: float | None
    q: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One stream's alarm, told in numbers a person can judge.

    Parameters
    ----------
    severity : Severity
        The loudest this stream may be; `decide` lowers a page whose movement harms nobody to a notice.
    statistic, threshold : float
        The chart's running value and its alarm level.
    arl : float
        Replays between two false alarms of this stream, on average.
    direction : {-1, 0, 1}
        Where the metric went; 0 where the chart does not say.
    effect_low, effect_high : float, optional
        95 % interval of ``after - before``.
    onset, onset_early, onset_late : datetime, optional
        The estimated change point and its interval.
    second_state, second_state_low, second_state_high : float, optional
        Share of the answers since then that come from a second state, and its 95 % interval; at least that share, as
        far as both states may give the same answer.
    moved : sequence of Moved
        The probes that moved, most moved first.
    rest_moved : bool
        Whether the probes that did not surely move have moved too, all taken together; True where nobody can tell.
    """

    metric: str
    severity: Severity
    chart: str
    statistic: float
    threshold: float
    arl: float
    direction: int
    before: float | None = None
    after: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    onset: datetime | None = None
    onset_early: datetime | None = None
    onset_late: datetime | None = None
    second_state: float | None = None
    second_state_low: float | None = None
    second_state_high: float | None = None
    moved: Sequence[Moved] = ()
    rest_moved: bool = True


TRANSIENT = "transient"
"""What a change that vanished before its page is put down to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One drift of one endpoint.

    Parameters
    ----------
    id : int
        The number in ``inc-42``, from `Store.next_incident_id`.
    epoch, number : int
        With the endpoint its identity: stable over restarts, edits and nodes.
    findings : sequence of Finding
        Worst first; the first one names the incident.
    attribution : str
        A name of `domain.causes.Attribution`, or ``no data``.
    told : Severity
        The loudest message that was promised to anybody; ``none`` while silenced.
    opened_seq : int
        Of the replay that opened it; 0 in incidents of older versions.
    onset_slot : str, optional
        Slot where the change began, as it was dated at the opening.
    parent : int, optional
        Id of the incident whose page covers this one: the first of its vendor, or of the common cause.
    parent_key : str, optional
        Its key: what is told of this one belongs into the same thread.
    suppressed_by : int, optional
        Number of the silence that kept the last message back.
    elsewhere : sequence of str
        Endpoints that moved together with this one.
    recurrence_of : int, optional
        Id of the latest incident in which the same state was met.
    visits : int
        How often that state was met, this time included.
    flapping : bool
        Held open for longer, because drifts of this endpoint came and went within a day.
    accepted_probes : sequence of str
        Ids of the probes for which it was accepted; empty where it was accepted for all of them.
    """

    id: int
    endpoint: str
    kind: IncidentKind = IncidentKind.DRIFT
    epoch: int
    number: int
    state: IncidentState
    severity: Severity
    told: Severity = Severity.NONE
    reason: Reason
    opened_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    seq: int = 0
    findings: Sequence[Finding] = ()
    attribution: str = "silent change"
    detail: str = ""
    by: str | None = None
    comment: str | None = None
    told_at: datetime | None = None
    opened_seq: int = 0
    onset_slot: str | None = None
    parent: int | None = None
    elsewhere: Sequence[str] = ()
    recurrence_of: int | None = None
    visits: int = 1
    flapping: bool = False
    parent_key: str | None = None
    suppressed_by: int | None = None
    accepted_probes: Sequence[str] = ()

    @property
    def key(self) -> str:
        """Dedup key, short enough (128) that reason and route fit behind it within 255 characters."""
        name = one_line(self.endpoint, 87)
        if name != self.endpoint:
            # Two long (or illegible) names may share what is left of them: the hash keeps their incidents apart.
            name += f"~{content_hash([ord(character) for character in self.endpoint])}"
        return f"{name}/{self.epoch}/{self.number}"

    @property
    def name(self) -> str:
        """How people call it: ``inc-42``."""
        return f"inc-{self.id}"

    @property
    def transient(self) -> bool:
        """Whether it vanished before anybody was told: it is shown, and is no drift of the endpoint."""
        return self.attribution == TRANSIENT


StateVerdict = Literal["baseline", "known", "new", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSeen:
    """Which state an endpoint's replays show, derived from the stored scores whenever it is asked for.

    Parameters
    ----------
    verdict : {"baseline", "known", "new", "undecided"}
        The accepted baseline, another state that was seen before, none of them, or too little evidence.
    name : str, optional
        The state's letter; None where it is undecided.
    first_seen : str, optional
        Slot of the first replay that showed it, where it was seen before.
    replays : int
        That say so.
    log_ratio : float, optional
        Log likelihood ratio against the next reading.
    """

    verdict: StateVerdict
    name: str | None = None
    first_seen: str | None = None
    replays: int = 0
    log_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nobody is told about `endpoint` (``*``: any) until `ends_at`.

    Parameters
    ----------
    maintenance : bool
        A planned window: it may begin later, and its name is the reason of what it keeps back.
    timezone : str
        The named zone in which its times were given; they are compared in UTC.
    ended_by : str, optional
        Who ended it before its time; `ends_at` is then when.

    Examples
    --------
    >>> from datetime import UTC
    >>> six, seven = datetime(2026, 7, 20, 6, tzinfo=UTC), datetime(2026, 7, 20, 7, tzinfo=UTC)
    >>> night = Silence(endpoint="*", starts_at=six, ends_at=seven, by="ada", comment="vendor's maintenance")
    >>> night.covers("support-bot", six), night.covers("support-bot", seven)
    (True, False)
    """

    id: int = 0
    endpoint: str
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str
    maintenance: bool = False
    timezone: str = "UTC"
    ended_by: str | None = None

    def covers(self, endpoint: str, now: datetime) -> bool:
        """Whether `endpoint` is silenced at `now`; the end itself is not."""
        return self.endpoint in ("*", endpoint) and self.starts_at <= now < self.ends_at


def unowned(incident: Incident) -> Incident:
    """Return the incident without whoever has taken it: what ends without a person was not ended by that one."""
    return replace(incident, by=None, comment=None)
