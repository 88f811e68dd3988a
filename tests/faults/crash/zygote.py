"""Has everything imported and forks a fresh life on command: a start costs milliseconds, so hundreds of kills fit into a minute.

stdin: ``go``, ``drain``, ``kill``, one a line; stdout: one line for each, when it is done.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import structlog

from driftwatch.services.patience import Patience
from tests.faults.crash.life import Place, in_utc, live, watched_bot


def main(said: str) -> None:
    told = json.loads(said)
    place = Place(**told["place"] | {"folder": Path(told["place"]["folder"]), "patience": Patience(**told["patience"])})
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    # Thresholds are looked up once, before anybody is forked.
    watched = watched_bot(place, in_utc(told["drifts_at"]))
    answer("ready")
    child = 0
    for line in sys.stdin:
        if line.strip() == "kill":
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        else:
            child = os.fork()
            if not child:
                asyncio.run(live(place, watched, deciding=line.strip() == "go"))
                os._exit(0)
            if line.strip() == "drain":
                os.waitpid(child, 0)
        answer(line.strip())


def answer(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
