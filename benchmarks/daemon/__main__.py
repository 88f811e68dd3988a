"""What a replay costs from the shell, and what a daemon keeps in memory at rest: real processes, a loopback server.

uv run python -m benchmarks.daemon [--probes 200] [--rounds 9]
"""

import argparse
import contextlib
import json
import os
import re
import resource
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
    file.write_text(CONFIGURATION.format(here=here, store=store, url=url, every=every))
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daemon", description=__doc__)
    parser.add_argument("--probes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--replays", type=int, default=3, help="of the daemon, before its memory is read")
    options = parser.parse_args()
    with vendor() as url, tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        file = write(here, url, options.probes, store="replay.db", every="1h")
        first, runs = replay(file), [replay(file) for _ in range(options.rounds)]
        daemon = at_rest(write(here, url, options.probes, store="run.db", every="10s"), options.replays, idle_s=5)
    walls, cpus = [run.wall_s for run in runs], [run.cpu_s for run in runs]
    print(f"load of the machine                      {os.getloadavg()[0]:>8.2f}")
    print(f"first, makes bytecode and store: wall s  {first.wall_s:>8.2f}")
    print(f"replay: wall s, median (<= 1.2)          {statistics.median(walls):>8.2f}")
    print(f"replay: wall s, least                    {min(walls):>8.2f}")
    print(f"replay: wall s, most                     {max(walls):>8.2f}")
    print(f"replay: CPU s, median                    {statistics.median(cpus):>8.2f}")
    print(f"daemon at rest: resident MB (<= 130)     {daemon['VmRSS']:>8.1f}")
    print(f"daemon: most that was resident, MB       {daemon['VmHWM']:>8.1f}")


if __name__ == "__main__":
    main()
