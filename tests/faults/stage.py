"""The real daemon in a process of its own, between a scripted vendor and a fake Slack, to be killed."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

from driftwatch.adapters.calendar import slots_between
from driftwatch.adapters.store import open_store
from driftwatch.bootstrap import clocks, watching, worlds
from driftwatch.config.load import load_settings
from driftwatch.domain.replay import Slot
from driftwatch.domain.schedule import Every
from driftwatch.services.tick import Ticked, tick
from driftwatch.services.watched import Watched
from driftwatch.testing.behaviours import Behaviour, say
from driftwatch.testing.server import ChatRequest, ScriptedServer
from driftwatch.testing.slack import FakeSlack, serve_slack
from tests.faults.invariants import check

ENDPOINT = "support-bot"
PROBES = 40
DELAY_S = 0.08
PATIENCE_S = 120.0
HOUR = timedelta(hours=1)

CONFIG = """\
store: sqlite:///driftwatch.db
false_alarms: {{pages: 1 per endpoint-{per}, notices: 4 per endpoint-{per}}}
endpoints:
  - name: support-bot
    model: openai/x-2026-01-01
    base_url: {base_url}
    api_key: loopback
    params: {{temperature: 0}}
    probes: [probes/words.yaml]
    schedule: {{every: {every}}}
    baseline: {{replays: 8}}
    concurrency: 8
routes:
  oncall: {{slack_webhook: "{oncall}"}}
  quiet: {{slack_webhook: "{quiet}"}}
alerting: {{pages: oncall, notices: quiet, ops: quiet}}
http: {{bind: none}}
"""
PROBE = "  - {{id: word-{n:02}, prompt: Say word {n:02}., scorers: [contains: word{n:02}]}}\n"


@dataclass(kw_only=True)
class Stage:
    """Configuration, store, vendor, Slack, and the daemon's process."""

    folder: Path
    server: ScriptedServer
    oncall: FakeSlack
    quiet: FakeSlack
    delay_s: float = DELAY_S
    wrong: bool = False
    store_url: str | None = None
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "config" / "driftwatch.yaml"

    @property
    def url(self) -> str:
        return self.store_url or f"sqlite:///{self.folder}/driftwatch.db"

    @property
    def environ(self) -> dict[str, str]:
        """Our own variables; each start finds the bytecode of the one before, as in an installation."""
        return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    @property
    def log(self) -> str:
        path = self.folder / "daemon.log"
        return path.read_text() if path.exists() else ""

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the daemon as systemd does."""
        command = [sys.executable, "-m", "driftwatch", "-c", str(self.config), "run"]
        with (self.folder / "daemon.log").open("ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "env": self.environ}
            self.processes.append(subprocess.Popen(command, **options))
        return self.processes[-1]

    def kill(self) -> None:
        """SIGKILL: nothing of it can run any more."""
        self.processes[-1].kill()
        self.processes[-1].wait()

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; return the exit code and how many seconds it took."""
        began = monotonic()
        self.processes[-1].terminate()
        return self.processes[-1].wait(PATIENCE_S), monotonic() - began

    def until(self, happened: Callable[[], bool], what: str) -> None:
        deadline = monotonic() + PATIENCE_S
        while not happened():
            assert self.processes[-1].poll() is None, f"the daemon ended by itself\n{self.log[-2000:]}"
            assert monotonic() < deadline, f"{what}: it never happened\n{self.log[-2000:]}"
            sleep(0.05)

    def live_through(self, replays: int) -> None:
        """Commit so many good replays, the slots up to now, by the daemon's own code."""
        asyncio.run(self._live_through(replays))

    async def _live_through(self, replays: int) -> None:
        settings, clock = load_settings(self.config, os.environ), clocks.system_clock()
        [watched] = watching.watched_endpoints(settings, clock)
        interval = watched.endpoint.schedule.interval if isinstance(watched.endpoint.schedule, Every) else HOUR
        now = clock.now()
        due = list(slots_between(watched.endpoint.schedule, now - (replays + 1) * interval, now))[-replays:]
        delay_s, self.delay_s = self.delay_s, 0.0
        with open_store(self.url) as store:
            world = worlds.world(settings, store, clock)
            for moment in due:
                assert await tick(watched, Slot(endpoint=ENDPOINT, due=moment), world) is Ticked.REPLAYED
            await watched.model.aclose()
        self.delay_s = delay_s

    def done(self) -> int:
        """Return how many replays are committed."""
        # Not by open_store: it looks at the schema each time, and we ask often. Before the first start has made
        # its tables there is nothing to count.
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{self.folder}/driftwatch.db?mode=ro", uri=True)) as database,
        ):
            return int(database.execute("SELECT count(*) FROM slot WHERE state = 'done'").fetchone()[0])
        return 0

    def watched(self) -> Watched:
        settings = load_settings(self.config, os.environ)
        return watching.endpoints_to_read(settings, clocks.system_clock())[0]

    def check(self) -> None:
        with open_store(self.url) as store:
            check(store, self.watched())

    def behave(self, request: ChatRequest) -> Behaviour:
        number = request.prompt.removeprefix("Say word ").removesuffix(".")
        drifted = self.wrong and int(number) % 3 == 0
        return say("I would rather not say" if drifted else f"word{number}", delay_s=self.delay_s)


@contextmanager
def staged(folder: Path, *, every: str = "1s", delay_s: float = DELAY_S) -> Iterator[Stage]:
    """Set the stage; whatever daemon still runs at the end is killed."""
    with ScriptedServer() as server, serve_slack() as oncall, serve_slack() as quiet:
        stage = Stage(folder=folder, server=server, oncall=oncall, quiet=quiet, delay_s=delay_s)
        server.behave = stage.behave
        (folder / "config").mkdir()
        (folder / "probes").mkdir()
        words = "".join(PROBE.format(n=n) for n in range(PROBES))
        (folder / "probes" / "words.yaml").write_text(f"name: words\nprobes:\n{words}")
        # What is accepted in a day of seconds would be refused for a day of hours.
        per = "day" if every == "1s" else "year"
        hooks = {"oncall": oncall.webhook_url.reveal(), "quiet": quiet.webhook_url.reveal()}
        stage.config.write_text(CONFIG.format(base_url=server.base_url, every=every, per=per, **hooks))
        try:
            yield stage
        finally:
            for process in stage.processes:
                process.kill()
                process.wait()
