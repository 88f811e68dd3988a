"""What the tiny model answered when it was recorded: for platforms without a llama.cpp wheel."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from driftwatch.demo.drifts import Drift
from driftwatch.testing.behaviours import Behaviour, say
from driftwatch.testing.server import ChatRequest, ScriptedServer

RECORDING = "recorded.json"


class RecordedServer(ScriptedServer):
    """Answers the demo's golden set as the drift's model did; several recordings of a question take turns.

    Parameters
    ----------
    drift : Drift
        Which recording; `benchmarks/lab/record.py` made them.
    """

    def __init__(self, drift: Drift) -> None:
        super().__init__(self._play)
        self._answers = recording()[drift.name]
        self._turns = Counter[str]()

    def _play(self, request: ChatRequest) -> Behaviour:
        key = question_key(request.body.get("messages", ()))
        told = self._answers.get(key, [["I do not know that question.", -0.1]])
        text, logprob = told[self._turns[key] % len(told)]
        self._turns[key] += 1
        return say(text, logprob=logprob, model="support-bot")


@cache
def recording() -> dict[str, dict[str, list[list[Any]]]]:
    """Return drift name -> question key -> recorded (text, mean log-probability of its tokens in nat)."""
    loaded: dict[str, dict[str, list[list[Any]]]] = json.loads(
        files("driftwatch.demo").joinpath(RECORDING).read_text(encoding="utf-8")
    )
    return loaded


def question_key(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return a short name for a conversation, system prompts of the vendor's left out."""
    turns = [[m["role"], m["content"]] for m in messages]
    return sha256(json.dumps(turns, ensure_ascii=True).encode()).hexdigest()[:16]
