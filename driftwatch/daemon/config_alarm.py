"""Operations hear of a configuration that stays refused, and when it is in order again."""

from dataclasses import dataclass, field

from driftwatch.domain.config_told import config_payload
from driftwatch.domain.delivery import Delivery, Routes, listed
from driftwatch.domain.metric import Severity
from driftwatch.services.ports import Clock, Store
from driftwatch.services.vitals import ConfigRead

PATIENCE_S = 600.0
"""Who is mending the file is left in peace for so long."""


@dataclass
class ConfigAlarm:
    """Remembers whether operations were told.

    Parameters
    ----------
    patience_s : float
        Real seconds for which a refused file is nobody's trouble.
    """

    patience_s: float = PATIENCE_S
    told: bool = field(default=False, init=False)

    def look(self, config: ConfigRead, store: Store, clock: Clock, ops: Routes) -> None:
        """Promise a message if there is news. Blocks."""
        late = not config.ok and clock.monotonic() - config.since >= self.patience_s
        if late != self.told and (late or config.ok):
            now = clock.now()
            payload = config_payload(trouble=config.trouble, since=config.read_at, now=now)
            key = f"driftwatch/config/{payload['state']}/{now.isoformat()}"
            store.enqueue(
                [
                    Delivery(
                        key=f"{key}@{route}", route=route, severity=Severity.NOTICE, payload=payload, created_at=now
                    )
                    for route in listed(ops)
                ]
            )
            self.told = late
