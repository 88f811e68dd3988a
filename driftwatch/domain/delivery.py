"""The promise to tell somebody: an outbox row, from pending to sent or dead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from driftwatch.domain.metric import Severity


class DeliveryState(StrEnum):
    """``sending`` is committed before the network call; what is found there after a crash is ambiguous."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


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
        An earlier attempt may have arrived: the message says so.
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
