"""docs/tutorial.md, word by word: its files are written, its commands run, and what it shows is what they say.

A server on loopback plays the vendor, and one day begins to talk before its JSON.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer

import pytest
from click.testing import CliRunner

from driftwatch.cli import main
from driftwatch.testing.behaviours import say
from driftwatch.testing.server import ChatRequest, ScriptedServer
from driftwatch.testing.slack import FakeSlack, serve_slack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
INSTALLING = {"pip install uv && uv sync --no-dev --all-extras", "source .venv/bin/activate"}
"""What CI does before any test, and a shell's own business."""
PATIENCE_S = 120.0
RIGHT = {
    "How many days": "14",
    "80 euros": '{"allowed": true, "refund": 80}',
    "25 euros": '{"allowed": true, "refund": 25}',
    "does not fit": "returns",
    "asks for a human": "I hand you over to a colleague.",
}
LATE = (
    "We are sorry that your parcel is late, and we are looking into it.",
    "Sorry that your parcel is late! We are looking into it now.",
)


@dataclass
class Vendor:
    """Answers rightly, in turns where there are two ways to; `talks` once it has changed."""

    talks: bool = False
    asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: ChatRequest):
        prompt = request.prompt
        self.asked[prompt] += 1
        turn = self.asked[prompt] % 3 % 2
        for words, answer in RIGHT.items():
            if words in prompt:
                return say(f"Sure! Here is the JSON:\n{answer}" if self.talks and "JSON" in prompt else answer)
        if "two days late" in prompt:
            return say(LATE[turn])
        return say(("heads", "tails")[turn] if " or " in prompt else "sure")


def steps() -> Iterator[tuple[str, str]]:
    """Yield the page's files, commands and transcripts in their order: kind and content."""
    text = PAGE.read_text()
    for block in re.finditer(r"^```(\w+)\n(.*?)^```$|((?:^ {4}\S[^\n]*\n)+)", text, re.MULTILINE | re.DOTALL):
        if block[3]:
            yield from (("command", line.strip()) for line in block[3].splitlines())
        else:
            yield ("file" if block[1] == "yaml" else block[1]), block[2]


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass
class Reader:
    """Somebody who does what the page says."""

    vendor: Vendor
    server: ScriptedServer
    slack: FakeSlack
    due: datetime = field(default_factory=this_hour)
    output: str = ""
    codes: list[tuple[str, int]] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return {"OPENAI_API_KEY": "sk-of-nobody", "SLACK_WEBHOOK_URL": self.slack.webhook_url.reveal()}

    def write(self, content: str) -> None:
        """Write a file of the page; the vendor's address and prices are the server's, the dashboard's port is free."""
        head, body = content.split("\n", 1)
        path = Path(head.removeprefix("# ").removeprefix("in "))
        if head.startswith("# in "):
            key = body.split(":")[0]
            body = re.sub(rf"^{key}:.*\n", body, path.read_text(), flags=re.MULTILINE)
        elif path.name == "driftwatch.yaml":
            here = f'    base_url: "{self.server.base_url}"\n    api_key: ${{OPENAI_API_KEY}}\n'
            priced = "    price: {input_usd: 2, output_usd: 8}\n"
            body = body.replace("    params:", f"{here}{priced}    params:") + 'http: {bind: "127.0.0.1:0"}\n'
        assert path.exists() or path.parent.is_dir()
        path.write_text(body)

    def do(self, line: str) -> None:
        """Run one line of the page; `run` is stopped once it has asked."""
        command = line.partition("#")[0].strip()
        verb, *arguments = shlex.split(command)
        if command in INSTALLING or verb == "export":
            return
        if verb == "cd":
            os.chdir(arguments[0])
        elif arguments == ["run"]:
            self.run()
        else:
            assert verb == "driftwatch", f"no test runs {line!r}"
            result = CliRunner(env=self.environ).invoke(main, arguments, prog_name="driftwatch")
            self.codes.append((command, result.exit_code))
            self.output = result.output

    def run(self) -> None:
        command = [sys.executable, "-m", "driftwatch", "run"]
        environ = os.environ | self.environ | {"PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ) as process:
            assert process.stderr is not None
            log = ""
            # One that hangs before its first replay must fail this test, not stop all of them.
            patience = Timer(PATIENCE_S, process.kill)
            patience.start()
            while "replay finished" not in log and (line := process.stderr.readline()):
                log += line
            patience.cancel()
            process.send_signal(signal.SIGINT)
            log += process.stderr.read()
            assert process.wait(60) == 0, log
        assert "replay finished" in log, log
        # The hour may have turned since this reader began.
        self.due = this_hour()

    def hours(self, count: int) -> None:
        """Let the next hours' replays happen."""
        for _ in range(count):
            self.due += timedelta(hours=1)
            self.do(f"driftwatch replay support-bot --slot {self.due.isoformat()}")
            assert self.codes.pop()[1] in (0, 1), self.output

    @property
    def paged(self) -> list[str]:
        return [post.text for post in self.slack.posts if " fell " in post.text]


def loose(text: str) -> str:
    """Return a text without what differs from run to run: moments, hashes, statistics, how it is broken into lines."""
    text = re.sub(r"[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} [\d:]+ UTC", "MOMENT", text)
    text = re.sub(r"mixture [\d.]+ ≥ [\d.]+", "mixture", text)
    text = re.sub(r"by \w+; a new", "by SOMEBODY; a new", text)
    return " ".join(re.sub(r"\b[0-9a-f]{4}\b(?=,)", "HASH", text).split())


def shown_in(transcript: str, said: str) -> bool:
    """Whether a text holds every stretch of a transcript, in order, between the `…` of it."""
    at = 0
    for stretch in filter(None, (part.strip() for part in loose(transcript).split("…"))):
        found = loose(said).find(stretch, at)
        if found < 0:
            return False
        at = found + len(stretch)
    return True


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "DRIFTWATCH_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    vendor = Vendor()
    with ScriptedServer(vendor) as server, serve_slack() as slack:
        yield Reader(vendor=vendor, server=server, slack=slack)


def test_who_follows_the_tutorial_sees_what_it_shows(reader: Reader) -> None:
    shown = 0
    for kind, content in steps():
        if kind == "file":
            reader.write(content)
        elif kind == "text":
            shown += 1
            said = reader.paged[0] if content.startswith("support-bot ·") else reader.output
            assert shown_in(content, said), f"the page shows\n{content}\nand this is said\n{said}"
        else:
            if content == "driftwatch selftest":
                reader.hours(22)  # the rest of the first day
            if content == "driftwatch incidents":
                assert reader.paged
            reader.do(content)
        if kind == "command" and content == "driftwatch mine support-bot --calls 200 --usd 0.10":
            assert reader.paged == []
        if (
            kind == "command"
            and content == "driftwatch plan"
            and "border" in Path("config/driftwatch.yaml").read_text()
        ):
            reader.hours(6)
            reader.vendor.talks = True
            reader.hours(2)
    assert shown == 5
    assert [one for one in reader.codes if one[1] != 0] == []
