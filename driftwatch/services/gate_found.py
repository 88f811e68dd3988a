"""What a gate found: of a metric, of an endpoint, of everything."""

from dataclasses import dataclass, field
from enum import StrEnum

from driftwatch.domain.metric import Metric, Severity
from driftwatch.domain.replay import Replay, Score
from driftwatch.stats.one_look import Look

Facts = tuple[tuple[Replay, tuple[Score, ...]], ...]
"""Every replay with its scores."""


class Verdict(StrEnum):
    """What a gate found, of a metric or of everything."""

    UNCHANGED = "unchanged"
    WORSE = "worse"
    BETTER = "better"
    MOVED = "moved"
    UNSCORED = "unscored"
    NOT_COMPARED = "not compared"
    DRIFT = "drift"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is asked of a gate.

    Parameters
    ----------
    replays : int
        Of every endpoint, one after the other.
    alpha : float
        Chance that an unchanged fleet fails, over all metrics and endpoints.
    harm_only : bool
        Whether only harm fails; otherwise any movement does.
    """

    replays: int = 1
    alpha: float = 0.01
    harm_only: bool = True

    def fails(self, metric: Metric) -> bool:
        """Return whether a movement of this metric fails the gate."""
        return metric.severity is Severity.PAGE if self.harm_only else metric.severity is not Severity.NONE

    def is_drift(self, metric: Metric, verdict: Verdict) -> bool:
        """Return whether this of a metric is the drift that was asked for."""
        drift = {Verdict.WORSE} if self.harm_only else {Verdict.WORSE, Verdict.BETTER, Verdict.MOVED}
        return self.fails(metric) and verdict in drift


@dataclass(frozen=True, kw_only=True)
class MetricGate:
    """One metric of one endpoint.

    Parameters
    ----------
    verdict : Verdict
        One of the first six.
    fails : bool
        Whether a movement fails the gate.
    why : str
        Why it was not compared.
    p : float, optional
        Corrected over all metrics and endpoints that are asked the same.
    compared, of : int
        Probes with values today, and with a reference.
    sees_broken : int, optional
        Probes that must break for it to be seen; None if not even all of them would.
    sees_shift : float, optional
        Change of the mean that is seen four times in five.
    """

    metric: Metric
    verdict: Verdict
    fails: bool
    why: str = ""
    look: Look | None = None
    p: float | None = None
    compared: int = 0
    of: int = 0
    sees_broken: int | None = None
    sees_shift: float | None = None


@dataclass(frozen=True, kw_only=True)
class EndpointGate:
    """One endpoint.

    Parameters
    ----------
    verdict : Verdict
        ``unchanged``, ``drift`` or ``unknown``.
    why : str
        Why nothing could be found out.
    notes : tuple of str
        What a reader should know: what differs from the baseline on our side, an incident that is open.
    cost_usd : float, optional
        None where the endpoint has no price.
    replays : tuple of (Replay, tuple of Score)
        The facts; they are kept nowhere else.
    """

    name: str
    verdict: Verdict
    why: str = ""
    notes: tuple[str, ...] = ()
    asked: int = 0
    answered: int = 0
    cost_usd: float | None = 0.0
    metrics: tuple[MetricGate, ...] = ()
    replays: Facts = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Every endpoint, and what follows."""

    rules: Rules
    endpoints: tuple[EndpointGate, ...]

    @property
    def cost_usd(self) -> float | None:
        """What all of it cost; None where that of an endpoint is not known."""
        costs = [one.cost_usd for one in self.endpoints]
        return None if None in costs else sum(cost or 0.0 for cost in costs)

    @property
    def verdict(self) -> Verdict:
        """Drift if there is one anywhere; else unknown if anything is; else unchanged."""
        found = {one.verdict for one in self.endpoints}
        return next((v for v in (Verdict.DRIFT, Verdict.UNKNOWN) if v in found), Verdict.UNCHANGED)
