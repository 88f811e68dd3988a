"""From a configuration to the daemon's parts: once at the start, and again at every reload."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from driftwatch.adapters.calendar import slots_between
from driftwatch.bootstrap import keys, processes, routing, senders, watching, worlds
from driftwatch.config import last_good
from driftwatch.config.load import load_settings
from driftwatch.daemon.chores import SELFTEST_AT, Chores
from driftwatch.daemon.heartbeat import Heartbeat
from driftwatch.daemon.setup import Listener, Setup
from driftwatch.daemon.weekly import WeeklyReport
from driftwatch.domain.decide import Audience
from driftwatch.domain.errors import ConfigError, DriftwatchError
from driftwatch.services.ports import Clock

if TYPE_CHECKING:
    from driftwatch.adapters.notify.fenced import MaySend
    from driftwatch.adapters.store import SqlStore
    from driftwatch.config.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Builder:
    """Builds what a configuration says around the store and the clock that are there.

    Parameters
    ----------
    file : Path
        The configuration.
    settings : Settings
        Those of the start: the store and the server cannot be changed without another one.
    learn : callable
        Keeps secrets out of logs.
    may_send : callable, optional
        Asked before each message, where one of several nodes leads.
    may_warn : callable, optional
        Asked instead before a message that the store itself is gone.
    """

    file: Path
    settings: "Settings"
    store: "SqlStore"
    clock: Clock
    heartbeat: Heartbeat
    learn: Callable[[tuple[str, ...]], None]
    may_send: "MaySend | None" = None
    may_warn: "MaySend | None" = None

    def again(self) -> Setup:
        """Read the file again and build what it says.

        Raises
        ------
        DriftwatchError
            With everything that is wrong with it; nothing has changed then.
        """
        content = self.file.read_bytes() if self.file.exists() else b""
        settings = load_settings(self.file, os.environ)
        keys.refuse_missing_keys(settings)
        self._refuse_moved(settings)
        # Before anything is built with them: what goes wrong then may be logged.
        self.learn(tuple(keys.secrets_of(settings)))
        return self.setup(settings, content)

    def setup(self, settings: "Settings", content: bytes | None) -> Setup:
        """Build; the content is remembered as good once it is in use, unless it has changed meanwhile."""
        notifiers = senders.notifiers(settings, self.clock, self.may_send)
        watched = watching.watched_endpoints(settings, self.clock)
        return Setup(
            watched=watched,
            usd_per_day=settings.budget.usd_per_day if settings.budget else None,
            notifiers=notifiers,
            past_the_store=senders.past_the_store(notifiers, self.may_warn),
            fallback=routing.fallback(settings),
            ops=routing.audiences(settings).get(Audience.OPS, ()),
            traces=worlds.traces(settings),
            network=worlds.own_network(settings, self.clock),
            listeners=[
                *(buttons.run for buttons in senders.buttons(settings, self.store, self.clock, watched)),
                *self._weekly(settings),
            ],
            in_use=lambda: self._keep(content),
            chores=Chores(
                forget=self.store.prune_answers,
                keep=settings.retention.answers,
                alive=processes.dead_man(settings),
                heartbeat=self.heartbeat,
                selftest=processes.selftest_process(settings),
                selftest_at=settings.selftest.daily or SELFTEST_AT,
            ),
        )

    def _weekly(self, settings: "Settings") -> tuple[Listener, ...]:
        """Return what has the weekly report made, if somebody gets it."""
        weekly = processes.weekly_report(settings)
        if weekly is None:
            return ()
        make = processes.weekly_process(settings)
        report = WeeklyReport(weekly=weekly, make=make, store=self.store, clock=self.clock, due_slots=slots_between)
        return (report.run,)

    def _refuse_moved(self, settings: "Settings") -> None:
        for key in ("store", "store_file", "http"):
            if getattr(settings, key) != getattr(self.settings, key):
                raise DriftwatchError(
                    f"{self.file}: `{key}` has changed, and cannot be changed while the daemon runs. "
                    "Restart it, or put the old value back; until then the configuration in use stays.",
                    slug="reload-needs-restart",
                )

    def _keep(self, content: bytes | None) -> None:
        try:
            if content and self.file.read_bytes() == content:
                last_good.keep(self.file, content, os.environ)
        except OSError as error:
            where = last_good.copy_of(self.file, os.environ)
            log.info("no copy of the good configuration is kept", where=str(where), why=error.strerror)


def first_settings(file: Path) -> "tuple[Settings, str]":
    """Return the settings to start with, and why they are not those of the file: empty if they are.

    Raises
    ------
    ConfigError
        With everything that is wrong with the file, where no older one is known to be good.
    """
    try:
        settings = load_settings(file, os.environ)
        keys.refuse_missing_keys(settings)
    except ConfigError as error:
        older = _older(file)
        if older is None:
            raise
        return older, str(error)
    return settings, ""


def _older(file: Path) -> "Settings | None":
    try:
        older = last_good.load_last_good(file, os.environ)
        if older is not None:
            keys.refuse_missing_keys(older)
    except (ConfigError, OSError):
        return None
    return older
