"""When a node that led may warn that the database is gone."""

import asyncio
from datetime import datetime, timedelta
from threading import Event

from driftwatch.daemon.leader import Leader
from driftwatch.domain.errors import StoreError
from driftwatch.testing.clock import ManualClock


class NoDatabase:
    """A lease that was won, whose database is gone since."""

    epoch = 1
    failed_over_at: datetime | None = None

    def __init__(self) -> None:
        self.asked = 0

    def refuse_pooler(self) -> None: ...

    def try_to_lead(self) -> bool:
        return True

    def renew(self) -> bool | None:
        self.asked += 1
        raise StoreError("gone", slug="store-unreachable")

    def leads(self) -> bool:
        raise StoreError("gone", slug="store-unreachable")

    def release(self) -> None: ...


async def beats(leader: Leader, lease: NoDatabase) -> None:
    had, keeping = lease.asked, asyncio.create_task(leader.keep())
    # The second question follows what was made of the first.
    async with asyncio.timeout(60):
        while lease.asked < had + 2:  # noqa: ASYNC110  # a count is no event
            await asyncio.sleep(0.001)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


def test_a_node_that_froze_warns_of_nothing_before_it_has_asked_whether_it_leads() -> None:
    """Frozen in the first minute of an outage, it paged with its first look while another node led."""

    async def frozen() -> list[bool]:
        clock = ManualClock()
        lease = NoDatabase()
        leader = Leader(lease, clock)
        told = [await leader.led()]
        await leader.first_try()
        await beats(leader, lease)
        told.append(await leader.led())
        clock.advance(timedelta(minutes=5))
        told.append(await leader.led())
        await beats(leader, lease)
        told.append(await leader.led())
        leader.release()
        return told

    assert asyncio.run(frozen()) == [False, True, False, True]


def test_a_database_that_never_answers_is_warned_of() -> None:
    """The heartbeat waits for it, and the node is awake all the same."""

    class Hangs(NoDatabase):
        def __init__(self) -> None:
            super().__init__()
            self.answered = Event()

        def renew(self) -> bool | None:
            self.answered.wait(10.0)
            return True

    async def hung() -> bool:
        clock, lease = ManualClock(), Hangs()
        leader = Leader(lease, clock, beat_s=0.01)
        await leader.first_try()
        keeping = asyncio.create_task(leader.keep())
        for _ in range(5):
            await asyncio.sleep(0.05)
            clock.advance(timedelta(seconds=4))
        told = await leader.led()
        lease.answered.set()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        leader.release()
        return told

    assert asyncio.run(hung())
