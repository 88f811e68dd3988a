"""The process that scores: one order at a time, until its parent is gone. Started by `process.ScorerProcess`."""

import faulthandler
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.functions import FunctionError, load_function
from driftwatch.adapters.scoring.embedding import load_embedder
from driftwatch.adapters.scoring.orders import callee_in, decoded, encoded, score_out
from driftwatch.scorers import build, score
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.seen import Seen
from driftwatch.scorers.similar import EMBEDDER
from driftwatch.scorers.verdict import Scorer, Unscored


def main(read_fd: int, write_fd: int) -> None:
    """Answer orders from one pipe on the other."""
    orders, answers = Connection(read_fd, writable=False), Connection(write_fd, readable=False)
    # A function that prints must not be read as one that answers; what it prints goes where logs go.
    os.dup2(2, 1)
    built: dict[str, Scorer | str] = {}
    answers.send_bytes(encoded({"ready": True}))
    while True:
        try:
            message = decoded(orders.recv_bytes())
        except EOFError:
            return
        # Should the parent be killed meanwhile, nobody else would end an endless scorer: this thread needs no GIL.
        faulthandler.dump_traceback_later(message["limit_s"] + 5, exit=True, file=sys.stderr)
        answers.send_bytes(encoded(_answered(message, built)))
        faulthandler.cancel_dump_traceback_later()


def _answered(message: dict[str, Any], built: dict[str, Scorer | str]) -> dict[str, Any]:
    key = message["key"]
    if "order" in message:
        sys.path[:] = message["path"]
        built[key] = _built(message["order"])
        return {"built": True}
    scorer = built[key]
    if isinstance(scorer, str):
        return score_out(Unscored(scorer))
    return score_out(score(scorer, Seen(**message["answer"])))


def _built(order: dict[str, Any]) -> Scorer | str:
    """Return the scorer, or why there is none."""
    try:
        return build(order["name"], _argument(order), negate=order["negate"], extract=order["extract"])
    except (FunctionError, ScorerArgumentError, ValueError) as error:
        return f"the scorer cannot be built: {error}"[:300]


def _argument(order: dict[str, Any]) -> Any:
    if "function" in order:
        return callee_in(order, _load)
    if "embedder" in order:
        return {**order["argument"], EMBEDDER: load_embedder(order["embedder"], order["folder"])}
    return order["argument"]


def _load(named: str, folder: str) -> Any:
    return load_function(named, Path(folder), {})
