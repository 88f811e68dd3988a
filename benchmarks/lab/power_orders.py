"""What `benchmarks.lab.power` records, and of which models."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.lab.power_probes import probes
from benchmarks.lab.power_record import Order, Replay, record
from driftwatch.demo.llama import BASE, FINETUNED, QUANTISED

COLD_PROBES: Final = 400
WARM_PROBES: Final = 200
WARM: Final = 0.7

CHANGED: Final = ("q8_0", "q5_0", "q4_0", "adam_1e-4", "adam_1e-6", "sgd_1e-4", "finetuned")
SENSED_WARM: Final = ("q8_0", "q5_0", "adam_1e-4")
READ_WARM: Final = ("finetuned", "q4_0")


def weights(name: str, made: Path) -> Path:
    """Return the shipped file of a model, or the one made in `made`."""
    return {"base": BASE, "finetuned": FINETUNED, "q4_0": QUANTISED}.get(name, made / f"{name}.gguf")


def cold(name: str, made: Path) -> list[Replay]:
    """Temperature 0: six servers' lives of the base, two of a changed model."""
    lives, replays = (6, 8) if name == "base" else (2, 3)
    order = Order(
        name=f"{name}, temperature 0",
        model=weights(name, made),
        temperature=0.0,
        lives=lives,
        replays=replays,
        logprobs=replays,
    )
    return record(order, probes(COLD_PROBES), made / f"cold-{name}.pickle")


def warm(name: str, made: Path) -> list[Replay]:
    """Temperature 0.7: many texts, and log-probabilities with the first replays of each life."""
    lives, replays, logprobs = {"base": (5, 30, 9), "finetuned": (2, 30, 3), "q4_0": (2, 30, 3)}.get(name, (2, 3, 3))
    order = Order(
        name=f"{name}, temperature {WARM}",
        model=weights(name, made),
        temperature=WARM,
        lives=lives,
        replays=replays,
        logprobs=logprobs,
    )
    return record(order, probes(WARM_PROBES), made / f"warm-{name}.pickle")
