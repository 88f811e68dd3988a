"""What the demo needs around the daemon: a vendor with real weights, two Slack channels, a configuration."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Any

from driftwatch.demo.drifts import Drift
from driftwatch.demo.llama import LlamaServer
from driftwatch.demo.recorded import RecordedServer
from driftwatch.demo.vendor import Backend, Vendor
from driftwatch.testing.slack import FakeSlack, Post, serve_slack

ENDPOINT = "support-bot"
BASELINE = 20
STOP_S = 30.0

CONFIG = """\
# Written by `driftwatch demo`. One replay every {every} stands for one every hour.
store: sqlite:///driftwatch.db
false_alarms: {{pages: 1 per endpoint-day, notices: 4 per endpoint-day}}
endpoints:
  - name: support-bot
    model: openai/support-bot-2026-07-20
    base_url: {base_url}
    api_key: loopback
    params: {{temperature: 0, max_tokens: 64}}
    top_logprobs: 3
    probes: [probes/golden.yaml]
    schedule: {{every: {every}}}
    baseline: {{replays: {baseline}}}
    price: {{input_usd: 0.1, output_usd: 0.4}}
routes:
  oncall: {{slack_webhook: "{oncall}"}}
  quiet: {{slack_webhook: "{quiet}"}}
alerting: {{pages: oncall, notices: quiet, ops: quiet, group: {{wait: 0s, interval: 0s}}}}
http: {{bind: none}}
"""


Hear = Callable[[str, str], None]
"""Called with a channel and the text of a message as it arrives."""


class _Channel:
    """Keeps what arrives, and reads it aloud."""

    def __init__(self, name: str, hear: Hear) -> None:
        self.posts: list[Post] = []
        self._name, self._hear = name, hear

    def __call__(self, post: Post) -> None:
        self.posts.append(post)
        self._hear(self._name, "\n".join([unescape(post.text), *_quoted(post.body.get("blocks", ()))]))


def _quoted(blocks: Any) -> Iterator[str]:
    """Yield what stands in rich text: the answers before and now, which the short text leaves out."""
    if isinstance(blocks, Mapping):
        if isinstance(blocks.get("text"), str):
            yield f"  {blocks['text']}"
        blocks = blocks.get("elements", ())
    for part in blocks:
        if not isinstance(part, Mapping) or part.get("type", "rich_text").startswith(("rich_text", "text")):
            yield from _quoted(part)


@dataclass(kw_only=True)
class Stage:
    """Everything but the daemon, and the daemon's process."""

    folder: Path
    vendor: Vendor
    pages: list[Post]
    notices: list[Post]
    starts: int = 0
    _servers: ExitStack = field(default_factory=ExitStack)
    _daemon: "subprocess.Popen[bytes] | None" = None

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self.folder / "config" / "driftwatch.yaml"

    def swap(self, drift: Drift, *, recorded: bool) -> None:
        """Put the drift behind the unchanged address, without a moment's pause."""
        self.vendor.change(drift, self._servers.enter_context(backend(drift, recorded=recorded)))

    def keep_alive(self) -> None:
        """Start the daemon, and start it again if it died: what systemd does for it elsewhere."""
        if self._daemon is not None and self._daemon.poll() is None:
            return
        self.starts += 1
        command = [sys.executable, "-m", "driftwatch", "--config", str(self.config), "run"]
        with (self.folder / "daemon.log").open("ab") as log:
            self._daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603

    def stop_daemon(self) -> int:
        """Ask the daemon to stop in good order and return its exit code."""
        if self._daemon is None:
            return 0
        self._daemon.terminate()
        try:
            return self._daemon.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            return self._daemon.wait()


@contextmanager
def set_stage(folder: Path, start: Drift, *, every: str, recorded: bool, hear: Hear) -> Iterator[Stage]:
    """Start vendor and Slack, write configuration and golden set into `folder`."""
    pages = _Channel("#oncall", hear)
    notices = _Channel("#quiet", hear)
    with ExitStack() as stack:
        vendor = stack.enter_context(Vendor(stack.enter_context(backend(start, recorded=recorded))))
        oncall = stack.enter_context(serve_slack(FakeSlack(on_post=pages)))
        quiet = stack.enter_context(serve_slack(FakeSlack(on_post=notices)))
        (folder / "config").mkdir(parents=True, exist_ok=True)
        (folder / "probes").mkdir(exist_ok=True)
        golden = files("driftwatch.demo").joinpath("golden.yaml").read_text(encoding="utf-8")
        (folder / "probes" / "golden.yaml").write_text(golden, encoding="utf-8")
        servers = stack.enter_context(ExitStack())
        stage = Stage(folder=folder, vendor=vendor, pages=pages.posts, notices=notices.posts, _servers=servers)
        stage.config.write_text(
            CONFIG.format(
                every=every,
                base_url=vendor.base_url,
                baseline=BASELINE,
                oncall=oncall.webhook_url.reveal(),
                quiet=quiet.webhook_url.reveal(),
            ),
            encoding="utf-8",
        )
        try:
            yield stage
        finally:
            stage.stop_daemon()


@contextmanager
def backend(drift: Drift, *, recorded: bool) -> Iterator[Backend]:
    """Serve the drift's weights, or, where llama.cpp does not run, what they were recorded to answer."""
    if recorded:
        with RecordedServer(drift) as server:
            yield server
    else:
        with LlamaServer(model=drift.weights) as llama:
            yield llama
