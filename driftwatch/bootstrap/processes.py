"""What the daemon does in processes beside itself, and what it tells the dead-man's switch."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from driftwatch.bootstrap.routing import audiences
from driftwatch.config.settings import Settings
from driftwatch.domain.decide import Audience

if TYPE_CHECKING:
    from driftwatch.services.weekly import Weekly


SELFTEST_S = 900.0
"""The longest that a self-test, or the weekly report, may take."""


def dead_man(settings: Settings) -> "Callable[[], Awaitable[None]] | None":
    """Return what tells the dead-man's switch that we live, if there is one."""
    if settings.deadman is None or settings.deadman.address is None:
        return None
    from driftwatch.adapters.deadman import DeadMan

    return DeadMan(settings.deadman.address).tell


def selftest_process(settings: Settings) -> "Callable[[], Awaitable[bool]] | None":
    """Return what runs `driftwatch selftest` beside the daemon: a CPU-bound minute must not make its latencies lie.

    None where it is not wanted, or where operations have no route: nothing could arrive there.
    """
    if settings.selftest.daily is None or Audience.OPS not in audiences(settings):
        return None

    async def run() -> bool:
        return await _own_command(settings, "selftest", "--json")

    return run


def weekly_report(settings: Settings) -> "Weekly | None":
    """Return when the weekly report is due and who gets it, if anybody does."""
    wanted = settings.alerting.report
    if wanted is None:
        return None
    from driftwatch.services.weekly import Weekly

    return Weekly(schedule=wanted.schedule, to=wanted.to)


def weekly_process(settings: Settings) -> Callable[[], Awaitable[bool]]:
    """Return what makes the weekly report beside the daemon: a CPU-bound minute must not make its latencies lie."""
    return lambda: _own_command(settings, "report", "--weekly", "--json")


async def _own_command(settings: Settings, *words: str) -> bool:
    """Run one of our commands in a process of its own; whether it succeeded."""
    from driftwatch.config.last_good import OF_THE_DAEMON

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "driftwatch", "-c", str(settings.file), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, OF_THE_DAEMON: "1"},
    )
    try:
        return await asyncio.wait_for(process.wait(), SELFTEST_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
