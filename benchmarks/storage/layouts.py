"""The layouts of evidence that were weighed: bytes a replay, and time to read a metric of a replay back.

uv run python -m benchmarks.storage.layouts
"""

import json
import random
import time
import zlib

from benchmarks.storage.year import METRICS, history
from driftwatch.adapters.store import packing
from driftwatch.scorers.verdict import Unscored


def main(replays: int = 100, probes: int = 60) -> None:
    rng = random.Random(1)
    bodies = {"json object": [], "json array": [], "packed array": []}
    for _, scores in history(replays, probes):
        # Clocks give all digits.
        values = {
            (s.metric, s.probe_key): s.value + rng.random() / 1e6
            if s.metric == "latency" and not isinstance(s.value, Unscored)
            else s.value
            for s in scores
        }
        cells = sorted({(s.probe_key, s.sample) for s in scores})
        places = {cell: n for n, cell in enumerate(cells)}
        keys = packing.single_sample_keys(cells)
        for metric in METRICS:
            mine = {(key, 0): values[metric, key] for key, _ in cells}
            numbers = {key: [v] for (key, _), v in mine.items() if not isinstance(v, Unscored)}
            listed = [None if isinstance(v, Unscored) else v for v in mine.values()]
            bodies["json object"].append(zlib.compress(json.dumps(numbers).encode()))
            bodies["json array"].append(zlib.compress(json.dumps(listed).encode()))
            bodies["packed array"].append(packing.pack(mine, places))

    def read_object(body):
        return {key: tuple(v) for key, v in json.loads(zlib.decompress(body)).items()}

    def read_array(body):
        return {k: (v,) for k, v in zip(keys, json.loads(zlib.decompress(body)), strict=True) if v is not None}

    readers = {
        "json object": read_object,
        "json array": read_array,
        "packed array": lambda body: packing.values(body, cells, keys),
    }
    for name, stored in bodies.items():
        best = float("inf")
        for _ in range(5):
            begin = time.perf_counter()
            for body in stored:
                readers[name](body)
            best = min(best, time.perf_counter() - begin)
        print(
            f"{name}: {sum(map(len, stored)) / replays:,.0f} bytes a replay, {best / len(stored) * 1e6:.1f} us a metric"
        )


if __name__ == "__main__":
    main()
