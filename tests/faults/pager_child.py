"""A pager in a process of its own, to be killed: store, real SlackWebhook, and time that runs 20 times as fast.

``python pager_child.py STORE_URL WEBHOOK_URL MODE`` with MODE one of ``commit`` (write the promise, then wait),
``page`` (deliver until killed), ``page-then-stall`` (stop between Slack's 200 and the commit of `sent`).
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.notify.slack import SlackWebhook
from driftwatch.adapters.store import open_store
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.metric import Severity
from driftwatch.domain.secret import Secret
from driftwatch.services.page import Pager

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
SPEED = 20.0


class HurriedClock(SystemClock):
    """The same in every process, so that a restart finds its own past."""

    def now(self) -> datetime:
        return ORIGIN + timedelta(seconds=(super().now() - ORIGIN).total_seconds() * SPEED)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / SPEED)


class Stalling(SlackWebhook):
    async def send(self, delivery: Delivery) -> None:
        await super().send(delivery)
        await asyncio.sleep(3_600)


def promise(now: datetime) -> Delivery:
    payload = {
        "kind": "drift", "incident": "inc-1", "key": "bot/1/1", "endpoint": "bot", "reason": "FIRST", "state": "firing",
        "severity": "page", "at": now.isoformat(), "detail": "pass fell", "findings": [],
    }  # fmt: skip
    return Delivery(
        key="bot/1/1/FIRST/7@oncall", route="oncall", severity=Severity.PAGE, payload=payload, created_at=now
    )


def main(store_url: str, webhook_url: str, mode: str) -> None:
    clock = HurriedClock()
    with open_store(store_url) as store:
        if mode == "commit":
            store.enqueue([promise(clock.now())])
            sys.stdout.write("committed\n")
            sys.stdout.flush()
            asyncio.run(asyncio.sleep(3_600))
        sink = (Stalling if mode == "page-then-stall" else SlackWebhook)(Secret(webhook_url), clock=clock)
        pager = Pager(store, {"oncall": sink}, clock=clock)
        asyncio.run(pager.run(asyncio.Event()))


if __name__ == "__main__":
    main(*sys.argv[1:])
