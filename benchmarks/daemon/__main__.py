"""What a replay costs from the shell, and what a daemon keeps in memory at rest: real processes, a loopback server.

In turns with a process that only imports the libraries that were decided: the ratio travels from machine to machine,
seconds do so only beside the unit (`benchmarks/unit.py`).

uv run python -m benchmarks.daemon [--probes 200] [--rounds 9]
uv run python -m benchmarks.daemon --growth 100000 --probes 100
"""

import argparse
import contextlib
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.unit import unit_s

DRIFTWATCH = str(Path(sys.executable).with_name("driftwatch"))
LIBRARIES = "import sqlmodel, numpy, aiohttp, apscheduler.schedulers.asyncio, yaml, pydantic, structlog, click"
CONFIGURATION = """\
store: sqlite:///{here}/{store}
endpoints:
  - name: bench
    model: openai/bench
    base_url: {url}
    api_key: none
    driver: direct
    params: {{temperature: 0}}
    price: {{input_usd: 2, output_usd: 8}}
    probes: [probes.yaml]
    concurrency: 16
    schedule: {{every: {every}}}
false_alarms: {{pages: 1 per endpoint-{per}, notices: 4 per endpoint-{per}}}
http: {{bind: "127.0.0.1:0"}}
"""
PROBE = """\
  - id: p{n}
    prompt: "Question {n}?"
    scorers: [contains: ok, word-count: 1, regex: "^o", finish-reason: stop]
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Wall and processor seconds of one process."""

    wall_s: float
    cpu_s: float


@contextlib.contextmanager
def vendor() -> Iterator[str]:
    """Serve from another process, without delay."""
    command = [sys.executable, "-m", "driftwatch.testing.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def write(here: Path, url: str, probes: int, *, store: str, every: str) -> Path:
    """Write a configuration with a golden set of so many probes, four scorers each."""
    (here / "probes.yaml").write_text("name: bench\nprobes:\n" + "".join(PROBE.format(n=n) for n in range(probes)))
    file = here / f"{store}.yaml"
    file.write_text(
        CONFIGURATION.format(here=here, store=store, url=url, every=every, per="day" if every == "1s" else "year")
    )
    return file


def surroundings(here: Path) -> dict[str, str]:
    """Let the first run leave its bytecode, as an installation does, wherever this machine forbids it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(here / "bytecode")}


def _timed(command: list[str], here: Path) -> tuple[Run, "subprocess.CompletedProcess[str]"]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings(here))
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(wall_s=wall, cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done


def replay(file: Path) -> Run:
    """Run `driftwatch replay bench --json` once."""
    run, done = _timed([DRIFTWATCH, "--config", str(file), "replay", "bench", "--json"], file.parent)
    if done.returncode != 0 or json.loads(done.stdout)["outcome"] != "replayed":
        raise SystemExit(f"the replay ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return run


def libraries(here: Path) -> Run:
    """Import the libraries that were decided, and nothing of ours: the peer."""
    run, done = _timed([sys.executable, "-c", LIBRARIES], here)
    if done.returncode != 0:
        raise SystemExit(done.stderr[-500:])
    return run


def memory(pid: int) -> dict[str, float]:
    """Return resident and peak memory, in MB of 1024 x 1024 bytes."""
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
    return {name: int(kilobytes) / 1024 for name, kilobytes in found.items()}


def at_rest(file: Path, replays: int, idle_s: float) -> dict[str, float]:
    """Start `driftwatch run`, let it replay, and read its memory once it has been idle."""
    command = [DRIFTWATCH, "--config", str(file), "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=surroundings(file.parent)) as process:
        assert process.stderr is not None
        done = 0
        for line in process.stderr:
            done += "replay finished" in line
            if done == replays:
                break
        else:
            raise SystemExit(f"the daemon ended after {done} replays")
        time.sleep(idle_s)
        found = memory(process.pid)
        process.terminate()
        process.communicate()
    return found


def ready(file: Path, number: int) -> Run:
    """Return wall and processor seconds from exec to READY, as systemd hears it."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        # In the abstract namespace: a path has 107 bytes at most.
        name = f"driftwatch-benchmark-{os.getpid()}-{number}"
        systemd.bind(f"\0{name}")
        command = [DRIFTWATCH, "--config", str(file), "run"]
        began = time.perf_counter()
        options = {"stderr": subprocess.DEVNULL, "env": surroundings(file.parent) | {"NOTIFY_SOCKET": f"@{name}"}}
        with subprocess.Popen(command, **options) as process:
            while b"READY=1" not in systemd.recv(4096):
                pass
            wall = time.perf_counter() - began
            ticks = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            process.terminate()
    return Run(wall_s=wall, cpu_s=sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))


def growth(file: Path, per_replay: int, probes: int, settled: int) -> tuple[list[int], list[float]]:
    """Let the daemon replay until so many probes were asked after it settled; return how many, and its memory then."""
    asked, resident = [], []
    command = [DRIFTWATCH, "--config", str(file), "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=surroundings(file.parent)) as process:
        assert process.stderr is not None
        done = 0
        for line in process.stderr:
            done += "replay finished" in line
            if "replay finished" in line and done >= settled:
                asked.append((done - settled) * per_replay)
                resident.append(memory(process.pid)["VmRSS"])
                if done % 10 == 0:
                    print(f"{asked[-1]:>8} probes  {resident[-1]:>7.1f} MB", flush=True)
                if asked[-1] >= probes:
                    break
        process.terminate()
        process.communicate()
    return asked, resident


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daemon", description=__doc__)
    parser.add_argument("--probes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--replays", type=int, default=3, help="of the daemon, before its memory is read")
    parser.add_argument("--growth", type=int, default=0, help="probes over which the daemon's memory is watched")
    options = parser.parse_args()
    if options.growth:
        watch_growth(options.growth, options.probes)
        return
    with vendor() as url, tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        file = write(here, url, options.probes, store="replay.db", every="1h")
        starting = write(here, url, options.probes, store="ready.db", every="1h")
        first, _ = replay(file), (libraries(here), ready(starting, 0))
        peers, replays, starts, units = [], [], [], []
        for number in range(1, options.rounds + 1):
            peers.append(libraries(here))
            replays.append(replay(file))
            starts.append(ready(starting, number))
            units.append(unit_s())
        daemon = at_rest(write(here, url, options.probes, store="run.db", every="10s"), options.replays, idle_s=5)
    print(f"load of the machine                      {os.getloadavg()[0]:>8.2f}")
    print(f"unit of the machine: CPU ms, median      {statistics.median(units) * 1000:>8.1f}")
    print(f"first, makes bytecode and store: wall s  {first.wall_s:>8.2f}")
    _print("the libraries alone", "", peers)
    _print("replay", " (<= 1.2)", replays, peers)
    _print("READY", " (< 1.0)", starts, peers)
    print(f"daemon at rest: resident MB (<= 130)     {daemon['VmRSS']:>8.1f}")
    print(f"daemon: most that was resident, MB       {daemon['VmHWM']:>8.1f}")


def _print(what: str, limit: str, runs: list[Run], peers: list[Run] | None = None) -> None:
    walls, cpus = [run.wall_s for run in runs], [run.cpu_s for run in runs]
    print(f"{f'{what}: wall s, median{limit}':<40} {statistics.median(walls):>8.2f}")
    print(f"{f'{what}: wall s, least':<40} {min(walls):>8.2f}")
    print(f"{f'{what}: CPU s, median':<40} {statistics.median(cpus):>8.2f}")
    print(f"{f'{what}: CPU s, least':<40} {min(cpus):>8.2f}")
    if peers is not None:
        ratio = statistics.median(run.wall_s / peer.wall_s for run, peer in zip(runs, peers, strict=True))
        print(f"{f'{what}: wall to the libraries, median':<40} {ratio:>8.2f}")
        ratio = min(cpus) / min(peer.cpu_s for peer in peers)
        print(f"{f'{what}: least CPU to the libraries':<40} {ratio:>8.2f}")


def watch_growth(probes: int, per_replay: int) -> None:
    """Print what the daemon's memory grows by over so many probes, once its baseline is learnt."""
    # The latency streams keep 200 values a probe (`reference_cap`): until then their state grows, as it must. A reference
    # that is full is remembered with the situations met (`stats/recall.py`, 16,384 rows at most): some 60 replays more.
    settled = 280
    with vendor() as url, tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder), url, per_replay, store="growth.db", every="1s")
        asked, resident = growth(file, per_replay, probes, settled)
    tenth = max(len(resident) // 10, 1)
    first, last = statistics.median(resident[:tenth]), statistics.median(resident[-tenth:])
    print(f"load of the machine                      {os.getloadavg()[0]:>8.2f}")
    print(f"probes, {settled} replays before not counted    {asked[-1]:>8}")
    print(f"resident MB, median of the first tenth   {first:>8.1f}")
    print(f"resident MB, median of the last tenth    {last:>8.1f}")
    print(f"growth, MB (<= 2)                        {last - first:>8.1f}")


if __name__ == "__main__":
    main()
