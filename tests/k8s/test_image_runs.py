"""The image, really built, and run as a pod runs it: over a bare Debian where the registry's Python cannot be had."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name

from driftwatch.testing.behaviours import say
from driftwatch.testing.server import ScriptedServer

ROOT = Path(__file__).parents[2]
TOWN = ROOT / "tests" / "systemd" / "town.py"
USER = 10001
PATIENCE_S = 120
MEMORY = Path("/dev/shm")
ROOM = 8 * 1024**3


def why_not() -> str | None:
    if os.geteuid() != 0:
        return "building an image without a daemon needs root"
    missing = [tool for tool in ("buildah", "debootstrap") if shutil.which(tool) is None]
    return f"not here: {', '.join(missing)}" if missing else None


WHY_NOT = why_not()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Buildah with a store of its own: nothing of this machine's images is touched."""

    folder: Path

    def __call__(self, *words: str) -> str:
        where = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run")]
        done = subprocess.run(["buildah", *where, *words], capture_output=True, text=True, check=False, timeout=1800)
        assert done.returncode == 0, f"buildah {' '.join(words)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def run(self, container: str, script: str, *, mounts: dict[Path, str] | None = None) -> str:
        """Run shell lines in a container, as the image's user, on this machine's network."""
        volumes = [word for here, there in (mounts or {}).items() for word in ("--volume", f"{here}:{there}")]
        # No namespaces are needed for a chroot, and so it works inside other containers.
        return self("run", "--isolation", "chroot", *volumes, container, "--", "sh", "-euc", script)


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    # In memory where there is plenty of it: a disk takes minutes to write, and to forget, so many files.
    plenty = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="driftwatch-image-", dir=MEMORY if plenty else None))
    built = Builder(folder=folder)
    tree = folder / "debian"
    include = "--include=python3,python3-venv,ca-certificates"
    subprocess.run(
        ["debootstrap", "--variant=minbase", include, "bookworm", str(tree)], check=True, capture_output=True
    )
    base = built("from", "scratch")
    built("add", "--quiet", base, str(tree), "/")
    shutil.rmtree(tree)
    for name in ("PIP_CERT", "PIP_INDEX_URL"):
        if name in os.environ:
            built("config", "--env", f"{name}={os.environ[name]}", base)
    # The registry's images of Python call it so.
    built.run(base, "ln -s python3 /usr/bin/python")
    [name] = set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE))
    built("commit", "--quiet", "--rm", base, f"localhost/{name}")
    # Whoever signs for the packages' index on this machine does so in the build as well.
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
    built("bud", "--isolation", "chroot", "--pull-never", "--format", "docker", "--volume", certificates,
          "--tag", "driftwatch:try", str(ROOT))  # fmt: skip
    yield built
    built("rm", "--all")
    # The driver binds it to itself.
    subprocess.run(["umount", str(folder / "store" / "overlay")], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def container(builder: Builder) -> str:
    return builder("from", "--pull-never", "driftwatch:try")


@pytest.fixture(scope="module")
def told(builder: Builder) -> dict[str, Any]:
    """What the image says of itself."""
    image: dict[str, Any] = json.loads(builder("inspect", "--type", "image", "driftwatch:try"))
    return dict(image["Docker"]["config"])


def test_its_user_can_write_nothing_but_its_state(builder: Builder, container: str) -> None:
    shown = builder.run(
        container,
        """id -u; stat -c %a /var/lib/driftwatch; touch /var/lib/driftwatch/x && echo state
        for place in /opt/driftwatch /opt/driftwatch/bin /etc /usr/bin /; do
            if touch $place/x 2> /dev/null; then echo $place; fi
        done""",
    )
    assert shown.split() == [str(USER), "700", "state"]


def releases(text: str) -> set[tuple[str, str]]:
    """Return the distributions and releases in lines such as `name==1.2 ; marker`: one may have several by Python."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE)
    return {(canonicalize_name(name), release) for name, release in found}


def test_it_holds_what_the_tests_ran_with_and_nothing_that_builds(builder: Builder, container: str) -> None:
    shown = builder.run(container, "for tool in gcc make git uv; do ! command -v $tool; done; pip freeze --local")
    pinned, installed = releases((ROOT / "constraints.txt").read_text()), releases(shown)
    assert {"litellm", "psycopg", "sqlmodel", "apprise"} <= {name for name, _ in installed}
    assert installed - pinned == set()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def slack(folder: Path) -> Iterator[Path]:
    """Yield where the address of a webhook stands; what it is told ends in `posts` beside it."""
    process = subprocess.Popen([sys.executable, str(TOWN), str(folder)])
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not (folder / "webhook").exists() or not (folder / "webhook").read_text():
            assert time.monotonic() < deadline, "the webhook never came up"
            time.sleep(0.1)
        yield folder / "webhook"
    finally:
        process.kill()
        process.wait()


def test_it_watches_is_healthy_reaches_slack_and_stops_in_good_order(
    builder: Builder, container: str, told: dict[str, Any], tmp_path: Path
) -> None:
    etc, town = tmp_path / "etc", tmp_path / "town"
    shutil.copytree(ROOT / "k8s" / "base" / "probes", etc / "probes")
    (etc / "secrets").mkdir()
    town.mkdir()
    with ScriptedServer(lambda _: say("Oslo 42 14")) as vendor, slack(town) as webhook:
        # The overlay's own configuration; only its vendor is ours, and it asks more often.
        file = yaml.safe_load((ROOT / "k8s" / "overlays" / "sqlite" / "driftwatch.yaml").read_text())
        [endpoint] = file["endpoints"]
        endpoint |= {"base_url": vendor.base_url, "schedule": {"every": "2s"}, "model": "openai/scripted"}
        file |= {"false_alarms": {"pages": "1 per endpoint-day", "notices": "1 per endpoint-day"}}
        file["http"]["bind"] = f"127.0.0.1:{free_port()}"
        (etc / "driftwatch.yaml").write_text(yaml.safe_dump(file))
        shutil.copy(webhook, etc / "secrets" / "slack")
        for name in ("openai", "http-token"):
            (etc / "secrets" / name).write_text("0123456789abcdef0123456789abcdef\n")
        for path in [etc, *etc.rglob("*")]:
            os.chown(path, USER, USER)
        for path in etc.rglob("*"):
            path.chmod(0o550 if path.is_dir() else 0o440)
        entry = " ".join(told["Entrypoint"])
        shown = builder.run(
            container,
            f"""{entry} {" ".join(told["Cmd"])} > /var/lib/driftwatch/log 2>&1 & daemon=$!
            trap 'kill $daemon 2> /dev/null || true' EXIT
            tries=0
            until {" ".join(told["Healthcheck"]["Test"][1:])} > /dev/null 2>&1; do
                tries=$((tries + 1)); [ $tries -lt 60 ] || {{ cat /var/lib/driftwatch/log; exit 1; }}; sleep 1
            done
            until grep -q 'replay finished' /var/lib/driftwatch/log; do
                tries=$((tries + 1)); [ $tries -lt 60 ] || {{ cat /var/lib/driftwatch/log; exit 1; }}; sleep 1
            done
            {entry} check --send-test
            kill $daemon; wait $daemon; echo "ended with $?:"
            {entry} status --json""",
            mounts={etc: "/etc/driftwatch:ro"},
        )
        _, ended, status = shown.partition("ended with 0:\n")
        assert ended, shown
        assert (town / "posts").read_text().strip(), "nothing came to Slack"
    [watched] = json.loads(status)["endpoints"]
    assert watched["coverage"]["done"] >= 1
    assert watched["coverage"]["failed"] == 0
