"""What a replay costs from the shell, and what a daemon keeps in memory at rest: real processes, a loopback server.

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

DRIFTWATCH = str(Path(sys.executable).with_name("driftwatch"))
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
    """Wall and processor seconds of one `driftwatch replay`."""

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


def replay(file: Path) -> Run:
    """Run `driftwatch replay bench --json` once."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [DRIFTWATCH, "--config", str(file), "replay", "bench", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings(file.parent))
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0 or json.loads(done.stdout)["outcome"] != "replayed":
        raise SystemExit(f"the replay ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return Run(wall_s=wall, cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


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


def readiness(file: Path, rounds: int) -> list[tuple[float, float]]:
    """Return wall and processor seconds from exec to READY, as systemd hears it, of so many starts."""
    found = []
    for number in range(rounds):
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
                found.append((wall, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")))
                process.terminate()
    return found


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
        first, runs = replay(file), [replay(file) for _ in range(options.rounds)]
        starts = readiness(write(here, url, options.probes, store="ready.db", every="1h"), options.rounds)
        daemon = at_rest(write(here, url, options.probes, store="run.db", every="10s"), options.replays, idle_s=5)
    walls, cpus = [run.wall_s for run in runs], [run.cpu_s for run in runs]
    print(f"load of the machine                      {os.getloadavg()[0]:>8.2f}")
    print(f"first, makes bytecode and store: wall s  {first.wall_s:>8.2f}")
    print(f"replay: wall s, median (<= 1.2)          {statistics.median(walls):>8.2f}")
    print(f"replay: wall s, least                    {min(walls):>8.2f}")
    print(f"replay: wall s, most                     {max(walls):>8.2f}")
    print(f"replay: CPU s, median                    {statistics.median(cpus):>8.2f}")
    print(f"READY: wall s, median (< 1.0)            {statistics.median(wall for wall, _ in starts):>8.2f}")
    print(f"READY: wall s, least                     {min(wall for wall, _ in starts):>8.2f}")
    print(f"READY: CPU s, least                      {min(cpu for _, cpu in starts):>8.2f}")
    print(f"daemon at rest: resident MB (<= 130)     {daemon['VmRSS']:>8.1f}")
    print(f"daemon: most that was resident, MB       {daemon['VmHWM']:>8.1f}")


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
