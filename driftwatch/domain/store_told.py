"""What operations hear of the store: nothing can be kept in it; or it works again."""

from datetime import datetime
from typing import Any

from driftwatch.domain.legible import one_line
from driftwatch.domain.metric import Severity

KIND = "store"
LONGEST = 600


def store_payload(*, trouble: str, now: datetime) -> dict[str, Any]:
    """Return the payload of the message.

    Parameters
    ----------
    trouble : str
        What the store said; empty once it works again.
    """
    return {
        "version": 1,
        "kind": KIND,
        "reason": "NONE",
        "severity": (Severity.PAGE if trouble else Severity.NOTICE).value,
        "key": "driftwatch/store",
        "endpoint": "driftwatch",
        "state": "firing" if trouble else "resolved",
        "at": now.isoformat(),
        "detail": one_line(trouble, LONGEST),
    }
