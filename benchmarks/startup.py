"""CPU seconds of `driftwatch --help`, beside what the interpreter and click alone cost: `python benchmarks/startup.py`.

Children's CPU time, the smallest and the median of 25 runs each, in turn so that a busy machine slows all alike.
"""

import resource
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 25
LIMIT_S = 0.1
SUBJECTS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import click": [sys.executable, "-c", "import click"],
    "driftwatch --help": [str(Path(sys.executable).with_name("driftwatch")), "--help"],
}


def cpu_s(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    taken: dict[str, list[float]] = {name: [] for name in SUBJECTS}
    for _ in range(RUNS):
        for name, command in SUBJECTS.items():
            taken[name].append(cpu_s(command))
    least = {name: min(times) for name, times in taken.items()}
    for name, times in taken.items():
        ratio = least[name] / least["import click"]
        print(f"{name:<18} min {least[name]:.3f} s  median {statistics.median(times):.3f} s  {ratio:.2f} x click")
    if least["driftwatch --help"] > LIMIT_S:
        sys.exit(f"driftwatch --help took {least['driftwatch --help']:.3f} s of CPU; the limit is {LIMIT_S} s")


if __name__ == "__main__":
    main()
