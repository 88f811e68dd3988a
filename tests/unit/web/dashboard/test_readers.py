"""A slow page waits for other pages, and nobody else waits for it."""

import asyncio
import threading

import pytest

from driftwatch.web.dashboard.readers import Busy, Readers


def test_pages_read_in_threads_of_their_own_and_few_at_a_time() -> None:
    seen, least, hold = set(), threading.Semaphore(0), threading.Event()

    def read() -> str:
        seen.add(threading.current_thread().name)
        least.release()
        hold.wait(30)
        return "read"

    async def ask() -> list[str]:
        readers = Readers(threads=2, most_waiting=3)
        asked = [asyncio.create_task(readers.run(read)) for _ in range(5)]
        await asyncio.to_thread(lambda: [least.acquire(timeout=30) for _ in range(2)])
        with pytest.raises(Busy):
            await readers.run(read)
        # The daemon's own threads are free meanwhile.
        assert await asyncio.to_thread(lambda: "free") == "free"
        hold.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(ask()) == ["read"] * 5
    assert len(seen) == 2
    assert all(name.startswith("pages") for name in seen)


def test_room_is_made_again_after_a_page_that_failed() -> None:
    def broken() -> None:
        raise OSError("gone")

    async def ask() -> str:
        readers = Readers(threads=1, most_waiting=0)
        for _ in range(3):
            with pytest.raises(OSError, match="gone"):
                await readers.run(broken)
        return await readers.run(lambda: "read")

    assert asyncio.run(ask()) == "read"
