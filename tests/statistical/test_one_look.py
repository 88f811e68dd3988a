"""How often one look cries wolf where nothing changed; seeds are fixed, tolerances are four standard errors."""

import math

import numpy as np
import pytest

from driftwatch.stats.exchangeable import compare
from driftwatch.stats.one_look import one_look, spread_of

PROBES, BASELINE = 40, 24


def history(rng: np.random.Generator, kind: str, factor: float):
    """Answers of an unchanged model, one replay after the other; `factor` moves all probes of a replay at once."""
    if kind == "binary":
        level = np.where(np.arange(PROBES) % 3, rng.beta(8, 2, PROBES), 1.0)

        def replay(mood: float, stuck: np.ndarray | None = None):
            draws = rng.random(PROBES) if stuck is None else stuck
            return (draws < np.clip(level + factor * 0.1 * mood * (level < 1), 0, 1)).astype(float)
    else:
        level = rng.lognormal(5, 1, PROBES)

        def replay(mood: float, stuck: np.ndarray | None = None):
            noise = rng.normal(size=PROBES) if stuck is None else stuck
            return level * np.exp(0.2 * noise + factor * 0.05 * mood)

    return replay


def false_alarms(kind: str, *, replays: int, factor: float, stuck: bool, looks: int, alpha: float) -> int:
    rng = np.random.default_rng(20261128)
    names, wrong = [f"p{at}" for at in range(PROBES)], 0
    for _ in range(looks):
        replay = history(rng, kind, factor)
        held = np.stack([replay(rng.normal()) for _ in range(BASELINE)], axis=1)
        seen = (compare(held[:, :at], held[:, [at]], kind, rng.random()).z for at in range(1, BASELINE))
        mood = rng.normal()
        said = (rng.random(PROBES) if kind == "binary" else rng.normal(size=PROBES)) if stuck else None
        new = np.stack([replay(mood, said) for _ in range(replays)], axis=1)[:, :, None]
        spread = spread_of(np.array([z for z in seen if z is not None]), held, new, kind)
        wrong += one_look(names, held, new, kind, spread).p <= alpha
    return wrong


pytestmark = pytest.mark.statistical


@pytest.mark.parametrize("kind", ["binary", "continuous"])
@pytest.mark.parametrize(
    ("replays", "factor", "stuck"),
    [(1, 0.0, False), (3, 0.0, False), (3, 0.0, True), (1, 1.0, False), (3, 1.0, False)],
    ids=["one", "three", "three that say the same", "one with a mood", "three with a mood"],
)
def test_a_look_at_an_unchanged_model_cries_wolf_no_more_often_than_is_said(kind, replays, factor, stuck) -> None:
    looks, alpha = 200, 0.05
    allowed = looks * alpha + 4 * math.sqrt(looks * alpha * (1 - alpha))
    wrong = false_alarms(kind, replays=replays, factor=factor, stuck=stuck, looks=looks, alpha=alpha)
    assert wrong <= allowed, f"{wrong} of {looks}"
