"""Measures one method on null streams and on rows, and keeps levels and run lengths."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.detection import learned, match, oracle, ours, told
from benchmarks.detection.peers import LOGGED, ONLY
from benchmarks.detection.practices import DEFAULTS, PRACTICES
from benchmarks.detection.scenarios import (
    BASELINE,
    NULL,
    QUIET,
    QUIET_ROWS,
    ROWS,
    SIGN,
    Scenario,
    deployments,
    null_deployments,
    null_scenario,
)

ROOT = Path(__file__).parents[2]
SLOW = 0.5  # share of the null deployments for methods that cost milliseconds a replay
OURS = "driftwatch"
OWN = "driftwatch, own threshold"
AS_USED = ", as used"
TOLD = "told the laws, not the change"
LEARNED = "told the family, learns the probes"
RIVALS = {TOLD: told.statistics, LEARNED: learned.statistics}
Streams = dict[tuple[str, str], np.ndarray]
"""(family, row) to values, (n_deployments, n_replays, n_probes); the row of a null is "null"."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run."""

    rows: tuple[Scenario, ...]
    runs: int
    nulls: int
    arl: float
    peers: str
    mirror: bool = False


@dataclass
class Store:
    """Levels and run lengths by method and row, as JSON."""

    path: Path | None
    content: dict = field(default_factory=dict)
    touched: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def load(cls, path: Path | None, arl: float) -> "Store":
        content = json.loads(path.read_text()) if path and path.exists() else {"arl": arl, "methods": {}}
        return cls(path, content)

    def put(self, method: str, row: str, lengths: list, *, level: float, false_alarms: float) -> None:
        self.touched.add((method, row))
        rows = self.content["methods"].setdefault(method, {})
        rows[row] = {"level": round(level, 6), "false_alarms": round(false_alarms, 4), "lengths": lengths}

    def save(self) -> None:
        """Write, keeping what other calls have measured since."""
        if self.path:
            kept = json.loads(self.path.read_text())["methods"] if self.path.exists() else {}
            for name, row in self.touched:
                kept.setdefault(name, {})[row] = self.content["methods"][name][row]
            self.content["methods"] = kept
            self.path.write_text(self.text())

    def text(self) -> str:
        """JSON with one line per row."""
        methods = ",\n".join(
            f" {json.dumps(name)}: {{\n"
            + ",\n".join(f"  {json.dumps(r)}: {json.dumps(v)}" for r, v in rows.items())
            + "}"
            for name, rows in sorted(self.content["methods"].items())
        )
        return f'{{"arl": {self.content["arl"]:g}, "methods": {{\n{methods}}}}}\n'


def rows(parts: list[str]) -> tuple[Scenario, ...]:
    """Rows whose names hold one of the parts; all without any."""
    return tuple(row for row in (*ROWS, *QUIET_ROWS) if not parts or any(part in row.name for part in parts))


def ordered(methods: list[str]) -> list[str]:
    """The quick ones first."""
    return sorted(
        methods, key=lambda name: (name != "oracle", name not in RIVALS, name not in PRACTICES, name in (OURS, OWN))
    )


def measure(plan: Plan, method: str, store: Store) -> None:
    """Match one method on the null streams, run it on the rows, keep both."""
    print(f"{method} ...", file=sys.stderr, flush=True)
    if method == "oracle":
        _oracle(plan, store)
    elif method in RIVALS:
        _rival(plan, method, store)
    else:
        _method(plan, method, store)
    store.save()


def _oracle(plan: Plan, store: Store) -> None:
    for row in plan.rows:
        if row in QUIET_ROWS:
            continue
        found = match.matched(oracle.statistics(row, null_deployments(row, plan.nulls)), plan.arl)
        lengths = match.run_lengths(oracle.statistics(row, deployments(row, plan.runs)), found)
        store.put("oracle", row.name, lengths, level=found.level, false_alarms=found.false_alarms)


def _rival(plan: Plan, method: str, store: Store) -> None:
    """Who is told less than the oracle: one bet for all rows of a family, so one null for them."""
    rows = [row for row in plan.rows if row not in QUIET_ROWS]
    for family in dict.fromkeys(row.family for row in rows):
        null = null_deployments(null_scenario(family), max(1, int(plan.nulls * SLOW)))
        found = match.matched(RIVALS[method](family, null), plan.arl)
        for row in (row for row in rows if row.family == family):
            lengths = match.run_lengths(RIVALS[method](family, deployments(row, plan.runs)), found)
            store.put(method, row.name, lengths, level=found.level, false_alarms=found.false_alarms)
        store.save()


def _method(plan: Plan, method: str, store: Store) -> None:
    families = [f for f in dict.fromkeys(row.family for row in plan.rows) if f in ONLY.get(method, (f,))]
    count = max(1, int(plan.nulls * (1 if method in PRACTICES else SLOW)))
    nulls = {(family, "null"): _null(family, count) for family in families}
    statistics = _statistics(plan, method, nulls, {})
    if method == OWN:
        found = {family: match.fixed(statistics[family, "null"], 1.0) for family in families}
    else:
        found = {family: match.matched(statistics[family, "null"], plan.arl) for family in families}
    if method in DEFAULTS:
        for family in families:
            usual = match.fixed(statistics[family, "null"], DEFAULTS[method])
            lengths = match.run_lengths(statistics[family, "null"], usual)
            store.put(f"{method}{AS_USED}", family, lengths, level=usual.level, false_alarms=usual.false_alarms)
    streams = {(row.family, row.name): _row(row, plan.runs) for row in plan.rows if row.family in families}
    levels = {family: m.level for family, m in found.items()}
    statistics |= _statistics(plan, method, streams, levels)
    for family, name in streams:
        m = found[family]
        lengths = match.run_lengths(statistics[family, name], m)
        store.put(method, name, lengths, level=m.level, false_alarms=m.false_alarms)


def _statistics(plan: Plan, method: str, streams: Streams, levels: dict[str, float]) -> Streams:
    if method in (OURS, OWN):
        arl = plan.arl * (ours.ROOM if method == OURS else 1)
        return {
            (f, row): ours.statistics(f, v, arl, row, levels.get(f, 1.0), own=method == OWN, mirror=plan.mirror)
            for (f, row), v in streams.items()
        }
    forms = {key: np.log(np.maximum(v, 0.5)) if key[0] in LOGGED else v for key, v in streams.items()}
    if method in PRACTICES:
        return {key: PRACTICES[method](form.astype(float), SIGN[key[0]]) for key, form in forms.items()}
    return _peer(plan, method, forms, levels)


def _peer(plan: Plan, method: str, streams: Streams, levels: dict[str, float]) -> Streams:
    """The same by the python of the peers' venv."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "streams.npz", Path(folder) / "statistics.npz"
        np.savez(source, **{f"{family}/{row}": values for (family, row), values in streams.items()})
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [plan.peers, "-m", "benchmarks.detection.peers", str(source), json.dumps({method: levels}), str(out)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        with np.load(out) as found:
            return {tuple(key.split("/", 2)[1:]): found[key] for key in found.files}


@lru_cache
def _null(family: str, count: int) -> np.ndarray:
    return np.stack([values for _, values in null_deployments(null_scenario(family), count)])


@lru_cache
def _row(row: Scenario, count: int) -> np.ndarray:
    """Values of a row; of a quiet row over the 500 replays in which false alarms are counted."""
    long = replace(row, horizon=NULL - QUIET) if row in QUIET_ROWS else row
    streams = np.stack([values for _, values in deployments(long, count)])
    assert streams.shape[1] == BASELINE + QUIET + long.horizon
    return streams
