"""The configuration, read again: parsed, validated, built, and only then put to use."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from driftwatch.adapters.systemd import Systemd
from driftwatch.daemon.setup import Setup
from driftwatch.domain.errors import DriftwatchError
from driftwatch.services.ports import Clock
from driftwatch.services.vitals import Vitals

log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Reload:
    """Reads the configuration when it is called; whatever is wrong with it, what was in use stays.

    Parameters
    ----------
    build : callable
        Reads the files and builds everything; run in a thread.
    adopt : callable
        Puts it in place of what was.
    """

    build: Callable[[], Setup]
    adopt: Callable[[Setup], Awaitable[None]]
    vitals: Vitals
    systemd: Systemd
    clock: Clock
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def __call__(self) -> str:
        """Return why the configuration was refused; empty if it is in use."""
        async with self._one_at_a_time:
            self.systemd.reloading()
            trouble = await self._reload()
            # A reload that was refused has ended as well; the status says how.
            self.systemd.ready(self.vitals.status)
            return trouble

    async def _reload(self) -> str:
        try:
            setup = await asyncio.to_thread(self.build)
        except DriftwatchError as error:
            log.error("configuration refused, the one in use stays", why=str(error))  # noqa: TRY400  # no mistake of ours
            return self._refused(str(error))
        except Exception as error:
            log.exception("configuration refused, the one in use stays")
            return self._refused(f"{type(error).__name__}: {error}")
        await self.adopt(setup)
        self.vitals.config.read(self.clock.now())
        await asyncio.to_thread(setup.in_use)
        log.info("configuration in use", endpoints=[one.endpoint.name for one in setup.watched])
        return ""

    def _refused(self, trouble: str) -> str:
        self.vitals.config.refused(trouble, self.clock.monotonic())
        return trouble
