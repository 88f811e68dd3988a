"""The promise to tell somebody: an outbox row, from pending to sent or dead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from driftwatch.domain.metric import Severity

DETAILS = "details"
"""The `part` of a payload whose message only adds details to one that was sent."""
TOLD_WITH = "told with "
"""What the `error` of a row that joined another one begins with; that one's key follows."""
INSTEAD_OF = "instead_of"
"""Names in a copy's payload, on the fallback route, the route that did not take the message."""
AFTER_FALLBACK = "after_fallback"
"""Names the route whose message of this incident came to the fallback: how it goes on is told there as well."""


Routes = str | tuple[str, ...]
"""Where an audience is told: one route, or several, each of which gets its own promise."""


def listed(routes: Routes | None) -> tuple[str, ...]:
    """Return the routes one by one.

    Examples
    --------
    >>> listed("oncall"), listed(("oncall", "duty")), listed(None)
    (('oncall',), ('oncall', 'duty'), ())
    """
    return (routes,) if isinstance(routes, str) else routes or ()


class DeliveryState(StrEnum):
    """Where a promise stands.

    ``sending`` is committed before the network call: found there after a crash it is as ``ambiguous`` as a
    connection lost after the request was written. The remote is asked then, where it can be asked. What is told in
    another message of its group has ``joined`` that one.
    """

    PENDING = "pending"
    SENDING = "sending"
    AMBIGUOUS = "ambiguous"
    SENT = "sent"
    DEAD = "dead"
    JOINED = "joined"

    @property
    def open(self) -> bool:
        """Whether the promise is neither kept nor given up."""
        return self not in (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.JOINED)


class Arrived(StrEnum):
    """What a remote says about an earlier attempt; ``unknown`` where it cannot be asked."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A remote's answer to whether a message arrived, with its id there."""

    arrived: Arrived
    remote: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one route.

    Parameters
    ----------
    key : str
        Stable over restarts; names (incident, transition, route). Equal keys are one promise.
    payload : mapping
        What to say, as frozen when it was decided: a plain dict of `notify.render`'s input.
    possible_repeat : bool
        An earlier attempt may have arrived, and nobody can tell: the message says so.
    remote : str, optional
        The remote's id of the message, once it was taken.
    thread : str, optional
        The remote's id of the incident's first message on this route, which this one follows.
    """

    key: str
    route: str
    severity: Severity
    payload: Mapping[str, Any]
    created_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    not_before: datetime | None = None
    started_at: datetime | None = None
    sent_at: datetime | None = None
    possible_repeat: bool = False
    error: str | None = None
    remote: str | None = None
    thread: str | None = None

    @property
    def subject(self) -> str | None:
        """The key of the incident whose thread it belongs to; None where the message is about none.

        What a page of another incident covers belongs to that one's thread.
        """
        found = self.payload.get("thread_key") or self.payload.get("key")
        return None if found is None else str(found)

    @property
    def group(self) -> str | None:
        """The name of its group; None where it is told alone, as on the fallback route."""
        alone = self.is_details or INSTEAD_OF in self.payload
        return None if alone or "group" not in self.payload else str(self.payload["group"])

    @property
    def joins(self) -> bool:
        """Whether it may still be told together with others of its group: it has not been tried yet."""
        return self.group is not None and self.state is DeliveryState.PENDING and self.attempts == 0

    @property
    def told_with(self) -> str | None:
        """The key of the message that this one was told in; None where it was told in its own."""
        if self.state is not DeliveryState.JOINED or not self.error:
            return None
        return self.error.removeprefix(TOLD_WITH)

    @property
    def others(self) -> int:
        """How many incidents beside its own it tells of."""
        return len(self.payload.get("also", ())) + int(self.payload.get("more_also", 0))

    @property
    def settles(self) -> bool:
        """Whether it says that somebody has the incident, or that it is over."""
        over = self.payload.get("state") in ("resolved", "accepted")
        return "key" in self.payload and (over or self.payload.get("reason") == "ACKNOWLEDGED")

    @property
    def begins(self) -> datetime:
        """When it was to be sent first: what waits for its group is not late before."""
        return max(self.created_at, self.not_before) if self.joins and self.not_before else self.created_at

    @property
    def is_guest(self) -> bool:
        """Whether it is about another incident than the thread it belongs to."""
        return self.subject != self.payload.get("key")

    @property
    def is_details(self) -> bool:
        """Whether it only adds to a message that was sent."""
        return self.payload.get("part") == DETAILS
