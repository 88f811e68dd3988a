"""What was known before a replay is decided: the daemon reads it from the store, a backtest keeps it as it goes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from driftwatch.domain.causes import Causes
from driftwatch.domain.incident import Finding, Incident, Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import ReplayScores


class Past(Protocol):
    """What was known of an endpoint before one replay is decided."""

    @property
    def now(self) -> datetime:
        """When it is decided."""

    @property
    def incident(self) -> Incident | None:
        """The endpoint's open incident."""

    @property
    def silences(self) -> Sequence[Silence]:
        """Any; those that do not cover the endpoint now are ignored."""

    def next_incident_id(self) -> int:
        """Return the number of an incident that opens now; it is not handed back, so ask only then."""

    def log(self) -> Sequence[ReplayScores]:
        """Return the epoch's last replays, oldest first, the one to be decided included."""

    def transitions(self, severity: Severity) -> int:
        """Return how often drifts as loud as this opened or ended by themselves in the last 24 hours."""

    def can_confirm(self, findings: Sequence[Finding]) -> bool:
        """Return whether these, if they would page, can be asked to wait for a confirmation burst."""

    def completed(self, causes: Causes, drift: Incident) -> Causes:
        """Return what explains the drift with what earlier drifts tell, and those of other endpoints."""
