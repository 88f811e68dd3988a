"""A vendor on 127.0.0.1 that drifts when you say so: see a page before your own vendor sends you one.

`python -m driftwatch.testing.rehearsal --golden-set` prints the probes that it answers, `--port 8800` is the vendor.
SIGUSR1 makes every third answer a wrong one, the next SIGUSR1 makes them right again.
"""

import argparse
import signal
import threading

from driftwatch.testing.behaviours import Behaviour, say
from driftwatch.testing.server import ChatRequest, ScriptedServer

PROBES = 40
PORT = 8800


def golden_set(probes: int = PROBES) -> str:
    """Return the golden set as YAML.

    Examples
    --------
    >>> print(golden_set(1))
    name: rehearsal
    probes:
      - {id: word-00, prompt: Say word 00., scorers: [contains: word00]}
    """
    one = "  - {{id: word-{n:02}, prompt: Say word {n:02}., scorers: [contains: word{n:02}]}}"
    return "\n".join(["name: rehearsal", "probes:", *(one.format(n=n) for n in range(probes))])


class Rehearsal:
    """Answers the golden set rightly; while `drifted`, every third probe is answered wrongly.

    Examples
    --------
    >>> Rehearsal().word("Say word 03."), Rehearsal(drifted=True).word("Say word 03.")
    ('word03', 'I would rather not say.')
    """

    def __init__(self, *, drifted: bool = False) -> None:
        self.drifted = drifted

    def __call__(self, request: ChatRequest) -> Behaviour:
        """Return what happens to one request."""
        return say(self.word(request.prompt))

    def word(self, prompt: str) -> str:
        """Return the answer to a prompt."""
        number = prompt.removeprefix("Say word ").removesuffix(".")
        wrong = self.drifted and number.isdecimal() and int(number) % 3 == 0
        return "I would rather not say." if wrong else f"word{number}"

    def turn(self) -> None:
        """Drift, or come back."""
        self.drifted = not self.drifted


def main() -> None:
    """Print the golden set, or be the vendor until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m driftwatch.testing.rehearsal", description=__doc__)
    parser.add_argument("--golden-set", action="store_true", help="print the probes and end")
    parser.add_argument("--port", type=int, default=PORT)
    options = parser.parse_args()
    if options.golden_set:
        print(golden_set())  # noqa: T201
        return
    vendor, ended = Rehearsal(), threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: vendor.turn())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with ScriptedServer(vendor, port=options.port) as server:
        print(f"answering at {server.base_url}; SIGUSR1 makes me drift", flush=True)  # noqa: T201
        ended.wait()


if __name__ == "__main__":
    main()
