"""What a replay freed is not kept: a daemon's memory is what it needs, not the most it ever needed."""

import subprocess
import sys

import pytest

# Every hundredth block stays, so that the heap between them can only go back page by page.
STORY = """
from driftwatch.adapters.heap import give_back

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

blocks = [bytes(2000) for _ in range(50_000)]
kept = blocks[::100]
most = resident_mb()
del blocks
freed = resident_mb()
give_back()
print(most, freed, resident_mb())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone can give it back")
def test_memory_between_blocks_that_stay_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, check=True)
    most, freed, left = map(float, done.stdout.split())
    assert freed > most - 30, "glibc kept it, else there is nothing to show"
    assert left < most - 60, "95 MB were freed"
