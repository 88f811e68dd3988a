"""A machine on which driftwatch was installed by following docs/howto/install-systemd.md, word for word."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.systemd.machine import Machine, booted, why_not
from tests.systemd.printed import commands

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "howto" / "install-systemd.md"
SETTING_UP = ("The program", "Something to watch", "Secrets", "The configuration", "The unit")
DRIFTWATCH = "/opt/driftwatch/bin/driftwatch --config /etc/driftwatch/driftwatch.yaml"


@dataclass(kw_only=True)
class Site:
    """The machine, what was printed, and the Slack beside it."""

    machine: Machine
    webhook: str
    shown: dict[str, list[str]] = field(default_factory=dict)
    """What each section showed that was followed to set it up."""

    def type(self, block: str, *, online: bool = False) -> str:
        """Type one block of commands in the folder of the release; return what was shown."""
        env = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
        env |= {"SLACK_WEBHOOK_URL": self.webhook, "DEBIAN_FRONTEND": "noninteractive"}
        return self.machine.run(f"cd /srv/release\n{{ {block}\n}} 2>&1", online=online, env=env, timeout_s=900).stdout

    def follow(self, section: str, *, online: bool = False) -> list[str]:
        """Type the commands of one section of the page; return what each block showed."""
        blocks = commands(PAGE)[section]
        assert blocks, f"{PAGE.name} prints no command under {section!r}"
        return [self.type(block, online=online) for block in blocks]

    @property
    def posts(self) -> list[dict[str, Any]]:
        """What Slack showed to people."""
        kept = self.machine.srv / "posts"
        return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []

    def endpoint(self) -> dict[str, Any]:
        """Return what `driftwatch status` tells of the endpoint; it exits with 1 while that drifts."""
        told = self.machine.run(f"{DRIFTWATCH} status --json", check=False)
        assert told.returncode in (0, 1, 3), told.stderr
        [only] = json.loads(told.stdout)["endpoints"]
        return only

    def done(self) -> int:
        """Return how many slots of today were replayed."""
        return self.endpoint()["coverage"]["done"]

    def state(self) -> str:
        return self.machine.show("driftwatch", "ActiveState")

    def replays_again(self) -> None:
        """Wait until the daemon is up and has done another replay."""
        self.machine.until(lambda: self.state() == "active", "readiness")
        before = self.done()
        self.machine.until(lambda: self.done() > before, "another replay")

    @contextmanager
    def with_drop_in(self, text: str) -> Iterator[None]:
        """Run the unit with some settings changed; at the end it is as before, and stopped."""
        path = "/etc/systemd/system/driftwatch.service.d/test.conf"
        (self.machine.srv / "drop-in").write_text(f"[Service]\n{text}\n")
        self.machine.run(f"systemctl stop driftwatch; cp /srv/drop-in {path}; systemctl daemon-reload")
        try:
            yield
        finally:
            self.machine.run(f"systemctl stop driftwatch; rm {path}; systemctl daemon-reload; systemctl reset-failed")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if reason := why_not():
        pytest.skip(reason)
    with booted(tmp_path_factory.mktemp("site")) as machine:
        release = machine.srv / "release"
        subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(release), str(ROOT)], check=True)
        shutil.copy(ROOT / "constraints.txt", release)
        shutil.copytree(ROOT / "systemd", release / "systemd")
        shutil.copy(Path(__file__).with_name("town.py"), machine.srv)
        site = Site(machine=machine, webhook="")
        for section in SETTING_UP:
            site.shown[section] = site.follow(section, online=section == "The program")
            if not site.webhook:
                # By the program that was installed: what this tree lies in may not be seen in there.
                machine.run("systemd-run --unit=slack /opt/driftwatch/bin/python /srv/town.py /srv")
                machine.until((machine.srv / "webhook").exists, "Slack")
                site.webhook = (machine.srv / "webhook").read_text()
        yield site
