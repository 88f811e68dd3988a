"""How fast this machine is now: CPU seconds of a fixed loop, least of five; figures in seconds travel only beside it.

uv run python -m benchmarks.unit
"""

import time

STEPS = 300_000


def _loop() -> int:
    found: dict[int, int] = {}
    for number in range(STEPS):
        found[number % 1009] = found.get(number * number % 1013, 0) + len(str(number))
    return sum(found.values())


def unit_s() -> float:
    """Return the processor seconds of the loop."""
    taken = []
    for _ in range(5):
        began = time.thread_time()
        _loop()
        taken.append(time.thread_time() - began)
    return min(taken)


if __name__ == "__main__":
    print(f"{unit_s():.4f}")
