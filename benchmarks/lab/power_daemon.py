"""Power of the log-probability sensor through the whole daemon, from a configuration to the message on a loopback Slack.

python -m benchmarks.lab.power_daemon --out DIRECTORY [--runs 60]

The models are those of `benchmarks.lab.power` (`--lab-python` makes them). Each is asked one token of 400 probes and
recorded; a deployment replays recorded answers, none twice, through `tick` as the daemon does, hour after hour: 24 of
the base as its baseline, 6 more of it, then at most 5 of the changed model. What counts is the notice that a Slack on
loopback took. `--real N` asks a real llama.cpp server instead, whose weights are exchanged while it is watched. `--unchanged N`
replays the answers that `benchmarks.lab.power --only asked --asked-probes 5` has kept: N hours in which nothing changes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from scipy.stats import chi2

from benchmarks.lab.power import LIFE, made
from benchmarks.lab.power_logprobs import ARL, LOOKS, lower
from benchmarks.lab.power_orders import weights
from benchmarks.lab.power_probes import Messages, probes, shortest
from benchmarks.lab.power_quiet import said
from benchmarks.lab.power_record import Replay, ask, load
from driftwatch.bootstrap import models, senders, stores, watching, worlds
from driftwatch.config.load import load_settings
from driftwatch.config.settings import Settings
from driftwatch.demo.llama import BASE, LlamaServer
from driftwatch.domain.answer import Question, Reply, Usage
from driftwatch.domain.replay import Slot
from driftwatch.services.ports import LanguageModel
from driftwatch.services.tick import Ticked, tick
from driftwatch.services.watched import Watched
from driftwatch.services.world import World
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.slack import FakeSlack, serve_slack

SEED: Final = 20261127
START: Final = datetime(2026, 7, 20, tzinfo=UTC)
BASELINE, QUIET, MOST = 24, 6, max(LOOKS)
PROBES: Final = 400
CASES: Final = (("q8_0", 200), ("q5_0", 50), ("adam_1e-4", 200))
"""Changed model and sensors; what issue 3 asks for at one notice per endpoint-year of hourly replays: ARL 8,760."""
SIZES: Final = tuple(sorted({size for _, size in CASES}))
LIVES: Final = {"base": (6, 8)}
UNCHANGED_PROBES: Final = 5
ONE_TOKEN: Final = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 5}
CONFIG: Final = """\
store: sqlite:///driftwatch.db
false_alarms: {{pages: 1 per endpoint-year, notices: 1 per endpoint-year}}
endpoints:
  - name: sensors
    model: tiny/one
    base_url: "{url}"
    params: {{temperature: 0}}
    probes: [sensors.jsonl]
    schedule: {{every: 1h}}
    baseline: {{replays: 24}}
routes: {{quiet: {{slack_webhook: "{hook}"}}}}
alerting: {{notices: quiet}}
"""


# -- recordings ------------------------------------------------------------------------------------


def recorded(name: str, out: Path) -> list[Replay]:
    """One token of every probe at temperature 0, asked four at a time of several servers one after the other."""
    target = out / f"token-{name}.pickle"
    if target.is_file():
        return load(target)
    import pickle

    lives, replays = LIVES.get(name, (2, 3))
    found = list[Replay]()
    for _ in range(lives):
        with LlamaServer(model=weights(name, out)) as server:
            found += asyncio.run(_life(server.base_url, replays))
    target.write_bytes(pickle.dumps(found))
    print(f"recorded {name}: {len(found)} replays of {PROBES} probes", flush=True)
    return found


async def _life(base_url: str, replays: int) -> list[Replay]:
    asked = probes(PROBES)
    return [await ask(base_url, asked, **ONE_TOKEN) for _ in range(replays)]


class Recorded(LanguageModel):
    """Gives the recorded answers of one replay after the other."""

    identity = "recorded"

    def __init__(self, asked: Sequence[Messages]) -> None:
        self._numbers = {_key([{"role": r, "content": c} for r, c in turns]): n for n, turns in enumerate(asked)}
        self.now: Replay = []

    async def ask(self, question: Question) -> Reply:
        """Return what was said to this question."""
        answer = self.now[self._numbers[_key(list(question.messages))]]
        return Reply(
            output=answer.text.encode(),
            finish_reason="length",
            latency_ms=5.0,
            usage=Usage(input_tokens=30, output_tokens=1),
            logprobs=answer.positions,
        )


def _key(messages: Sequence[object]) -> str:
    return json.dumps(messages)


# -- one deployment --------------------------------------------------------------------------------


def settled(folder: Path, asked: Sequence[Messages], slack: FakeSlack, url: str = "http://127.0.0.1:9/v1") -> Settings:
    """Write the configuration and the golden set of a deployment, and read them as the daemon does."""
    (folder / "driftwatch.yaml").write_text(CONFIG.format(url=url, hook=slack.webhook_url.reveal()))
    with (folder / "sensors.jsonl").open("w") as file:
        for n, turns in enumerate(asked):
            messages = [{"role": role, "content": content} for role, content in turns]
            file.write(json.dumps({"id": f"s-{n:03}", "messages": messages, "sensor": "logprob"}) + "\n")
    return load_settings(folder / "driftwatch.yaml", {})


def replayed(
    settings: Settings,
    replays: Sequence[Replay],
    begin: int,
    model: Recorded | None,
    slack: FakeSlack,
    *,
    until_told: bool = False,
) -> int | None:
    """Replay hour after hour in a daemon that has just started; return the replay of which Slack was told.

    Parameters
    ----------
    model : Recorded, optional
        Answers; without it the server of the configuration is asked, `replays` only counts.
    """
    clock = ManualClock(START + begin * timedelta(hours=1))
    told = len(slack.posts)
    (wanted,) = settings.endpoints
    with closing(stores.open_store(settings)) as store:
        world = worlds.world(settings, store, clock)
        pager = senders.pager(settings, store, clock)
        endpoint = models.endpoint_of(settings, wanted)
        watched = watching.watch(settings, endpoint, clock, model=model)

        async def story() -> int | None:
            try:
                for n, answers in enumerate(replays, 1):
                    if model is not None:
                        model.now = answers
                    await _hour(watched, begin + n - 1, clock, world)
                    if model is None:
                        print(f"  replay {begin + n} of a real server", file=sys.stderr, flush=True)
                    clock.advance(settings.alerting.group.wait)  # a message waits so long for others of its group
                    await pager.deliver_due()
                    if until_told and len(slack.posts) > told:
                        return n
                return len(replays) if len(slack.posts) > told else None
            finally:
                await watched.model.aclose()

        return asyncio.run(story())


async def _hour(watched: Watched, hour: int, clock: ManualClock, world: World) -> None:
    due = START + hour * timedelta(hours=1)
    clock.set(due)
    ticked = await tick(watched, Slot(endpoint="sensors", due=due), world)
    if ticked is not Ticked.REPLAYED:
        raise SystemExit(f"power: the replay of hour {hour} {ticked}: nothing can be said of a detector without data")


# -- many ------------------------------------------------------------------------------------------


def of_recordings(out: Path, runs: int) -> Iterator[str]:
    """Power, and false alarms of the unchanged model, over deployments that draw their probes; goes on where it was."""
    base = recorded("base", out)
    changed = {name: recorded(name, out) for name, _ in CASES}
    target = out / "deployments.json"
    told: dict[str, dict[str, int | None] | None] = json.loads(target.read_text()) if target.is_file() else {}
    for run, size in product(range(runs), SIZES):
        if f"{size}/{run}" not in told:
            told[f"{size}/{run}"] = _drawn(base, changed, size, run)
            target.write_text(json.dumps(told))
            print(f"{size} sensors, deployment {run + 1}: {told[f'{size}/{run}']}", flush=True)
    for size in SIZES:
        found = [told[f"{size}/{run}"] for run in range(runs)]
        for name in _of_size(size):
            yield _row(f"{name}, {size} sensors", [each[name] for each in found if each is not None])
        yield f"| *unchanged, {QUIET} replays*, {size} sensors | {found.count(None)} of {runs} told | | | | |"


def _drawn(
    base: Sequence[Replay], changed: dict[str, list[Replay]], size: int, run: int
) -> dict[str, int | None] | None:
    rng = np.random.default_rng([SEED, size, run])
    chosen = sorted(int(n) for n in rng.choice(PROBES, size, replace=False))
    asked = probes(PROBES)
    # Six servers were asked eight times each: a deployment begins with one of them.
    before = _of(base, chosen, rotation=8 * (run % 6))
    return _deployment([asked[n] for n in chosen], before, changed, _of_size(size), chosen)


def _of_size(size: int) -> list[str]:
    return [name for name, wanted in CASES if wanted == size]


def _deployment(
    asked: Sequence[Messages],
    base: Sequence[Replay],
    changed: dict[str, list[Replay]],
    names: Sequence[str],
    chosen: Sequence[int],
) -> dict[str, int | None] | None:
    """Return at which replay each changed model is told of; None if the unchanged one was."""
    with TemporaryDirectory() as folder, serve_slack() as slack:
        here = Path(folder) / "base"
        here.mkdir()
        settings = settled(here, asked, slack)
        if replayed(settings, base[: BASELINE + QUIET], 0, Recorded(asked), slack) is not None:
            return None
        found: dict[str, int | None] = {}
        for name in names:
            there = shutil.copytree(here, Path(folder) / name)
            after = _of(changed[name], chosen)[:MOST]
            again = load_settings(there / "driftwatch.yaml", {})
            found[name] = replayed(again, after, BASELINE + QUIET, Recorded(asked), slack, until_told=True)
        return found


def _of(replays: Sequence[Replay], chosen: Sequence[int], *, rotation: int = 0) -> list[Replay]:
    return [[replay[n] for n in chosen] for replay in (*replays[rotation:], *replays[:rotation])]


def of_server(out: Path, runs: int) -> Iterator[str]:
    """The same with a real server: its weights are exchanged while it is watched, and the daemon is started anew."""
    for name, size in sorted(CASES, key=lambda case: case[1]):
        found: list[int | None] = []
        early = 0
        for run in range(runs):
            chosen = sorted(
                int(n) for n in np.random.default_rng([SEED, size, run]).choice(PROBES, size, replace=False)
            )
            asked = [probes(PROBES)[n] for n in chosen]
            with TemporaryDirectory() as folder, LlamaServer(model=BASE) as server, serve_slack() as slack:
                settings = settled(Path(folder), asked, slack, server.base_url)
                told = replayed(settings, [[]] * (BASELINE + QUIET), 0, None, slack)
                server.swap(weights(name, out))
                early += told is not None
                if told is None:
                    found.append(replayed(settings, [[]] * MOST, BASELINE + QUIET, None, slack, until_told=True))
            print(
                f"{name}, {size} sensors, real server {run + 1}: {found[-1:] if told is None else 'early'}", flush=True
            )
        yield _row(f"{name}, {size} sensors, real server", found)
        yield f"| *unchanged, {QUIET} replays*, {size} sensors, real server | {early} of {runs} told | | | | |"


# -- nothing changes -------------------------------------------------------------------------------


def of_unchanged(out: Path, replays: int) -> Iterator[str]:
    """Count what Slack is told in so many hours of an unchanged model, by a daemon that is started anew with its server."""
    asked = shortest(UNCHANGED_PROBES)
    kept = out / f"asked-LlamaServer-{UNCHANGED_PROBES}"
    answers = list(said(partial(LlamaServer, model=BASE), asked, replays + BASELINE, LIFE, kept))
    with TemporaryDirectory() as folder, serve_slack() as slack:
        for begin in range(0, len(answers), LIFE):
            settings = settled(Path(folder), asked, slack)
            replayed(settings, answers[begin : begin + LIFE], begin, Recorded(asked), slack)
            print(f"  replay {begin + LIFE}: {len(slack.posts)} told", file=sys.stderr, flush=True)
        told = len(slack.posts)
    low, high = exact_interval(told)
    yield "| unchanged | replays | told | budget | rate over the budget, 95 % |"
    yield "|---|---|---|---|---|"
    budget = replays / ARL
    yield f"| {len(asked)} sensors | {replays:,} | {told} | {budget:.2f} | {low / budget:.2f} to {high / budget:.2f} |"


def exact_interval(count: int) -> tuple[float, float]:
    """Two-sided 95 % interval of a Poisson mean after so many events (Garwood, 1936)."""
    return (float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0), float(chi2.ppf(0.975, 2 * count + 2)) / 2


def _row(label: str, found: Sequence[int | None]) -> str:
    within = [sum(at is not None and at <= look for at in found) for look in LOOKS]
    shares = " | ".join(f"{hits / len(found):.3f}" for hits in within)
    return f"| {label} | {shares} | {lower(within[-1], len(found)):.3f} | {len(found)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="Where models and recordings are kept.")
    parser.add_argument("--lab-python", type=Path, help="An interpreter with gguf and torch, to make the models.")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--real", type=int, default=0, help="Deployments of a real server, for each case.")
    parser.add_argument("--unchanged", type=int, default=0, help="Hours in which nothing changes, and nothing else.")
    chosen = parser.parse_args()
    if chosen.unchanged:
        for row in of_unchanged(chosen.out, chosen.unchanged):
            print(row, flush=True)
        return
    made(chosen.out, chosen.lab_python)
    print(f"| changed model | {' | '.join(f'within {n}' for n in LOOKS)} | 95 % lower limit | deployments |")
    print("|---|---|---|---|---|---|", flush=True)
    if chosen.runs:
        for row in of_recordings(chosen.out, chosen.runs):
            print(row, flush=True)
    if chosen.real:
        for row in of_server(chosen.out, chosen.real):
            print(row, flush=True)


if __name__ == "__main__":
    main()
