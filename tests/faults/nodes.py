"""Real daemons on one PostgreSQL, each a process of its own, to be killed, frozen and revived."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.replay import SlotState
from tests.faults.invariants import check
from tests.faults.stage import ENDPOINT, Stage, staged

PATIENCE_S = 120.0
DATABASE_AWAY = 3


@dataclass
class Node:
    """One daemon's process."""

    process: "subprocess.Popen[bytes]"
    file: Path

    @property
    def log(self) -> str:
        return self.file.read_text()

    @property
    def leads(self) -> bool:
        """Whether it leads, as far as it said."""
        told = re.findall(r"info +leading|info +standing by|another node leads; this one", self.log)
        return bool(told) and told[-1].endswith("leading")

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def revive(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


@dataclass
class Nodes:
    """Nodes on one store, with the stage's vendor and Slack."""

    stage: Stage
    url: str
    all: list[Node] = field(default_factory=list)
    endings: tuple[int | None, ...] = (None, 0, -9)
    _read: SqlStore | None = None

    def supervise(self, pair: list[Node]) -> None:
        """Start what ended because the database was away when it began, as systemd does."""
        for place, node in enumerate(pair):
            if node.process.poll() == DATABASE_AWAY:
                pair[place] = self.start()

    def start(self, url: str | None = None) -> Node:
        """Start a node; `url` is another way to the same database."""
        number = len(self.all) + 1
        config = self.stage.config.with_name(f"node-{number}.yaml")
        text = self.stage.config.read_text().replace("store: sqlite:///driftwatch.db", f"store: {url or self.url}")
        config.write_text(text)
        log = self.stage.folder / f"node-{number}.log"
        command = [sys.executable, "-m", "driftwatch", "-c", str(config), "run"]
        with log.open("wb") as out:
            options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, "env": self.stage.environ}
            node = Node(subprocess.Popen(command, **options), log)
        self.all.append(node)
        return node

    def until(self, happened: Callable[[], bool], what: str) -> float:
        """Wait for it and return how long that took."""
        began = monotonic()
        while not happened():
            assert monotonic() - began < PATIENCE_S, f"{what}: it never happened\n{self.logs}"
            assert all(node.process.poll() in self.endings for node in self.all), f"a node ended\n{self.logs}"
            sleep(0.01)
        return monotonic() - began

    @property
    def logs(self) -> str:
        return "\n".join(f"--- {node.file.name}\n{node.log[-3000:]}" for node in self.all)

    def done(self) -> int:
        # Opened once: we ask a hundred times a second, and each opening logs in and looks at the schema.
        self._read = self._read or open_store(self.url)
        return sum(record.state is SlotState.DONE for record in self._read.slots(ENDPOINT))

    def baseline(self) -> None:
        """Commit a baseline and two replays by the daemon's own code: a second each is too long to wait for."""
        self.stage.live_through(10)

    def check(self) -> None:
        """Assert the invariants over the whole history."""
        with open_store(self.url) as store:
            check(store, self.stage.watched())


@contextmanager
def nodes(folder: Path, url: str, *, every: str = "1s") -> Iterator[Nodes]:
    """Set the stage for several nodes; whatever runs at the end is killed."""
    folder.mkdir(exist_ok=True)
    with staged(folder, every=every) as stage:
        stage.store_url = url
        cluster = Nodes(stage, url)
        try:
            yield cluster
        finally:
            if cluster._read is not None:
                cluster._read.close()
            for node in cluster.all:
                if node.process.poll() is None:
                    os.kill(node.process.pid, signal.SIGCONT)
                    node.kill()
