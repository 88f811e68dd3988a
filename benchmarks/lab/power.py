"""Which changes of a real model the engine finds, how soon, and how often it cries wolf: the lab's last word.

python -m benchmarks.lab.power --lab-python /tmp/labenv/bin/python --out DIRECTORY
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.lab import power_quiet, power_text
from benchmarks.lab.power_defaults import DefaultsServer
from benchmarks.lab.power_logprobs import (
    ARL,
    BASELINE,
    LOOKS,
    REFERENCE,
    Scores,
    alarms,
    in_order,
    own_token,
    power_row,
    shuffled,
    shuffled_means,
)
from benchmarks.lab.power_orders import CHANGED, READ_WARM, SENSED_WARM, WARM, cold, warm
from benchmarks.lab.power_probes import shortest
from benchmarks.lab.power_record import Replay
from driftwatch.demo.llama import BASE, LlamaServer

SEED: Final = 20261128
SIZES: Final = (200, 50)
ROTATIONS: Final = range(0, 48, 8)
"""One for each server's life of the base at temperature 0."""
ASKED, LIFE, ASKED_PROBES = 10_000, 500, 20
PATIENCE: Final = timedelta(minutes=5)
"""With a server's start: under SCHED_IDLE beside busy neighbours it takes minutes."""

Found = dict[str, int | None]


NEED_MADE: Final = frozenset(("cold", "warm"))
"""Parts that ask models which are not shipped."""


def made(out: Path, lab_python: Path | None) -> None:
    """Make the changed models, unless they are there."""
    if (out / "sgd_1e-4.gguf").is_file():
        return
    if lab_python is None:
        raise SystemExit(
            "power: no models in --out; --lab-python names an interpreter with gguf and torch to make them"
        )
    command = [lab_python, "-m", "benchmarks.lab.power_models", "--base", BASE, "--out", out]
    subprocess.run(list(map(str, command)), check=True)


# -- log-probabilities -----------------------------------------------------------------------------


def of_cold(out: Path, runs: int, models: Sequence[str]) -> Iterator[str]:
    """Power at temperature 0."""
    yield from _power_titles()
    base, changed = cold("base", out), {name: cold(name, out) for name in models}
    for label, asked in (("temperature 0, top 5", list), ("temperature 0, own token", own_token)):
        before, after = asked(base), {name: asked(replays) for name, replays in changed.items()}
        still = [in_order(before, after, rotation=rotation) for rotation in ROTATIONS]
        yield from _power(label, partial(_of, still), runs)


def of_warm(out: Path, runs: int) -> Iterator[str]:
    """Power at temperature 0.7, and the daemon's own metric beside it."""
    yield from _power_titles()
    base = _sensed(warm("base", out))
    changed = {name: _sensed(warm(name, out)) for name in (*SENSED_WARM, *READ_WARM)}
    for label, score in (("temperature 0.7, top 5", shuffled), ("0.7, metric `logprob`", shuffled_means)):
        few = [score(base, changed, np.random.default_rng([SEED, run])) for run in range(min(runs, 60))]
        yield from _power(label, partial(_of, few), len(few))


def _power_titles() -> Iterator[str]:
    yield f"Log-probabilities: nominal in-control ARL {ARL:,.0f} replays, baseline {BASELINE}"
    yield f"| | probes | model | {' | '.join(f'within {look}' for look in LOOKS)} | 95 % lower limit | deployments |"
    yield "|---|---|---|---|---|---|---|---|"


def _power(label: str, draw: Callable[[int], Scores], runs: int) -> Iterator[str]:
    for size in SIZES:
        rng = np.random.default_rng([SEED, size])
        found = list[Found]()
        for run in range(runs):
            scores = draw(run)
            probes = rng.choice(scores.before.shape[1], size, replace=False)
            found.append(alarms(scores.of_probes(probes), key=f"{label}-{size}-{run}"))
        early, silent = (sum(what in each for each in found) for what in ("base", "silent"))
        names = [name for name in CHANGED if any(name in each for each in found)]
        for name in names:
            yield f"| {label} | {size} | {name} | {power_row(found, name)} |"
        yield f"| {label} | {size} | *unchanged, 10 replays* | alarms: {early} of {runs} | may not page: {silent} | | | |"


def _of(scores: Sequence[Scores], run: int) -> Scores:
    return scores[run % len(scores)]


def _sensed(replays: list[Replay]) -> list[Replay]:
    """The replays that asked for log-probabilities; an answer may have none where it ended at once."""
    return [replay for replay in replays if sum(bool(said.positions) for said in replay) > len(replay) / 2]


# -- unchanged -------------------------------------------------------------------------------------


def of_asked(out: Path, replays: int, size: int) -> Iterator[str]:
    """Count the alarms of an unchanged model that was really asked."""
    yield from _quiet_titles()
    probes = shortest(size)
    for label, server, count, life in (
        ("as shipped", LlamaServer, replays, LIFE),
        ("llama.cpp's defaults", DefaultsServer, replays // 5, LIFE // 2),
    ):
        kept = out / f"asked-{server.__name__}-{size}"
        started = partial(server, model=BASE, patience=PATIENCE)
        table = power_quiet.asked(started, probes, replays=count, life=life, kept=kept)
        yield f"| asked, {size} one-token probes, {label} | {power_quiet.folded(table, baseline=REFERENCE, key='asked')} |"


def of_drawn(out: Path, replays: int) -> Iterator[str]:
    """Count the alarms of recorded answers drawn again."""
    yield from _quiet_titles()
    base, name = _sensed(warm("base", out)), f"resampled, 200 probes, temperature {WARM}"
    drawn = power_quiet.resampled(base, replays=replays)
    yield f"| {name}, distances | {power_quiet.folded(drawn, baseline=REFERENCE, key='drawn')} |"
    drawn = power_quiet.resampled_means(base, replays=replays)
    yield f"| {name}, metric `logprob` | {power_quiet.folded(drawn, baseline=BASELINE, key='drawn')} |"


def _quiet_titles() -> Iterator[str]:
    yield (
        "| unchanged | replays | alarms | budget | P(so many or more at the budget) | first | scores not 0 | largest "
        "| may page |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"


# -- text ------------------------------------------------------------------------------------------


def of_text(out: Path, runs: int) -> Iterator[str]:
    """Compare the text streams with pooled tests."""
    pools = {name: power_text.texts(warm(name, out)) for name in ("base", *READ_WARM)}
    for size in (40, 10):
        yield from power_text.rows(pools, size=size, runs=runs)


PARTS: Final = ("cold", "warm", "asked", "drawn", "text")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab-python", type=Path, help="an interpreter with gguf and torch; needed once")
    parser.add_argument("--out", type=Path, help="where models and recordings are kept; default: a temporary folder")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--runs", type=int, default=100, help="deployments of each row")
    parser.add_argument("--models", nargs="+", choices=CHANGED, default=CHANGED, help="changed ones at temperature 0")
    parser.add_argument("--asked", type=int, default=ASKED, help="unchanged replays")
    parser.add_argument("--asked-probes", type=int, default=ASKED_PROBES, help="probes of each of them")
    chosen = parser.parse_args(argv)
    with TemporaryDirectory() as temporary:
        out = chosen.out or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        wanted = chosen.only or PARTS
        if NEED_MADE.intersection(wanted):
            made(out, chosen.lab_python)
        parts = {
            "cold": partial(of_cold, out, chosen.runs, chosen.models),
            "warm": partial(of_warm, out, chosen.runs),
            "asked": partial(of_asked, out, chosen.asked, chosen.asked_probes),
            "drawn": partial(of_drawn, out, chosen.asked),
            "text": partial(of_text, out, chosen.runs),
        }
        for part in wanted:
            started = time.process_time()
            for line in parts[part]():
                print(line, flush=True)
            print(f"{part}: {time.process_time() - started:.0f} s CPU of ours", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
