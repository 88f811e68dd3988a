"""What kills do to a pager: ours, one that marks after it sent, one that marks before; and how late a page is on a good day.

uv run python -m benchmarks.delivery [--kills 300] [--seconds 240]
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.faults.crash import harness
from tests.faults.crash.harness import Outcome

KINDS = ("driftwatch", "mark-then-send", "send-then-mark")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    wanted = parser.parse_args()
    print(f"{wanted.kills} kills each; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for kind in wanted.kinds:
        with TemporaryDirectory() as folder:
            print(told(kind, harness.run(Path(folder), kills=wanted.kills, kind=kind)), flush=True)
    if wanted.seconds:
        with TemporaryDirectory() as folder:
            print(latency(harness.good_day(Path(folder), seconds=wanted.seconds, decide_every_s=1.0)))


def told(kind: str, outcome: Outcome) -> str:
    bots, hooks = outcome.keys("bot"), outcome.keys("hook")
    return (
        f"{kind}: {len(bots)} messages by the bot, {len(hooks)} by the webhook; lost {len(outcome.lost)}; doubled by the "
        f"bot {len(outcome.doubled('bot'))}, by the webhook {len(outcome.doubled('hook'))}, of those without a mark "
        f"{len(outcome.unmarked_repeats)}"
    )


def latency(outcome: Outcome) -> str:
    first = {one.key: one.at for one in reversed(outcome.taken)}
    pages = {key: row for key, row in outcome.promised.items() if not row.is_details and key in first}
    late = [first[key] - row.created_at.timestamp() for key, row in pages.items()]
    return (
        f"good day, from decision to acceptance: {len(late)} pages, {_quantiles(late)}; load {os.getloadavg()[0]:.1f}"
    )


def _quantiles(late_s: Sequence[float]) -> str:
    at = dict(zip((50, 90, 99, 100), np.percentile(late_s, (50, 90, 99, 100)), strict=True))
    return ", ".join(f"p{q} {value:.3f} s" for q, value in at.items())


if __name__ == "__main__":
    main()
