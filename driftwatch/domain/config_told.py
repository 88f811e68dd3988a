"""What operations hear of the configuration: it is refused, and an older one is in use; or it is in order again."""

from datetime import datetime
from typing import Any

from driftwatch.domain.legible import one_line
from driftwatch.domain.metric import Severity

KIND = "config"
LONGEST = 600


def config_payload(*, trouble: str, since: datetime | None, now: datetime) -> dict[str, Any]:
    """Return the payload of the message.

    Parameters
    ----------
    trouble : str
        Why the file is refused, in the words that `driftwatch check` has for it; empty once it is in order.
    since : datetime, optional
        When the configuration in use was read.
    """
    payload = {
        "version": 1,
        "kind": KIND,
        "reason": "NONE",
        "severity": Severity.NOTICE.value,
        "key": "driftwatch/config",
        "endpoint": "driftwatch",
        "state": "firing" if trouble else "resolved",
        "at": now.isoformat(),
        "detail": one_line(trouble, LONGEST),
    }
    return payload | ({"in_use_since": since.isoformat()} if since else {})
