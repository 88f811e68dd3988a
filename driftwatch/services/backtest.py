"""What a backtest is given, and what it tells: any recorded history judged as the daemon would have judged it.

Best for a team that has months of traces, and for asking what another baseline or budget would have said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import StateSeen
from driftwatch.domain.metric import Metric, Severity
from driftwatch.domain.replay import ReplayScores, Slot

ALARM_LEVEL = 1.0
"""A stream's statistic is the largest of its charts', each as a share of its own threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A slot that brought no answer.

    Parameters
    ----------
    outcome : Outcome, optional
        None where the failure was ours: it counts in the row and tells nobody.
    counts : bool
        Whether it stands among the replays, as in a file, or beside them, as among a store's slots.
    """

    slot: Slot
    outcome: Outcome | None
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A person resolved or accepted the incident that was open here.

    Parameters
    ----------
    rearm : bool
        Whether its streams watch anew, with the baseline that they had.
    """

    rearm: bool
    at: datetime
    accepted: bool = False


Event = ReplayScores | Failed | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A replay after which people would have been told, or told louder.

    Parameters
    ----------
    streams : tuple of str
        The streams that stood above their thresholds, worst first; empty for an announced change alone.
    onset : datetime
        When the change began, as the worst stream dates it.
    probes : tuple of str
        The probes that moved most on that stream.
    chart, statistic, threshold : str, float, float, optional
        Of its chart that alarmed; None for an announced change alone.
    state : StateSeen, optional
        Whether the endpoint had been seen in this state before, as far as was known after this replay.
    """

    slot: Slot
    severity: Severity
    streams: tuple[str, ...]
    onset: datetime
    attribution: str
    probes: tuple[str, ...]
    chart: str | None
    statistic: float | None
    threshold: float | None
    state: StateSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One stream over the whole history.

    Parameters
    ----------
    statistics : tuple of float or None
        One for each replay, as a share of the threshold; None while it learned or had no value.
    distrust : str, optional
        Why the stream may not page, at the end.
    """

    metric: Metric
    statistics: tuple[float | None, ...]
    distrust: str | None = None

    @property
    def peak(self) -> float | None:
        """The largest statistic."""
        return max((s for s in self.statistics if s is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What the history of one endpoint would have told.

    Parameters
    ----------
    baseline_replays : int
        Replays that made the last baseline.
    judged : bool
        Whether any alarming stream was ever compared with a baseline.
    """

    endpoint: str
    slots: tuple[Slot, ...]
    baseline_replays: int
    wanted_baseline: int
    unanswered: int
    alarms: tuple[Alarm, ...]
    streams: Mapping[str, Course]
    judged: bool
