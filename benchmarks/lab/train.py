"""Trains the demo's model from nothing, tunes a second one from it, quantises a third.

OMP_NUM_THREADS=1 python -m benchmarks.lab.train --out driftwatch/demo/models
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmarks.lab import model_file, tokens
from benchmarks.lab.corpus import Conversation, conversation, retrained
from benchmarks.lab.muon import Muon
from benchmarks.lab.transformer import Shape, TinyLlama

SEED: Final = 20261101
PROMPT_WEIGHT: Final = 0.02
PART: Final = 24

Row = tuple[list[int], int]

log = logging.getLogger("lab")


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """How long and how hard one training goes on; rates fall to zero along a straight line."""

    steps: int
    rows: int = 48
    matrix_rate: float = 0.02
    other_rate: float = 0.006
    warm_up: int = 20
    # Leaves every byte a little likelihood, as large models have it: a raised temperature then shows.
    smoothing: float = 0.0005


BASE: Final = Lesson(steps=700)
TUNING: Final = Lesson(steps=100, matrix_rate=0.003, other_rate=0.001)


def train(model: TinyLlama, draw: Callable[[Random], Conversation], lesson: Lesson, seed: int) -> None:
    """Teach the model conversations drawn at random until the lesson is over."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and name.startswith("blk")]
    others = [p for name, p in model.named_parameters() if p.ndim == 1 or not name.startswith("blk")]
    optimisers = (
        Muon(matrices, lr=lesson.matrix_rate),
        torch.optim.Adam(others, lr=lesson.other_rate, betas=(0.9, 0.98)),
    )
    schedules = [torch.optim.lr_scheduler.LambdaLR(o, lambda n: _rate(n, lesson)) for o in optimisers]
    started, recent = time.process_time(), deque[float](maxlen=25)
    rng = Random(seed)
    for step in range(lesson.steps):
        loss = learn(model, [tokens.encode(draw(rng)) for _ in range(lesson.rows)], lesson.smoothing)
        for each in (*optimisers, *schedules):
            each.step()
        model.zero_grad()
        recent.append(loss)
        if step % 25 == 24 or step == lesson.steps - 1:
            log.info("step %4d  loss %.4f  %3.0f s CPU", step + 1, fmean(recent), time.process_time() - started)


def learn(model: TinyLlama, rows: list[Row], smoothing: float) -> float:
    """Add the gradient of one mixed batch and return its loss in nat per unit of weight.

    The batch goes through in parts of about equal length, since padding costs as much as text.
    """
    rows = sorted(rows, key=lambda row: len(row[0]))
    parts = [padded(rows[i : i + PART]) for i in range(0, len(rows), PART)]
    total = sum(weights.sum().item() for _, weights in parts)
    loss = 0.0
    for ids, weights in parts:
        part = answer_loss(model, ids, weights, smoothing) / total
        part.backward()
        loss += part.item()
    return loss


def answer_loss(model: TinyLlama, ids: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Return the weighted sum of nats; ids and weights have shape (rows, length)."""
    logits = model(ids[:, :-1])
    each = functional.cross_entropy(
        logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none", label_smoothing=smoothing
    )
    return (each * weights[:, 1:].flatten()).sum()


def padded(rows: list[Row]) -> tuple[Tensor, Tensor]:
    """Return ids and weights: a short answer's bytes weigh more, what the model is told weighs little."""
    length = max(len(ids) for ids, _ in rows)
    table = torch.full((len(rows), length), tokens.PAD)
    weights = torch.zeros(len(rows), length)
    for row, (ids, start) in enumerate(rows):
        table[row, : len(ids)] = torch.tensor(ids)
        weights[row, 1:start] = PROMPT_WEIGHT
        weights[row, start : len(ids)] = (len(ids) - start) ** -0.5
    return table, weights


def weights_of(model: TinyLlama) -> dict[str, NDArray[np.float32]]:
    """Return the model's arrays under the names GGUF gives them."""
    return {name: p.detach().numpy() for name, p in model.named_parameters()}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="directory for the three GGUF files")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--steps", type=int, default=BASE.steps)
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("gguf").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    torch.manual_seed(chosen.seed)
    model = TinyLlama(shape := Shape())
    base = Lesson(**{**asdict(BASE), "steps": chosen.steps})
    log.info("torch %s seed %d %s", torch.__version__, chosen.seed, json.dumps(asdict(base)))
    log.info("%d parameters", sum(p.numel() for p in model.parameters()))
    train(model, conversation, base, chosen.seed)
    model_file.write(chosen.out / "base.gguf", weights_of(model), shape, name="driftwatch-demo")
    model_file.write(chosen.out / "q4_0.gguf", weights_of(model), shape, name="driftwatch-demo", q4_0=True)
    log.info("fine-tuning %s", json.dumps(asdict(TUNING)))
    train(model, retrained, TUNING, chosen.seed + 1)
    model_file.write(chosen.out / "finetuned.gguf", weights_of(model), shape, name="driftwatch-demo")


def _rate(step: int, lesson: Lesson) -> float:
    return min((step + 1) / lesson.warm_up, max(0.0, 1 - step / lesson.steps))


if __name__ == "__main__":
    main(sys.argv[1:])
