"""Probes for `benchmarks.lab.power`: other tasks of the corpus than the golden set's."""

from __future__ import annotations

from random import Random
from typing import Final

from benchmarks.lab.asking import golden_set
from benchmarks.lab.corpus import conversation

SEED: Final = 20261125

Messages = tuple[tuple[str, str], ...]
"""Role and content of each turn."""


def probes(count: int) -> list[Messages]:
    """Return different conversations without their last answer, none of them in the golden set."""
    taken = {tuple((m.role, m.content) for m in probe.messages) for probe in golden_set()}
    rng, found = Random(SEED), list[Messages]()
    while len(found) < count:
        drawn = conversation(rng)
        turns = tuple((("user", "assistant")[i % 2], text) for i, text in enumerate(drawn.turns[:-1]))
        messages: Messages = ((("system", drawn.system),) if drawn.system else ()) + turns
        if messages not in taken:
            taken.add(messages)
            found.append(messages)
    return found


def shortest(count: int) -> list[Messages]:
    """Return the probes with the fewest characters of 400: one-token replays that cost little."""
    return sorted(probes(400), key=lambda messages: (sum(len(text) for _, text in messages), messages))[:count]
