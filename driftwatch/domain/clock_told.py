"""What operations hear of a clock that jumped."""

from datetime import datetime, timedelta
from typing import Any

from driftwatch.domain.metric import Severity

KIND = "clock"


def clock_payload(*, jumped: timedelta, now: datetime) -> dict[str, Any]:
    """Return the payload of the message; a jump forward is above zero."""
    return {
        "version": 1,
        "kind": KIND,
        "reason": "NONE",
        "severity": Severity.NOTICE.value,
        "endpoint": "driftwatch",
        "at": now.isoformat(),
        "jumped_s": round(jumped.total_seconds(), 1),
    }
