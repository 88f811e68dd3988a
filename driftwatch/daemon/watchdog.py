"""What keeps systemd's watchdog quiet: proven progress, never a thread of its own.

It runs in the loop that replays and pages, so a loop that is blocked says nothing; and it says nothing while a part
stands still. systemd then ends the daemon and starts it again, and the next start takes up what was open.
"""

import structlog

from driftwatch.adapters.systemd import Systemd
from driftwatch.services.ports import Clock
from driftwatch.services.vitals import Vitals

log = structlog.get_logger(__name__)

STATUS_S = 20.0
"""Real seconds between two looks where there is no watchdog."""


async def keep_awake(systemd: Systemd, vitals: Vitals, clock: Clock) -> None:
    """Tell systemd for ever that the daemon moves, and what there is to say, three times as often as it wants."""
    every_s = min(systemd.watchdog_s / 3, STATUS_S) if systemd.watchdog_s else STATUS_S
    still = said = ""
    while True:
        stuck = vitals.why_not_alive()
        if not stuck:
            systemd.moving()
        elif not still:
            log.critical("the watchdog is not told: a part of the daemon stands still", why=stuck)
        still = stuck
        if vitals.status != said:
            said = vitals.status
            systemd.status(said)
        await clock.sleep(every_s)
